"""The settings table: layers, parameters, and how each setting is trained."""

from __future__ import annotations

from collections.abc import Callable

from paribus.report import words
from paribus.report.blocks import Cell, Section, Table
from paribus.report.summary import SettingResult, Summary
from paribus.study.config import Augmentation, Config
from paribus.study.section import Section as Part

Row = tuple[str, tuple[Cell, ...]]


def settings(summary: Summary) -> Section:
    """Every setting side by side; what differs from the baseline stands out."""
    layers = max((len(_layers(result)) for result in summary.settings), default=0)
    rows = [
        _row("Changes", summary, _changes),
        *(_row(f"Layer {n + 1}", summary, _layer(n)) for n in range(layers)),
        _row("Parameters", summary, _parameters),
        _row("Optimizer", summary, lambda result: _part(result.setting.config.optimizer)),
        _row("Learning rate", summary, lambda result: _schedule(result.setting.config)),
        _row("Augmentation", summary, lambda r: _augmentation(r.setting.config.augmentation)),
        _row("Epochs", summary, lambda result: words.whole(result.setting.config.epochs)),
        _row("Batch size", summary, lambda result: words.whole(result.setting.config.batch_size)),
        _row("Trained by", summary, _engine),
    ]
    table = Table(
        "What each setting is; bold where it differs from the baseline",
        ("", *(result.name for result in summary.settings)),
        tuple(rows),
        numeric=False,
    )
    return Section("settings", "Settings", [table])


def _row(title: str, summary: Summary, of: Callable[[SettingResult], str]) -> Row:
    texts = [of(result) for result in summary.settings]
    first = texts[0]
    return title, tuple(Cell(text, strong=text not in (first, words.NONE)) for text in texts)


def _changes(result: SettingResult) -> str:
    if not result.setting.changes:
        return "nothing: the baseline"
    return "; ".join(
        f"{words.name(path)}: {words.value(before)} → {words.value(after)}"
        for path, (before, after) in result.setting.changes.items()
    )


def _layers(result: SettingResult) -> tuple[str, ...]:
    return result.facts.network.layers if result.facts else ()


def _layer(number: int) -> Callable[[SettingResult], str]:
    def name(result: SettingResult) -> str:
        layers = _layers(result)
        return words.name(layers[number]) if number < len(layers) else words.NONE

    return name


def _parameters(result: SettingResult) -> str:
    return words.whole(result.facts.network.parameters) if result.facts else words.NONE


def _part(part: Part) -> str:
    """A section of a study in words: "Adam, lr 0.001, weight decay 0"."""
    values = part.model_dump()
    kind = words.readable(str(values.pop("kind")))
    return ", ".join([kind, *(f"{_spaced(key)} {words.value(v)}" for key, v in values.items())])


def _schedule(config: Config) -> str:
    schedule = config.schedule
    if schedule.kind == "step":
        return f"times {words.value(schedule.factor)} every {words.count(schedule.every, 'epoch')}"
    if schedule.kind == "cosine":
        return f"half a cosine to {words.value(schedule.final)}"
    return "constant"


def _augmentation(augmentation: Augmentation) -> str:
    flip = ["mirrored left and right"] if augmentation.flip else []
    pixels = words.count(augmentation.shift, "pixel")
    shift = [f"shifted by up to {pixels}"] if augmentation.shift else []
    return words.listed([*flip, *shift]) or "none"


def _engine(result: SettingResult) -> str:
    if result.facts is None:
        return words.NONE
    return "Paribus's engine" if result.facts.environment.engine else "PyTorch"


def _spaced(key: str) -> str:
    return key.replace("_", " ")
