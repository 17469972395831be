"""A study of scripts under way: what each run follows from, and the tasks that make them."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from paribus import events
from paribus.errors import Problem, SourceError, StudyError
from paribus.events import Watch
from paribus.execution.place import Place
from paribus.execution.under_way import UnderWay, declare_plan, prepare_folder
from paribus.found.images import images_of, keep_images
from paribus.found.known import known
from paribus.found.points import Point
from paribus.found.predictions import with_predictions
from paribus.io.lock import held
from paribus.log import study_log
from paribus.records.types import Record
from paribus.scripts import function as functions
from paribus.scripts.inputs import ScriptInputs, sums
from paribus.scripts.left import predictions_in
from paribus.scripts.task import OUT, RESULT, Script, work_folder
from paribus.sources.run import FoundRun
from paribus.study.code import trainer_files
from paribus.study.parameters import unnamed
from paribus.study.plan import ScriptedSetting, runs, settings
from paribus.study.read import write_study_copy
from paribus.study.scripted import ScriptedStudy
from paribus.study.trainer import BEST, GIVEN, Call, Command

#: Parameters that a sentence names.
MOST_NAMED = 5


@dataclass
class ScriptSession(UnderWay):
    """A study of scripts, under way.

    Attributes:
        files: setting -> name -> SHA-256, of each file that its trainer depends on.
        function: pickled, where Python was given it.
    """

    study: ScriptedStudy
    files: Mapping[str, Mapping[str, str]]
    point: Point
    function: bytes = b""

    def tasks(self, seeds: Mapping[str, int]) -> list[Script]:
        """What makes every run, `seeds` a setting."""
        study = self.study
        digest = hashlib.sha256(study.model_dump_json().encode()).hexdigest()
        declared = (study.primary, *(name for name in study.metrics if name != study.primary))
        return [
            Script(
                run,
                study.name,
                digest,
                study.baseline,
                ScriptInputs(
                    dict(run.setting.recorded),
                    run.seed,
                    self.files[run.setting.name],
                    study.primary,
                ),
                self.out,
                declared,
                self.point,
                self.function,
                os.environ.get("PYTHONPATH"),
            )
            for run in runs(study, seeds)
        ]

    def finish(self) -> None:
        """Keep what test examples are called, and the images that the report shows.

        Paths of images are taken from where the predictions lie, then from the current folder.
        """
        records = self.results().records
        for record in records:
            if record.predictions is not None and (run := self._tested(record)) is not None:
                tested, runs = with_predictions([record], {record.key: run}), {record.key: run}
                images = {**images_of(tested, runs, "."), **images_of(tested, runs, None)}
                keep_images(self.out, self.study.baseline, records, tested.names, images)
                return

    def _tested(self, record: Record) -> FoundRun | None:
        """A run with its predictions as they lie in its folder; None where they are gone."""
        work = work_folder(self.out, *record.key)
        with suppress(SourceError):
            return predictions_in(work / OUT) or predictions_in(work / RESULT)
        return None


@contextmanager
def open_scripts(
    study: ScriptedStudy,
    out: Path,
    place: Place,
    function: Callable[..., object] | None,
    watch: Watch,
) -> Iterator[ScriptSession]:
    """Hold the folder, in the place where runs are made, until the study is done.

    Raises:
        InUseError: another process holds the folder.
        SourceError: a file that the trainer depends on isn't there.
        FunctionError: the function can't be sent to other processes.
        StudyError: it isn't known where another metric is best, or there is no function.
    """
    point, files, pickled = point_of(study), _files(study, function), b""
    if function is not None:
        pickled = functions.pickled(function)
    with place, held(out) as place.hold, study_log(out, study.name, watch) as tell:
        for sentence in noticed(study):
            tell(events.ScriptNoticed(sentence))
        on_disk = prepare_folder(out, study, tell)
        ledger = declare_plan(out, on_disk, tell)
        write_study_copy(out, study)
        yield ScriptSession(study, out, place, tell, on_disk, files, point, pickled, ledger=ledger)


def _files(
    study: ScriptedStudy, function: Callable[..., object] | None
) -> dict[str, dict[str, str]]:
    """Setting -> name -> SHA-256, of all that its runs depend on."""
    known: dict[Command | Call, dict[str, str]] = {}
    result = {}
    for setting in settings(study):
        trainer = setting.trainer
        if trainer not in known:
            known[trainer] = sums(trainer_files(trainer))
            if isinstance(trainer, Call) and trainer.call.startswith(GIVEN):
                known[trainer] |= _of_function(setting, function)
        result[setting.name] = known[trainer]
    return result


def _of_function(
    setting: ScriptedSetting, function: Callable[..., object] | None
) -> dict[str, str]:
    if function is None:
        call = setting.trainer.model_dump()["call"]
        message = (
            f"{call} is a function that Python was given: run the study from there, by "
            "paribus.run(study, out, train=function)"
        )
        raise StudyError("study", [Problem(0, 0, "trainer.call", message)])
    functions.require_callable(function, iter(setting.parameters))
    return functions.sums(function) | sums(functions.files(function))


def point_of(study: ScriptedStudy) -> Point:
    """Which of the logged values counts.

    Raises:
        StudyError: that where another metric is best, and nothing says which way is better.
    """
    at = study.trainer.at
    if not isinstance(at, str):
        return Point(place=float(at))
    if at == "last":
        return Point()
    guide = at.removeprefix(BEST)
    declared, about = study.metrics.get(guide), known(guide)
    better = (declared.better if declared else None) or (about.better if about else None)
    if better not in ("higher", "lower"):
        message = (
            f"it isn't known whether a higher {guide} is better or a lower one; declare it: "
            f"metrics: {{{guide}: {{better: lower}}}}"
        )
        raise StudyError("study", [Problem(0, 0, "trainer.at", message)])
    return Point(guide=guide, highest=better == "higher")


def noticed(study: ScriptedStudy) -> Iterator[str]:
    """What of a command may be a mistake."""
    for setting in settings(study):
        trainer = setting.trainer
        if not isinstance(trainer, Command):
            continue
        if other := _other_python(trainer):
            yield f"{setting.name}: {other}"
        names = unnamed(trainer.command, setting.parameters)
        if "seed" in names:
            yield (
                f"{setting.name}: its command doesn't name {{seed}}, so it has to take the seed "
                "from PARIBUS_SEED. If it doesn't, all seeds are one run repeated."
            )
        if others := [name for name in names if name != "seed"]:
            more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
            yield (
                f"{setting.name}: its command doesn't name {', '.join(others[:MOST_NAMED])}{more}, "
                "so it has to read the file that PARIBUS_PARAMETERS names."
            )
        if setting.name == study.baseline and all(
            "trainer.command" not in s.changes for s in settings(study)
        ):
            return


def _other_python(trainer: Command) -> str:
    """Where `python` stands for another interpreter than this one; "" where it doesn't."""
    word = trainer.command.split()[0]
    found = shutil.which(word) if word in ("python", "python3") else None
    if found is None or Path(found).parent == Path(sys.executable).parent:
        return ""
    return (
        f"{word} is {found}, of another environment than Paribus. If it lacks what the script "
        "needs, activate the right one first."
    )
