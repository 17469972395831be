"""All settings side by side: what each one is, and every metric of it."""

from collections.abc import Callable, Iterator

from paribus.metrics.metric import Metric
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.networks import noticed
from paribus.narrative.numbers import change_of, value_of
from paribus.narrative.varied import decided
from paribus.records.types import Environment
from paribus.report.blocks import Block, Cell, Table, note
from paribus.report.sections.cells import label
from paribus.results import Results
from paribus.study.config import VARIED, Augmentation, Config
from paribus.study.config import Section as Part
from paribus.tables.by_setting import SettingResult


def settings(results: Results) -> Iterator[Block]:
    """Every setting side by side, and what was noticed of its network."""
    layers = max(len(result.network.layers) for result in results.settings)
    texts: dict[str, Callable[[SettingResult], str]] = {
        "Changes": lambda result: _changes(result, results.baseline),
        **{f"Layer {n + 1}": _layer(n) for n in range(layers)},
        "Parameters": _parameters,
        "Optimizer": lambda result: _part(result.setting.config.optimizer),
        "Learning rate": lambda result: _schedule(result.setting.config),
        "Augmentation": lambda result: _augmentation(result.setting.config.augmentation),
        "Epochs": lambda result: words.whole(result.setting.config.epochs),
        "Batch size": lambda result: words.whole(result.setting.config.batch_size),
        "Engine": _engine,
    }
    if any(result.setting.config.vary != VARIED for result in results.settings):
        texts["The seed decides"] = lambda result: decided(result.setting.config.vary)
    rows = [
        (title, _cells([text(one) for one in results.settings])) for title, text in texts.items()
    ]
    yield Table(
        "Configuration of each setting; bold where it differs from the baseline",
        ("", *(result.name for result in results.settings)),
        [(title, cells) for title, cells in rows if any(c.text != words.NONE for c in cells)],
        numeric=False,
    )
    for result in results.settings:
        for sentence in noticed(result.network):
            yield note(f"{result.name}: {sentence}")


def _cells(texts: list[str]) -> list[Cell]:
    return [Cell(text, strong=text not in (texts[0], words.NONE)) for text in texts]


def _changes(result: SettingResult, baseline: SettingResult) -> str:
    if result is baseline:
        return "none (baseline)"
    if not result.setting.changes:
        return "none (A/A test)"
    return "; ".join(
        f"{safe_name(path)}: {words.value(before)} → {words.value(after)}"
        for path, (before, after) in result.setting.changes.items()
    )


def _layer(number: int) -> Callable[[SettingResult], str]:
    def name(result: SettingResult) -> str:
        layers = result.network.layers
        return safe_name(layers[number]) if number < len(layers) else words.NONE

    return name


def _parameters(result: SettingResult) -> str:
    number = result.network.parameters
    return words.NONE if number is None else words.whole(number)


def _part(part: Part) -> str:
    """A section of a study in words: "Adam, lr 0.001, weight decay 0"."""
    values = part.model_dump()
    kind = words.readable(str(values.pop("kind")))
    parts = (f"{key.replace('_', ' ')} {words.value(value)}" for key, value in values.items())
    return ", ".join([kind, *parts])


def _schedule(config: Config) -> str:
    schedule = config.schedule
    if schedule.kind == "step":
        return f"factor {words.value(schedule.factor)} every {words.count(schedule.every, 'epoch')}"
    if schedule.kind == "cosine":
        return f"cosine decay to {words.value(schedule.final)}"
    return "constant"


def _augmentation(augmentation: Augmentation) -> str:
    flip = ["random horizontal flip"] if augmentation.flip else []
    pixels = words.count(augmentation.shift, "pixel")
    shift = [f"random shift by up to {pixels}"] if augmentation.shift else []
    return words.listed([*flip, *shift]) or "none"


def _engine(result: SettingResult) -> str:
    if result.environment == Environment():
        return words.NONE
    return "Paribus's own" if result.environment.engine else "PyTorch"


def side_by_side(results: Results) -> Iterator[Block]:
    """Every known metric of every setting: mean, spread, and mean difference to the baseline."""
    known = [m for m in results.metrics if any(r.spread(m.name).n for r in results.settings)]
    unknown = [safe_name(m.label) for m in results.metrics if m not in known]
    yield Table(
        "Mean over seeds ± one standard deviation; below, the mean difference from "
        f"{results.baseline.name}",
        ("Metric", *(result.name for result in results.settings)),
        [
            ("Finished seeds", [Cell(str(len(result.finished))) for result in results.settings]),
            *((_title(m), [_measured(m, r, results) for r in results.settings]) for m in known),
        ],
    )
    names = {metric.name for metric in known}
    if notes := [text for name, text in _NOTES.items() if name in names]:
        yield note(" ".join(notes))
    if unknown:
        yield note(f"No run has a value of {words.listed(unknown)}.")


#: What is said of a metric below the table.
_NOTES = {
    "best_test_accuracy": "The best epoch is the one of lowest validation loss.",
    "test_loss": "Losses are mean cross-entropies in nats.",
    "generalization_gap": (
        "The generalization gap is the validation loss minus the training loss, both of the last "
        "epoch."
    ),
    "train_cpu_seconds": (
        "Training time is the CPU time of the training steps alone, which other programs on the "
        "machine hardly change."
    ),
}


def _measured(metric: Metric, result: SettingResult, results: Results) -> Cell:
    units = value_of(metric), change_of(metric)
    value, change = (unit.bare if metric.unit else unit for unit in units)  # the title names it
    text = value.spread(result.spread(metric.name))
    if result is results.baseline:
        return Cell(text)
    difference = result.difference(metric.name, results.baseline)
    return Cell(text, change.value(difference.mean) if difference.n else "")


def _title(metric: Metric) -> str:
    return f"{label(metric)} ({safe_name(metric.unit)})" if metric.unit else label(metric)
