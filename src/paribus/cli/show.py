"""What commands print on standard output: tables for people, JSON for programs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from paribus.cli.terminal import tell, write, write_json
from paribus.errors import listed
from paribus.names import harmless, printable, safe_class, shown

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import JustifyMethod, RenderableType

    from paribus.claims.judge import ClaimVerdict
    from paribus.comparison.values import FailedRuns
    from paribus.events import ImagesReady, RunsFound
    from paribus.execution.estimate import Outlook
    from paribus.results import Results
    from paribus.scripts.plan import ScriptOutlook
    from paribus.status import Status
    from paribus.verify import Checked

#: Rows of a table of classes; a report has all.
MOST_CLASSES = 20
#: Runs that a terminal lists; more take seconds to lay out.
MOST_ROWS = 1_000

#: From so many times as long as on an idle machine on, a plan says both.
BUSY = 1.25

_PARTS = ("training", "validation", "test")
_VERDICT_STYLES = {"supported": "green", "refuted": "bold red", "undecided": "yellow"}
_STATE_STYLES = {
    "done": "green",
    "running": "bold",
    "failed": "bold red",
    "damaged": "bold red",
    "interrupted": "yellow",
    "left": "dim",
}


def rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    """A table's rows for JSON, which has no NaN."""
    plain = frame.astype(object)
    return plain.where(plain.notna(), None).to_dict("records")


def print_results(results: Results, out: Path, as_json: bool) -> None:
    """Where the report lies, on standard output; runs that failed, on standard error.

    `out` is the folder of the results as the user wrote it.
    """
    report = str(out / results.report.name)
    if as_json:
        made = {
            "report": report,
            "results": str(out / "results.json"),
            "finished": sum(record.finished for record in results.records),
            "failed": list(results.unfinished),
        }
        write_json(made, indent=None)
        return
    for sentence in listed(results.unfinished):
        tell(f"Failed: {printable(sentence)}")
    write(report)


def images_seen(seen: ImagesReady) -> list[RenderableType]:
    """The images of some settings, how many of each class are in each part."""
    images, classes = sum(map(sum, seen.counts)), len(seen.classes)
    what = f"{images:,} images of {count(classes, 'class', 'classes')}"
    return [f"{seen.source}: {what}, fingerprint {seen.fingerprint[:8]}", _by_class(seen)]


def _by_class(seen: ImagesReady) -> Table:
    """How many images of each class are in each part."""
    classes = len(seen.classes)
    parts = (Column(part, justify="right") for part in _PARTS)
    table = Table("class", *parts, box=SIMPLE_HEAD)
    for name, numbers in [*zip(seen.classes, seen.counts, strict=True)][:MOST_CLASSES]:
        table.add_row(safe_class(name), *(f"{number:,}" for number in numbers))
    if classes > MOST_CLASSES:
        rest = [sum(numbers) for numbers in zip(*seen.counts[MOST_CLASSES:], strict=True)]
        more = count(classes - MOST_CLASSES, "more class", "more classes")
        table.add_row(more, *(f"{number:,}" for number in rest))
    return table


