"""The training loop alone, on one core, against a minimal loop for the same network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

import paribus_loop
from images import tensors
from measure import Measured, interleave, ratio, spread
from page import at_least, table
from paribus.data.dataset import Dataset
from paribus.engine.library import NoLibrary
from paribus.records.types import EngineFacts
from peers import bare, network

TARGET = 0.95
HEAD = (
    "loop",
    "images/s",
    "Paribus (torch) / loop",
    "target",
    "Paribus (native) / loop",
    "what it does",
)
OURS, NATIVE = "Paribus, engine torch", "Paribus, engine native"
BARE, FUSED = "bare PyTorch", "bare PyTorch, fused Adam"
TEXTS = {
    OURS: "`paribus.training.loop.train`: gathers and normalizes shuffled batches from bytes, "
    "records every loss, hashes what was drawn, keeps the best network",
    NATIVE: "the same, with training steps by Paribus's own engine",
    BARE: "normalized floats in memory, in a fixed order; PyTorch's default Adam",
    FUSED: "the same with `Adam(fused=True)`, which Paribus uses",
}


def section(data: Path, dataset: Dataset, rounds: int) -> str:
    """Measure and describe, with and without batch normalization."""
    torch.set_num_threads(1)
    rows = []
    for batch_norm, kind in ((False, ""), (True, ", batch norm")):
        contenders = _contenders(data, dataset, batch_norm=batch_norm)
        interleave(contenders, 1)  # warms up
        rows += _rows(interleave(contenders, rounds), kind)
    return (
        f"### One core: the loop itself\n\n{rounds} rounds of one epoch each "
        f"({len(dataset.splits.training):,} images), one thread. Rates are medians; ratios are "
        f"medians of those within a round, with their range.\n\n{table(HEAD, rows)}"
    )


def _contenders(
    data: Path, dataset: Dataset, *, batch_norm: bool
) -> dict[str, Callable[[], float]]:
    images, labels = tensors(data, "train")

    def ours(engine: EngineFacts | None) -> Callable[[], float]:
        return lambda: paribus_loop.epoch_rate(network(batch_norm=batch_norm), dataset, engine)

    def bares(*, fused: bool) -> Callable[[], float]:
        return lambda: bare.epoch_rate(network(batch_norm=batch_norm), images, labels, fused=fused)

    try:
        native = {NATIVE: ours(paribus_loop.native())}
    except NoLibrary:
        native = {}
    return {OURS: ours(None), **native, BARE: bares(fused=False), FUSED: bares(fused=True)}


def _rows(measured: Measured, kind: str) -> list[tuple[str, ...]]:
    rows = []
    for name in measured:
        times = ratio(measured, OURS, name)
        met = at_least(times.median, TARGET) if name in (BARE, FUSED) else ""
        to_torch = "" if name in (OURS, NATIVE) else str(times)
        by_native = name != NATIVE and NATIVE in measured
        to_native = str(ratio(measured, NATIVE, name)) if by_native else ""
        rate = f"{spread(measured[name]).median:,.0f}"
        rows.append((name + kind, rate, to_torch, met, to_native, TEXTS[name]))
    return rows
