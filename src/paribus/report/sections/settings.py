"""All settings side by side: what each one is, and every metric of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from paribus.metrics.metric import Metric
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.networks import frozen, noticed, pretrained
from paribus.narrative.numbers import change_of, value_of
from paribus.narrative.training import ROWS
from paribus.narrative.varied import decided
from paribus.records.images import batch_name
from paribus.records.types import Environment
from paribus.report.blocks import Block, Cell, Paragraph, Sheet, Table, note
from paribus.report.sections.cells import label
from paribus.results import Results
from paribus.study.config import VARIED, Config
from paribus.study.plan import TrainedSetting
from paribus.study.spec import Study
from paribus.tables.by_setting import SettingResult

#: So many settings are columns side by side.
MOST_COLUMNS = 3

#: So many sheets of images are shown.
MOST_SHEETS = 8

#: So many keys of a configuration are rows of a table.
MOST_KEYS = 60


def settings(results: Results) -> Iterator[Block]:
    """Every setting side by side, of many the first; then what each variation changes."""
    number = words.count(len(results.settings), "setting")
    yield Paragraph(f"What each of {number} is, and what a variation changes.")
    yield _configurations(results, results.settings[:MOST_COLUMNS])
    if left := results.settings[MOST_COLUMNS:]:
        yield Table(
            "The other settings",
            ("Setting", "Changes", "Parameters"),
            [(r.name, [Cell(_changes(r, results.baseline)), Cell(_parameters(r))]) for r in left],
            numeric=False,
        )
    yield from _batches(results)
    if any("stop_early" in result.setting.recorded for result in results.settings):
        yield note(
            "Where training stops early, each run ends at its own epoch, by its validation images: "
            "the last epoch of two runs of a seed may be another one, and what is averaged over "
            "the seeds at an epoch has fewer of them towards the end."
        )
    for result in results.settings:
        for sentence in noticed(result.network):
            yield note(f"{result.name}: {sentence}")


def _configurations(results: Results, shown: Sequence[SettingResult]) -> Table:
    layers = max(len(result.network.layers) for result in shown)
    texts: dict[str, Callable[[SettingResult], str]] = {
        "Changes": lambda result: _changes(result, results.baseline),
        **{f"Layer {n + 1}": _layer(n) for n in range(layers)},
        "Parameters": _parameters,
        "Pretrained": lambda result: pretrained(result.network),
        "Frozen": lambda result: frozen(result.network),
        "Multiply-adds for an image": _multiply_adds,
        **(_TRAINING if isinstance(results.study, Study) else _keys(results)),
    }
    if any(result.setting.vary != VARIED for result in results.settings):
        texts["The seed decides"] = lambda result: decided(result.setting.vary)
    rows = [(title, _cells([text(one) for one in shown])) for title, text in texts.items()]
    return Table(
        "Configuration of each setting; bold where it differs from the baseline",
        ("", *(result.name for result in shown)),
        [(title, cells) for title, cells in rows if any(c.text != words.NONE for c in cells)],
        numeric=False,
    )


def _batches(results: Results) -> Iterator[Sheet]:
    """Training images of each setting that changes them; settings that do it alike share them."""
    alike: dict[str, list[str]] = {}
    for result in results.settings:
        if name := batch_name([record.facts for record in result.tested]):
            alike.setdefault(name, []).append(result.name)
    for name, settings in [*alike.items()][:MOST_SHEETS]:
        text = f"The first training images of {words.listed(settings)}, as networks saw them"
        yield Sheet(text, name)


def _of_config(text: Callable[[Config], str]) -> Callable[[SettingResult], str]:
    """From the configuration of a setting that Paribus trains."""

    def told(result: SettingResult) -> str:
        assert isinstance(result.setting, TrainedSetting), "asked of Paribus's own studies"
        return text(result.setting.config)

    return told


def _keys(results: Results) -> dict[str, Callable[[SettingResult], str]]:
    """A row for each key of the configuration that some setting changes, of any other trainer."""

    def of_key(key: str) -> Callable[[SettingResult], str]:
        return lambda result: safe_name(words.value(result.setting.recorded.get(key)))

    changed = dict.fromkeys(key for result in results.settings for key in result.setting.changes)
    # A key may be called as another row is.
    return {f"{safe_name(key)} ": of_key(key) for key in list(changed)[:MOST_KEYS]}


def _cells(texts: list[str]) -> list[Cell]:
    return [Cell(text, strong=text not in (texts[0], words.NONE)) for text in texts]


def _changes(result: SettingResult, baseline: SettingResult) -> str:
    if result is baseline:
        return "none (baseline)"
    if not result.setting.changes:
        same = isinstance(result.setting, TrainedSetting)
        return "none (A/A test)" if same else "not known: told by its name"
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


def _multiply_adds(result: SettingResult) -> str:
    number = result.network.multiply_adds
    return words.NONE if number is None else words.whole(number)


def _engine(result: SettingResult) -> str:
    if result.environment == Environment():
        return words.NONE
    if device := result.environment.device:
        return f"PyTorch, on {safe_name(device.name or device.kind)}"
    return "Paribus's own" if result.environment.engine else "PyTorch"


#: Rows of a table on how a network is trained, of Paribus's own studies.
_TRAINING: Mapping[str, Callable[[SettingResult], str]] = {
    **{title: _of_config(text) for title, text in ROWS.items()},
    "Engine": _engine,
}


def side_by_side(results: Results) -> Iterator[Block]:
    """Every known metric of every setting: mean, spread, and mean difference to the baseline."""
    known = [m for m in results.metrics if any(r.spread(m.name).n for r in results.settings)]
    unknown = [safe_name(m.label) for m in results.metrics if m not in known]
    number = words.count(len(known), "metric")
    yield Paragraph(f"Mean and spread of {number} in every setting.")
    yield _metrics(results, known)
    declared = results.study.metrics if not results.study.is_trained_here else {}
    names = {metric.name for metric in known if metric.name not in declared}
    if notes := [text for name, text in _NOTES.items() if name in names]:
        yield note(" ".join(notes))
    if unknown and isinstance(results.study, Study):
        yield note(f"No run has a value of {words.listed(unknown)}.")


def _metrics(results: Results, known: Sequence[Metric]) -> Table:
    """Settings as columns; of many settings, metrics as columns."""
    caption = (
        "Mean over seeds ± one standard deviation; below, the mean difference from "
        f"{results.baseline.name}"
    )
    titles = ["Finished seeds", *map(_title, known)]
    columns = [
        [Cell(str(len(result.finished))), *(_measured(m, result, results) for m in known)]
        for result in results.settings
    ]
    names = [result.name for result in results.settings]
    if len(columns) > MOST_COLUMNS:
        return Table(caption, ("Setting", *titles), list(zip(names, columns, strict=True)))
    rows = list(zip(titles, zip(*columns, strict=True), strict=True))
    return Table(caption, ("Metric", *names), rows)


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
