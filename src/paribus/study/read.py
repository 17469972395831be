"""Studies on disk: a user's YAML file, the copy kept with the results, the records of the runs."""

import errno
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from paribus.errors import Problem, RecordError, SettingsError, StudyError, first_line, listed
from paribus.io.disk import write_file
from paribus.io.reading import UnfitError, is_folder, leads_out, read_inside
from paribus.io.strict_json import loads
from paribus.records.analyses import current_name
from paribus.records.store import read_record, recorded_runs, run_folder
from paribus.records.types import Record
from paribus.study.check import sameness_faults, study_faults, validate
from paribus.study.config import Engine
from paribus.study.data import OwnData
from paribus.study.faults import Fault
from paribus.study.found import Declared, FoundStudy
from paribus.study.networks import OwnNetwork
from paribus.study.parameters import TRAINER, same_faults
from paribus.study.plan import Run, runs, settings
from paribus.study.scripted import ScriptedStudy, scripted_faults, with_primary
from paribus.study.spec import KEPT, Question, Study
from paribus.study.trainer import Call, Command
from paribus.study.trust import changed_since_trusted
from paribus.study.yaml import LONGEST, load, plain, problem, read_text

#: Far above any study a person writes; more is a mistake or an attack. In bytes, and in keys and
#: values.
LARGEST, MOST_VALUES = 100_000, 2_000
STUDY = "study.json"
#: Bytes of study.json, far above any that Paribus writes.
LARGEST_COPY = 1 << 20

NOT_TRAINED = "not trained yet"
EARLIER_STUDY = "its record is of an earlier version of the study; run the study again"

Key = tuple[str, int]


def read_study(
    path: Path | str,
    *,
    seeds: int | Mapping[str, Any] | None = None,
    epochs: int | None = None,
    engine: Engine | None = None,
    device: str | None = None,
    precision: str | None = None,
) -> Study | ScriptedStudy:
    """Read a study file; what is given beside its path replaces the study's own.

    `seeds` is a number, `{"until": "decided", "looks": [5, 8, 12, 20]}` for seeds added at looks,
    or `{"until": "decided", "most": 40}` for seeds one by one.

    Raises:
        StudyError: with every problem, each at its line and column.
    """
    path = Path(path)
    given = {
        "seeds": seeds,
        "epochs": epochs,
        "engine": engine,
        "device": device,
        "precision": precision,
    }
    replaced = {key: value for key, value in given.items() if value is not None}
    return parse_study(read_text(path, "a study", LARGEST), str(path), replaced)


def parse_study(
    text: str, file: str = "study.yaml", replaced: Mapping[str, Any] = {}
) -> Study | ScriptedStudy:
    """Read a study from text; `file` is the name that problems carry.

    `replaced` are keys that get other values than the text's.

    Raises:
        StudyError: with every problem, each at its line and column.
    """
    tree = load(text, file, MOST_VALUES)
    values = plain(tree) | replaced
    if "compare" in values:
        message = "runs that are there already aren't trained: `paribus compare --study` takes them"
        raise StudyError(file, [problem(tree, Fault(("compare",), message, key=True))])
    kind = ScriptedStudy if {TRAINER, "parameters"} & {*values} else Study
    if faults := _faults(kind, values):
        raise StudyError(file, [problem(tree, fault) for fault in faults])
    return kind.model_validate(values)


def _faults(kind: type[Study | ScriptedStudy], values: dict[str, Any]) -> list[Fault]:
    """All that is wrong with a study's plain values."""
    if kind is Study:
        return [*validate(Study, values), *study_faults(values)] or sameness_faults(values)
    values = dict(with_primary(values))
    faults = [*validate(ScriptedStudy, values), *scripted_faults(values)]
    return faults or same_faults(values)


def read_declared(path: Path | str, replaced: Mapping[str, Any] = {}) -> Declared:
    """Read what a study file with `compare` declares; `replaced` are keys with other values.

    Raises:
        StudyError: with every problem, each at its line and column.
    """
    tree = load(read_text(Path(path), "a study", LARGEST), str(path), MOST_VALUES)
    values = plain(tree)
    for key, value in replaced.items():
        both = isinstance(value, Mapping) and isinstance(values.get(key), Mapping)
        values[key] = {**values[key], **value} if both else value
    if faults := validate(Declared, values):
        raise StudyError(str(path), [problem(tree, fault) for fault in faults])
    return Declared.model_validate(values)