def runs_found(found: RunsFound) -> Table:
    """The settings that were found in runs: their runs, seeds and what each changes."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("setting", overflow="fold")
    table.add_column("runs", justify="right", no_wrap=True)
    table.add_column("seeds", overflow="fold")
    table.add_column("changes", overflow="fold")
    for name, runs, seeds, changes in found.settings[:MOST_ROWS]:
        table.add_row(printable(name), f"{runs:,}", seeds, printable(changes))
    return table


def show_images(seen: ImagesReady) -> None:
    """Print the images of some settings, with what is odd about them and what was left out."""
    write(*images_seen(harmless(seen)), *seen.notes, *(f"left out: {x}" for x in seen.left_out))


def show_plan(plan: Outlook) -> None:
    """Print a plan on standard output: images, settings, runs, what they can show, the time."""
    plan = harmless(plan)
    write(Text(plan.study, style="bold"))
    write(*(Text(line) if isinstance(line, str) else line for line in _planned_images(plan)))
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("setting", overflow="fold")
    table.add_column("changes", overflow="fold")
    for name in ("parameters", "multiply-adds", "epochs", "one run"):
        table.add_column(name, justify="right", no_wrap=True)
    unchanged = "(baseline)"
    for setting in plan.settings:
        pairs = {key: map(_or_none, pair) for key, pair in setting.changes.items()}
        changes = "\n".join(f"{key}: {' -> '.join(pair)}" for key, pair in pairs.items())
        table.add_row(
            Text(setting.name),
            Text(changes or unchanged),
            f"{setting.parameters:,}",
            "" if setting.multiply_adds is None else f"{setting.multiply_adds:,}",
            str(setting.epochs),
            duration(setting.run_seconds),
        )
        unchanged = "(nothing: an A/A test)"
    write("", table, "")
    write(*(Text(line) for line in _planned_training(plan)), "")
    write(*(Text(line) for line in _planned_runs(plan)), "")
    write(*(Text(line) for line in plan.expectations))
    for line in (*plan.notes, *plan.advice):
        write(Text(f"! {line}", style="yellow"))
    write("", *(Text(line) for line in _planned_time(plan)))


def show_script_plan(plan: ScriptOutlook) -> None:
    """Print the plan of a study of scripts: settings, commands, files, what they can show."""
    from paribus.scripts.plan import by_changes

    plan = harmless(plan)
    write(Text(plan.study, style="bold"), "")
    for name, changes, start in by_changes(plan):
        write(Text.assemble((name, "bold"), "  ", changes.replace("\n", "; ")))
        write(Text(f"  {start}"))
    files = ", ".join([*plan.files][:MOST_CLASSES]) or "none known; trainer.depends can name some"
    more = f" and {len(plan.files) - MOST_CLASSES} more" if len(plan.files) > MOST_CLASSES else ""
    write("", Text(f"Files whose change makes runs again: {files}{more}"))
    write(_planned_number(plan.runs, len(plan.settings), plan.until_decided))
    write(*(Text(line) for line in plan.expectations))
    for line in (*plan.notes, *plan.advice):
        write(Text(f"! {line}", style="yellow"))
    processes = count(plan.jobs, "process", "processes")
    write("", f"In {processes}; how long a run takes isn't known before one has been made.")


def _planned_images(plan: Outlook) -> Iterator[str | Table]:
    """The images as the baseline sees them, whether they are there, and what is odd about them."""
    sizes = plan.sizes
    channels, height, width = sizes.shape
    whole = (sizes.training, sizes.validation, sizes.test)
    yield f"{plan.source}: {_in_parts(f'{part:,}' for part in whole)} images"
    what = f"{height}x{width} {'color' if channels == 3 else 'gray'}, {sizes.classes} classes"
    one = plan.images[0].fingerprint[:8] if len(plan.images) == 1 else ""
    yield f"{what}, fingerprint {one}" if one else what
    if not plan.images:  # STL-10, which has the same numbers of all classes
        yield _of_each(sizes.class_names, [part // sizes.classes for part in whole])
    for seen in plan.images:
        if not one:
            yield f"{', '.join(seen.settings)}: fingerprint {seen.fingerprint[:8]}"
        alike = len(set(seen.counts)) == 1
        yield _of_each(seen.classes, seen.counts[0]) if alike else _by_class(seen)
        yield from seen.notes
        yield from (f"left out: {one}" for one in seen.left_out)
    if plan.download:
        yield f"Not downloaded yet: about {plan.download} MB will be, once."
    if plan.missing:
        yield f"{plan.missing}."


def _of_each(classes: Sequence[str], numbers: Sequence[int]) -> str:
    """The numbers of images that all classes have, with their names."""
    names = ", ".join(map(safe_class, classes[:MOST_CLASSES]))
    left = len(classes) - MOST_CLASSES
    more = f" and {count(left, 'more class', 'more classes')}" if left > 0 else ""
    return f"each of {names}{more}: {_in_parts(f'{number:,}' for number in numbers)}"


def _in_parts(numbers: Iterable[str]) -> str:
    return ", ".join(f"{number} {part}" for number, part in zip(numbers, _PARTS, strict=True))


def _planned_training(plan: Outlook) -> Iterator[str]:
    """What is trained and how: a line each of the baseline, and of variations what differs."""
    baseline = plan.settings[0]
    yield f"layers: {', '.join(baseline.layers)}"
    yield from (f"{_lower(title)}: {text}" for title, text in baseline.training.items())
    for setting in plan.settings[1:]:
        if setting.layers != baseline.layers:
            yield f"{setting.name}: layers: {', '.join(setting.layers)}"
        for title in {**baseline.training, **setting.training}:
            text = setting.training.get(title, "none")
            if text != baseline.training.get(title, "none"):
                yield f"{setting.name}: {_lower(title)}: {text}"


def _or_none(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_or_none, value))}]"
    return "none" if value is None else str(value)


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def _planned_runs(plan: Outlook) -> Iterator[str]:
    alike: dict[tuple[str, str, str], list[str]] = {}
    for setting in plan.settings:
        alike.setdefault((setting.engine, setting.device, setting.why), []).append(setting.name)
    for (engine, device, why), names in alike.items():
        on = f"engine {engine}" if device == "CPU" else f"engine {engine} on {device}"
        yield f"{on}, {', '.join(names)}: {why}" if len(alike) > 1 else f"{on}: {why}"
    yield _planned_number(plan.runs, len(plan.settings), plan.until_decided)


def _planned_number(runs: Sequence[tuple[str, int]], settings: int, until_decided: bool) -> str:
    """How many runs there are, of how many settings and seeds."""
    seeds = count(1 + max(seed for _, seed in runs), "seed")
    most = "At most " if until_decided else ""
    added = ", which are added until all is decided" if until_decided else ""
    return f"{most}{count(len(runs), 'run')}: {count(settings, 'setting')} from {seeds}{added}"


def _planned_time(plan: Outlook) -> Iterator[str]:
    most = "At most about" if plan.until_decided else "About"
    parts = ", ".join(f"{name} {duration(took)}" for name, took in asdict(plan.times).items())
    yield f"{most} {duration(plan.seconds)} in {count(plan.jobs, 'process', 'processes')}: {parts}"
    download = "; the download comes on top" if plan.download else ""
    busy = plan.seconds > BUSY * plan.idle_seconds
    alone = f" ({duration(plan.idle_seconds)} if it did nothing else)" if busy else ""
    yield f"Estimated from a moment's work, with this machine as busy as now{alone}{download}."


def show_claims(study: str, claims: Sequence[ClaimVerdict], failed: Sequence[FailedRuns]) -> None:
    """Print failed runs and the verdict on every claim on standard output, with its evidence."""
    from paribus.narrative.claims import evidence
    from paribus.narrative.failing import failures

    write(Text(printable(study), style="bold"))
    if failed:
        write(f"{failures(failed)}.")
    if not claims:
        write("This study makes no claims, so there is nothing to check.")
        return
    table = Table("verdict", "claim", box=SIMPLE_HEAD)
    for one in claims:
        text = Text.assemble((printable(one.claim.id), "bold"), f"\n{printable(one.claim.says)}\n")
        table.add_row(
            Text(one.verdict, style=_VERDICT_STYLES[one.verdict]),
            text.append(printable(evidence(one)), style="dim"),
            end_section=True,
        )
    write(table)
    counts = Counter(one.verdict for one in claims)
    write(
        f"{counts['supported']} supported, {counts['refuted']} refuted, "
        f"{counts['undecided']} undecided"
    )


def show_files(files: Sequence[Checked]) -> None:
    """Print every damaged file with what to do, then how much was checked."""
    damaged = [file for file in files if file.fault]
    for file in damaged:
        write(f"{file.file}: {file.fault}. To repair it, {file.remedy}.")
    checked = f"{count(len(files), 'file')} checked, {sum(file.size for file in files):,} bytes"
    write(f"{checked}: {f'{len(damaged)} damaged' if damaged else 'all whole'}")


def show_failures(listed: pd.DataFrame, matching: int) -> None:
    """Print failed cases on standard output: the first `listed` rows of all `matching`."""
    if not matching:
        write("No failed case matches.")
        return
    # Narrow enough for words to stay whole on 80 columns; only names may have to be broken.
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("setting", "image", "true", "predicted", "wrong", "p true", "p wrong", "label"):
        number = name in ("image", "wrong", "p true", "p wrong", "label")
        justify: JustifyMethod = "right" if name in ("p true", "p wrong", "label") else "left"
        table.add_column(name, justify=justify, no_wrap=number, overflow="fold")
    for row in listed.itertuples():
        table.add_row(*map(Text, _failure(row)))
    write(table)
    many = "1 failed case matches" if matching == 1 else f"{matching:,} failed cases match"
    rest = "" if matching == len(listed) else f"; the first {len(listed):,} are shown"
    write(
        Text(
            f"{many}{rest}. p: probability of the true class and of the most frequent wrong one, "
            "mean over the seeds. label: rank by suspicion that the label is wrong, 1 for the most "
            "suspicious test image."
        )
    )


def _failure(row: Any) -> tuple[str, ...]:
    """A failed case's cells; strangers name the classes and files."""
    kind = ", ".join(filter(None, (row.kind, row.change)))
    lines = (printable(row.votes), kind, *filter(None, [shown(row.file)]))
    probabilities = (row.true_probability, row.predicted_probability)
    return (
        printable(row.setting),
        str(row.image),
        safe_class(row.true),
        "\n".join(lines),
        f"{row.wrong} of {row.seeds}",
        *("" if math.isnan(p) else f"{p:.2f}" for p in probabilities),
        "" if math.isnan(row.suspicion_rank) else f"{row.suspicion_rank:,.0f}",
    )


def show_status(status: Status) -> None:
    """Print how far a study has come: who is at work, the counts, and every run."""
    status = harmless(status)
    write(Text(status.study, style="bold"))
    write(f"Running: {status.holder}" if status.holder else "Not running.")
    if status.last:
        write(f"Last: {status.last.get('says', '')}, {status.last.get('time', '')}")
    table = Table("setting", "seed", "state", "epoch", Column(overflow="fold"), box=SIMPLE_HEAD)
    for run in status.runs[:MOST_ROWS]:
        table.add_row(
            Text(run.setting),
            str(run.seed),
            Text(run.state, style=_STATE_STYLES[run.state]),
            f"{run.epoch} of {run.epochs}" if run.epochs else "",
            Text(run.message),
        )
    write(table)
    if (more := len(status.runs) - MOST_ROWS) > 0:
        write(f"... and {more:,} more; --json lists them all")
    write(", ".join(f"{number} {state}" for state, number in status.counts.items() if number))
    for where in status.set_aside:
        write(f"Set aside: {where}")


def duration(seconds: float) -> str:
    """A time for people: "0.4 s", "110 s", "12 min", "3 h 20 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 180:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 run", "10 runs"."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
