"""The training loop alone, on one core, against the least that trains the same network."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch

import paribus_loop
from measure import Measured, interleave, ratio, spread
from page import at_least, table
from paribus.data.dataset import Dataset
from peers import bare
from pictures import tensors

TARGET = 0.95
HEAD = ("loop", "images a second", "Paribus's rate to it", "target", "what it does")
OURS, BARE, FUSED = "Paribus", "bare PyTorch", "bare PyTorch, fused Adam"
TEXTS = {
    OURS: "`paribus.training.loop.train`: gathers and normalises shuffled batches from bytes, "
    "records every loss, hashes what was drawn, keeps the best network",
    BARE: "normalised floats in memory, in a fixed order; PyTorch's default Adam",
    FUSED: "the same with `Adam(fused=True)`, which Paribus uses",
}


def section(data: Path, dataset: Dataset, rounds: int) -> str:
    """Measure and describe, with and without batch normalisation."""
    torch.set_num_threads(1)
    rows = []
    for batch_norm, kind in ((False, ""), (True, ", batch norm")):
        contenders = _contenders(data, dataset, batch_norm=batch_norm)
        interleave(contenders, 1)  # warms up
        rows += _rows(interleave(contenders, rounds), kind)
    return (
        f"### One core: the loop itself\n\n{rounds} rounds of one epoch each "
        f"({len(dataset.splits.training):,} pictures), one thread: medians, and ratios within a "
        f"round with their range.\n\n{table(HEAD, rows)}"
    )


def _contenders(data: Path, dataset: Dataset, *, batch_norm: bool) -> dict[str, partial[float]]:
    images, labels = tensors(data, "train")
    bare_rate = partial(bare.epoch_rate, images, labels, batch_norm=batch_norm)
    return {
        OURS: partial(paribus_loop.epoch_rate, data / "pictures", dataset, batch_norm=batch_norm),
        BARE: partial(bare_rate, fused=False),
        FUSED: partial(bare_rate, fused=True),
    }


def _rows(measured: Measured, kind: str) -> list[tuple[str, ...]]:
    rows = []
    for name, text in TEXTS.items():
        times = ratio(measured, OURS, name)
        compared = ("", "") if name == OURS else (str(times), at_least(times.median, TARGET))
        rows.append((name + kind, f"{spread(measured[name]).median:,.0f}", *compared, text))
    return rows