def located(path: Path, error: StudyError) -> StudyError:
    """What is wrong with a study, each at its line of the file that it is declared in."""
    tree = load(read_text(path, "a study", LARGEST), str(path), MOST_VALUES)
    faults = [
        Fault(tuple(int(x) if x.isdigit() else x for x in p.path.split(".")), p.message)
        for p in error.problems
    ]
    return StudyError(str(path), [problem(tree, fault) for fault in faults])


def code_named(study: Study | ScriptedStudy) -> list[str]:
    """The code that a study names, with the settings that do: "own names nets:small"."""
    if isinstance(study, ScriptedStudy):
        named = {s.name: _named(s.trainer) for s in settings(study)}
        first = named[study.baseline]  # which the others have too, mostly
        own = [f"{name} runs {what}" for name, what in named.items() if what != first]
        return [f"{study.baseline} runs {first}", *own]
    own = [
        f"{s.name} names {s.config.network.kind}"
        for s in settings(study)
        if isinstance(s.config.network, OwnNetwork)
    ]
    if isinstance(study.data, OwnData):  # of all settings
        own.append(f"{study.baseline} names {study.data.source}")
    return sorted(own)


def _named(trainer: Command | Call) -> str:
    return f"`{trainer.command}`" if isinstance(trainer, Command) else trainer.call


def require_permission(study: Study | ScriptedStudy, path: Path) -> None:
    """Raise StudyError for a study that names code to run and isn't trusted as it is now."""
    named = code_named(study)
    changed = changed_since_trusted(path, study) if named else []
    if changed == []:
        return
    since = (
        "" if changed is None else f" Since you trusted it, {', '.join(listed(changed))} changed."
    )
    scripted = isinstance(study, ScriptedStudy)
    what = "a command or a function runs it" if scripted else "a Python module runs its code"
    message = (
        f"{'; '.join(named)}. A study that names {what} with "
        f"your rights: read it, then add --allow-code, or `paribus trust` the study.{since}"
    )
    at = "trainer" if isinstance(study, ScriptedStudy) else _where_code_is_named(study)
    raise StudyError(str(path), [Problem(1, 1, at, message)])


def _where_code_is_named(study: Study) -> str:
    networks = (setting.config.network for setting in settings(study))
    own = any(isinstance(network, OwnNetwork) for network in networks)
    return "network.kind" if own else "data.source"


def at_their_lines(path: Path, error: SettingsError) -> StudyError:
    """The settings that can't be trained, each at its line of the study file.

    Raises:
        StudyError: the file can't be read any more.
    """
    tree = load(read_text(path, "a study", LARGEST), str(path), MOST_VALUES)
    problems = []
    for name, why in error.why.items():
        at = ("variations", name) if name in tree.get("variations", {}) else ("network",)
        message = f"setting {name} can't be trained: {why}"
        problems.append(problem(tree, Fault(at, message)))
    return StudyError(str(path), problems)


def write_study_copy(out: Path, study: Question) -> None:
    """Keep the study with its results, so that a report can be written without its file."""
    write_file(out / STUDY, study.model_dump_json(indent=1).encode())


def read_study_copy(out: Path) -> Question:
    """The study whose results are in `out`.

    Raises:
        RecordError: if there is none, or it can't be read.
    """
    file = out / STUDY
    try:
        copy = loads(read_inside(file, out, LARGEST_COPY))
        _require_short(copy)
        kind = FoundStudy if "compare" in copy else ScriptedStudy if TRAINER in copy else Study
        return kind.model_validate(_in_current_words(copy), context=KEPT)
    except UnfitError as error:
        if error.errno == errno.ENOENT and not out.exists():
            raise RecordError(f"{out}: there is no such folder") from None
        if error.errno == errno.ENOENT:
            expected = "expected a folder that `paribus run` or `paribus compare` filled"
            raise RecordError(f"{out}: {expected}, got one without {STUDY}") from None
        raise RecordError(f"{file}: can't be read ({error.strerror})") from None
    except StudyError as error:
        problems = "; ".join(listed([*map(str, error.problems)]))
        raise RecordError(f"{file}: {problems}") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise RecordError(f"{file}: not a study ({first_line(error)})") from None


