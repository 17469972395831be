"""The proof that settings were trained from the same random streams."""

from __future__ import annotations

from paribus.report import words
from paribus.report.blocks import Block, Cell, Paragraph, Section, Table
from paribus.report.pairing import Pairing
from paribus.report.summary import SettingResult, Summary

#: More names than this, and the rest are counted.
MOST_NAMES = 8


def proof(summary: Summary) -> Section:
    """What each variation shares with the baseline, by the hashes in the records."""
    if not summary.pairings:
        text = "There is one setting, so nothing is paired."
        return Section("pairing", "Proof of pairing", [Paragraph(text)])
    baseline = summary.baseline.name
    blocks: list[Block] = [
        Paragraph(
            "Every run hashes (SHA-256) what it draws from each of its random streams. Two runs "
            "with equal hashes drew the very same numbers, so that the seed's luck is the same "
            "for both and falls out of their difference."
        ),
        Table(
            f"In how many seeds a variation's hashes equal those of {baseline}",
            ("Variation", "Order of images", "Augmentation", "Dropout", "Initial values"),
            tuple((pairing.setting, _cells(pairing)) for pairing in summary.pairings),
        ),
        Paragraph("Streams that neither setting makes use of are equal too.", quiet=True),
        *(
            Paragraph(_difference(pairing, result, baseline))
            for pairing, result in zip(summary.pairings, summary.variations, strict=True)
            if pairing.seeds
        ),
    ]
    return Section("pairing", "Proof of pairing", blocks)


def _cells(pairing: Pairing) -> tuple[Cell, ...]:
    if not pairing.seeds:
        return (Cell("no seed finished in both"), *(Cell(words.NONE) for _ in range(3)))
    equal = (pairing.order, pairing.augmentation, pairing.dropout, pairing.initial_values)
    return tuple(Cell(f"{number} of {pairing.seeds}") for number in equal)


def _difference(pairing: Pairing, result: SettingResult, baseline: str) -> str:
    """What a variation changes, and which parameters the two networks started with."""
    changes = words.listed([words.name(path) for path in result.setting.changes]) or "nothing"
    shared = words.count(len(pairing.shared), "parameter tensor")
    text = (
        f"{pairing.setting} changes {changes} and nothing else. It shares {shared} with {baseline}"
    )
    if pairing.unequal:
        text += f"; in some seed other initial values have {_names(pairing.unequal)}."
    elif pairing.shared:
        text += f", which start equal in {pairing.initial_values} of {pairing.seeds} seeds."
    else:
        text += "."
    if pairing.only_here:
        text += f" Only {pairing.setting} has {_names(pairing.only_here)}."
    if pairing.only_baseline:
        text += f" Only {baseline} has {_names(pairing.only_baseline)}."
    return text


def _names(names: tuple[str, ...]) -> str:
    left = len(names) - MOST_NAMES
    shown = [words.name(name) for name in names[:MOST_NAMES]]
    return words.listed([*shown, f"{left} more"] if left > 0 else shown)
