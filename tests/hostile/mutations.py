"""Damage as disks and strangers do it: flipped bits, cuts, zeros, swaps, bytes put in."""

from __future__ import annotations

import random

from hypothesis import strategies as st

KINDS = ("flip", "cut", "zeros", "swap", "insert", "noise", "head", "repeat")


def mutate(content: bytes, draw: random.Random) -> bytes:
    """The content damaged in one to three ways, never as it was."""
    while True:
        damaged = content
        for _ in range(draw.choice((1, 1, 1, 2, 3))):
            damaged = _once(damaged or b"\0", draw.choice(KINDS), draw)
        if damaged != content:
            return damaged


def _once(content: bytes, kind: str, draw: random.Random) -> bytes:
    start = draw.randrange(len(content))
    end = min(len(content), start + 1 + draw.randrange(draw.choice((4, 64, 4096))))
    part, before, after = content[start:end], content[:start], content[end:]
    match kind:
        case "flip":
            return before + bytes([part[0] ^ 1 << draw.randrange(8)]) + content[start + 1 :]
        case "cut":
            return before + after if draw.random() < 0.5 else before
        case "zeros":
            return before + bytes(len(part)) + after
        case "swap":
            return before + part[::-1] + after
        case "insert":
            return before + draw.randbytes(draw.randrange(1, 9)) + content[start:]
        case "noise":
            return before + draw.randbytes(len(part)) + after
        case "head":
            # Where headers are, a flipped byte does most.
            place = draw.randrange(min(64, len(content)))
            return content[:place] + draw.randbytes(1) + content[place + 1 :]
    return before + part * 2 + after


def mutated(content: bytes) -> st.SearchStrategy[bytes]:
    """Some damaged content; hypothesis knows it by its seed."""
    return st.integers(0, 2**32 - 1).map(lambda seed: mutate(content, random.Random(seed)))