def _require_short(value: Any) -> None:
    """Raise ValueError for a text that is longer than any in a study file."""
    if isinstance(value, str) and len(value) > LONGEST:
        raise ValueError(f"expected texts of at most {LONGEST:,} characters, got {len(value):,}")
    if isinstance(value, dict | list):
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            _require_short(item)


def _in_current_words(study: dict[str, Any]) -> dict[str, Any]:
    """A study in today's words; one of format 1 names no primary metric."""
    if "primary" in study:
        return study
    return study | {
        "data": _recolored(study["data"]),
        "variations": {name: _recolored(o) for name, o in study["variations"].items()},
        "claims": [claim | {"test": _renamed(claim["test"])} for claim in study["claims"]],
    }


#: Keys and metrics that have other names now.
_KEYS = {"colour": "color", "data.colour": "data.color"}
_METRICS = {"generalisation_gap": "generalization_gap", "train_seconds": "train_cpu_seconds"}


def _recolored(values: dict[str, Any]) -> dict[str, Any]:
    return {
        _KEYS.get(key, key): "gray" if key in _KEYS and value == "grey" else value
        for key, value in values.items()
    }


def _renamed(test: dict[str, Any]) -> dict[str, Any]:
    metric = test.get("measure", "")
    kind, _, change = metric.partition(":")
    metric = f"drop:{current_name(change)}" if kind == "drop" else _METRICS.get(metric, metric)
    return {key: value for key, value in test.items() if key != "measure"} | {"metric": metric}


# ---- records --------------------------------------------------------------------------------


@dataclass
class StudyRecords:
    """What lies in a folder of results, run by run; a record may be of an earlier configuration."""

    out: Path
    study: Question
    read: dict[Key, Record] = field(default_factory=dict)
    unreadable: dict[Key, str] = field(default_factory=dict)  # run -> why

    def look(self, run: Run) -> None:
        """Read a run's record, again if it was read before."""
        self.read.pop(run.key, None)
        self.unreadable.pop(run.key, None)
        folder = run_folder(self.out, *run.key)
        if not is_folder(folder):
            return
        try:
            if leads_out(folder, self.out):
                raise RecordError(f"{folder}: a link that leads out of {self.out}")
            record = read_record(folder)
            if record.key != run.key:
                raise RecordError(f"{folder}: the record of another run")
            self.read[run.key] = record
        except RecordError as error:
            self.unreadable[run.key] = str(error)

    def sorted(self) -> tuple[dict[Key, Record], dict[Key, str]]:
        """The records that count, in the order of the runs; of the other runs, why they don't."""
        records: dict[Key, Record] = {}
        reasons: dict[Key, str] = {}
        # By the seed of the test images: the first record, and the first with predictions.
        references: defaultdict[int, list[Record]] = defaultdict(list)
        for run in runs(self.study):
            record, alike = self.read.get(run.key), references[run.seed_of("split")]
            if record is None:
                reasons[run.key] = self.unreadable.get(run.key, NOT_TRAINED)
            elif record.facts.config != run.setting.recorded:
                reasons[run.key] = EARLIER_STUDY
            elif not all(_tested_alike(record, other) for other in alike):
                reasons[run.key] = "it was tested on other classes or images; run the study again"
            else:
                records[run.key] = record
                if not alike or not alike[-1].predictions:
                    alike[1:] = [record]
        return records, reasons


def _tested_alike(one: Record, other: Record) -> bool:
    """Whether two runs were tested on the same images and classes, as far as they tell."""
    if (one.classes, one.facts.data.test) != (other.classes, other.facts.data.test):
        return False
    if one.predictions is None or other.predictions is None:
        return True
    return np.array_equal(one.predictions.index, other.predictions.index) and np.array_equal(
        one.predictions.labels, other.predictions.labels
    )


def read_records(out: Path, study: Question) -> StudyRecords:
    """Look at every run that the study allows and the folder has."""
    records, there = StudyRecords(out, study), set(recorded_runs(out))
    for run in runs(study):
        if run.key in there:
            records.look(run)
    return records
