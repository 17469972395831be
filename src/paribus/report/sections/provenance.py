"""How the results were made: proof of pairing, versions, machine, data, and how to repeat it."""

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from ruamel.yaml import YAML

from paribus.data.published import SETS
from paribus.data.stl10 import DOWNLOAD
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.differences import correlations
from paribus.narrative.images import on_left_out
from paribus.narrative.networks import names
from paribus.records.dates import are_possible, span
from paribus.records.pairing import Pairing
from paribus.records.types import DataFacts, DeviceFacts, Environment, RunFacts
from paribus.report.blocks import Block, Cell, Code, Paragraph, Table, note
from paribus.report.sections.scripts import again, depends, drawn_streams
from paribus.results import Results
from paribus.study.data import Csv, Folder, Npz, Published, Stl10
from paribus.study.found import FoundStudy
from paribus.study.read import code_named
from paribus.study.scripted import ScriptedStudy
from paribus.study.spec import Question, Study
from paribus.tables.by_setting import SettingResult

#: Variations whose correlation with the baseline is listed.
MOST_CORRELATIONS = 20

#: The title of a row and its text; without text the row is left out.
Fact = tuple[str, str]


def proof(results: Results) -> Iterator[Block]:
    """What each variation shares with the baseline, as far as the records have hashes."""
    if not results.study.paired and results.sources is not None:
        yield Paragraph(results.sources.pairing)
        return
    if not results.study.paired:
        yield Paragraph(
            "The study is unpaired (`paired: false`): equal seeds of two settings don't "
            "correspond, and each setting's runs are a group of their own."
        )
        return
    if not results.pairings:
        yield Paragraph("There is only one setting, so there is nothing to pair.")
        return
    if results.drawn:
        yield from drawn_streams(results)
        return
    baseline, unproved = results.baseline.name, _unproved(results)
    if unproved and not results.proven:
        yield Paragraph(_DECLARED)
        yield from _realized(results)
        return
    yield Paragraph(_in_short(results.pairings, baseline))
    yield note(
        "Every run records SHA-256 hashes of what it draws from each random stream. Equal "
        "hashes mean that two runs drew the very same numbers: they share the luck of their "
        "seed, and it cancels in their difference."
    )
    yield Table(
        f"Seeds in which a variation's hashes equal those of {baseline}",
        ("Variation", "Image order", "Augmentation", "Dropout", "Initial values"),
        [(pairing.setting, _equal(pairing)) for pairing in results.pairings],
    )
    yield note(
        "Streams that neither setting uses are equal too. Each augmentation draws from a stream of "
        "its own; those are compared that both settings use."
    )
    for pairing, result in zip(results.pairings, results.variations, strict=True):
        if pairing.seeds:
            yield Paragraph(_difference(pairing, result, baseline))
        if pairing.varying:
            yield Paragraph(
                f"The pairing of {pairing.setting} with {baseline} is not proved: built twice "
                f"from the same seed, {names(pairing.varying)} started with different values."
            )
        if pairing.unseeded:
            yield Paragraph(
                f"The pairing of {pairing.setting} with {baseline} is not proved: in training, a "
                "network gave different outputs from the same seed."
            )
    if unproved:
        where = [f"{name} in {words.count(seeds, 'seed')}" for name, seeds in unproved.items()]
        yield Paragraph(f"Without hashes: {words.listed(where)}. {_DECLARED}")


def _realized(results: Results) -> Iterator[Block]:
    """How closely pairs agree that are only declared: the one trace that shared luck leaves."""
    found = list(correlations(results.compared)) if results.compared else []
    if found:
        yield note(
            f"Correlation of the paired values of {safe_name(results.primary.label)}. Near 0, the "
            "runs of a seed share no luck, and pairing gains nothing."
        )
        for text in found[:MOST_CORRELATIONS]:
            yield Paragraph(words.typeset(text))


def _in_short(pairings: Sequence[Pairing], baseline: str) -> str:
    """Pairing in a sentence: in how many pairs of runs the hashes are equal."""
    pairs = sum(of.seeds for of in pairings)
    equal = sum(min(of.order, of.augmentation, of.dropout) for of in pairings)
    started = sum(of.initial_values for of in pairings)
    return (
        f"Proved by hashes: {words.whole(equal)} of {words.whole(pairs)} pairs of runs with "
        f"{baseline} drew the same order of images, augmentation and dropout, and "
        f"{words.whole(started)} started from the same values where they have the same layers."
    )


_DECLARED = (
    "Where the records have no hashes of what the runs drew from their random streams, pairing is "
    "declared by equal seeds, not proved. The luck of a seed cancels only if both of its runs "
    "really drew the same numbers."
)


def _unproved(results: Results) -> dict[str, int]:
    """Variation -> the seeds that it and the baseline finished, but without hashes."""
    baseline = {record.facts.seed for record in results.baseline.finished}
    counts = {
        result.name: sum(record.facts.seed in baseline for record in result.finished)
        - pairing.seeds
        for pairing, result in zip(results.pairings, results.variations, strict=True)
    }
    return {name: seeds for name, seeds in counts.items() if seeds}


def _equal(pairing: Pairing) -> list[Cell]:
    if not pairing.seeds:
        return [Cell("no seed with hashes of both"), *[Cell(words.NONE)] * 3]
    equal = (pairing.order, pairing.augmentation, pairing.dropout, pairing.initial_values)
    return [Cell(f"{number} of {pairing.seeds}") for number in equal]


def _difference(pairing: Pairing, result: SettingResult, baseline: str) -> str:
    """What a variation changes, and which parameters the two networks started with."""
    changes = words.listed([safe_name(path) for path in result.setting.changes]) or "nothing"
    shared = words.count(len(pairing.shared), "parameter tensor")
    text = (
        f"{pairing.setting} changes {changes} and nothing else. It shares {shared} with {baseline}"
    )
    if pairing.varying:
        text += "."
    elif pairing.unequal:
        text += f"; in some seeds, {names(pairing.unequal)} start with other values."
    elif pairing.shared:
        text += f", which start equal in {pairing.initial_values} of {pairing.seeds} seeds."
    else:
        text += "."
    if pairing.only_here:
        text += f" Only {pairing.setting} has {names(pairing.only_here)}."
    if pairing.only_baseline:
        text += f" Only {baseline} has {names(pairing.only_baseline)}."
    return text


def provenance(results: Results) -> Iterator[Block]:
    """Versions, machine, data and dates, the study file, and the command."""
    study = results.study
    if isinstance(study, ScriptedStudy):
        yield Paragraph("Machine, versions, dates, files, and how to run it again.")
        yield _table(results)
        yield from depends(results)
        yield Code("Study file", study_file(study))
        yield Code("Save it as study.yaml and run it again with", *again(study))
        return
    if not isinstance(study, Study):
        return
    yield Paragraph("Machine, versions, data, dates, study file, and how to run it again.")
    yield _table(results)
    if _differ([environment for environment, _ in environments(results)]):
        yield Paragraph(
            "The runs come from more than one machine or version: their numbers may differ in "
            "the last bits, and their training times can't be compared."
        )
    if elsewhere := went_on_elsewhere(results):
        yield Paragraph(
            f"Not bit-reproducible: {words.listed(elsewhere)} resumed under another PyTorch, "
            "engine, processor type or number of threads, as requested. The last bits differ "
            "from those of an uninterrupted run and can't be reproduced."
        )
    yield Code("Study file", study_file(study))
    run = command(study)
    notes = " ".join(_on_command(study))
    yield Code("Save it as study.yaml and run it again with", run, notes)


def command(study: Study) -> str:
    """What runs a study again, from what it says alone.

    Its file has what options of the first call changed (--seeds, --looks, --most, --epochs,
    --engine). Paths of the machine aren't kept: reports are shared.
    """
    data_dir = " --data-dir FOLDER" if isinstance(study.data, Stl10 | Published) else ""
    code = " --allow-code" if code_named(study) else ""
    return f"paribus run study.yaml{data_dir}{code}"


def _on_command(study: Study) -> Iterator[str]:
    """What must be there for the command to work."""
    if isinstance(study.data, Stl10):
        yield (
            "FOLDER is where STL-10's binary files lie; without --data-dir they are downloaded "
            f"(about {DOWNLOAD} MB)."
        )
    if isinstance(study.data, Published):
        size = SETS[study.data.source].megabytes
        yield (
            "FOLDER is where the set's official files lie; without --data-dir they are downloaded "
            f"(about {size} MB)."
        )
    if isinstance(study.data, Folder | Csv | Npz) and not PurePath(study.data.path).is_absolute():
        yield "The path of the images is taken from the folder in which you run it."
    if code_named(study):
        yield (
            "The study runs Python code that it names: read it first. Its modules are looked for "
            "in the folder in which you run it, after all installed packages."
        )


def went_on_elsewhere(results: Results) -> list[str]:
    """The runs that were trained in more than one place, where the last bits differ."""
    return [
        f"{safe_name(record.facts.setting)}, seed {record.facts.seed}"
        for record in results.records
        if record.facts.other_machines
    ]


def _differ(known: Sequence[Environment]) -> bool:
    """Whether there are several machines or versions.

    A study may be about engines or kinds of devices, not about builds and types of GPUs.
    """
    known = [environment for environment in known if environment != Environment()]
    apart = {"engine": None, "device": None}
    elsewhere = {environment.model_copy(update=apart) for environment in known}
    builds = {environment.engine for environment in known if environment.engine}
    gpus = {(gpu.name, gpu.driver, gpu.libraries) for each in known if (gpu := each.device)}
    return max(len(elsewhere), len(builds), len(gpus)) > 1


def environments(results: Results) -> list[tuple[Environment, int]]:
    """Every machine and set of versions, with the number of its runs, the commonest first."""
    return Counter(record.facts.environment for record in results.records).most_common()


def study_file(study: Question) -> str:
    """A study as YAML, without what is at its default; what can't be printed has YAML's codes."""
    text = _yaml(study, codes=False)
    return text if all(map(str.isprintable, text.split("\n"))) else _yaml(study, codes=True)


def _yaml(study: Question, *, codes: bool) -> str:
    file = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 96
    yaml.allow_unicode = not codes
    yaml.dump(_short(study), file)
    return file.getvalue().strip()


def _short(study: Question) -> dict[str, Any]:
    if isinstance(study, FoundStudy):
        return study.declaration()
    whole = study.model_dump(mode="json")
    short = study.model_dump(mode="json", exclude_defaults=True)
    # The kind decides which keys a section may have, so it stays although it has a default.
    kinds = {
        key: {"kind": whole[key]["kind"]} | part
        for key, part in short.items()
        if isinstance(part, dict) and "kind" in whole[key]
    }
    last = ("seeds", "baseline", "variations")
    first = ["name", *(key for key in short if key not in {"name", *last})]
    return {key: kinds.get(key, short[key]) for key in (*first, *last) if key in short}


def _table(results: Results) -> Table:
    rows = []
    for environment, runs in environments(results):
        rows += [("Runs", words.whole(runs)), *_environment(environment)]
    for data in dict.fromkeys(record.facts.data for record in results.records):
        rows += _data(data)
    rows += _training(results)
    known = [(title, [Cell(safe_name(text))]) for title, text in rows if text]
    return Table("Machine, versions, data and dates", ("", ""), known, numeric=False)


def _gpu(device: DeviceFacts) -> str:
    """A GPU's type, its driver and libraries, and how it computed."""
    driver = f"driver {device.driver}" if device.driver else ""
    bits = "deterministic algorithms" if device.deterministic else "its fastest algorithms"
    parts = (device.name or device.kind, driver, device.libraries, device.precision, bits)
    return ", ".join(part for part in parts if part)


def _environment(environment: Environment) -> list[Fact]:
    if environment == Environment():
        return [("Machine and versions", "unknown")]
    commit = environment.git_commit or "none: not a git checkout"
    changed = ", with uncommitted changes" if environment.git_dirty else ""
    threads = "" if environment.threads is None else words.whole(environment.threads)
    engine = "PyTorch" if environment.torch else ""
    if own := environment.engine:
        engine = f"Paribus's own, built for {own.build}, SHA-256 {own.digest}"
    gpu = _gpu(environment.device) if environment.device else ""
    return [
        ("Paribus", environment.paribus),
        ("Commit", f"{commit}{changed}"),
        ("Python", environment.python),
        ("PyTorch", environment.torch),
        ("Engine", engine),
        ("GPU", gpu),
        ("NumPy", environment.numpy),
        ("System", environment.platform),
        ("Processor", ", ".join(filter(None, (environment.cpu, environment.cpu_capability)))),
        ("Threads per run", threads),
    ]


def _data(data: DataFacts) -> list[Fact]:
    images = sum(filter(None, (data.training, data.validation, data.test)))
    size = words.count(images, "image") if images else ""
    return [
        ("Data", ", ".join(filter(None, (words.readable(data.source), size)))),
        ("Data fingerprint", data.fingerprint),
        ("Left out", on_left_out(data)),
    ]


def _dates(facts: Sequence[RunFacts]) -> list[Fact]:
    """When the runs trained; what a wrong clock wrote down is said to be that."""
    now = datetime.now(UTC)
    right = [run for run in facts if are_possible(run, now)]
    wrong = [run for run in facts if not are_possible(run, now)]
    rows = []
    if known := span(right):
        first, last = (f"{date:%Y-%m-%d %H:%M}" for date in known)
        rows.append(("Trained", f"{first} to {last} UTC"))
    if wrong:
        one = wrong[0]
        dates = " to ".join(date or "unknown" for date in (one.started, one.ended))
        example = f"as {one.setting}, seed {one.seed}: {dates}"
        rows.append(("Impossible dates", f"{words.count(len(wrong), 'run')}, {example}"))
    return rows


def _training(results: Results) -> list[Fact]:
    """When and how long the runs trained, and what interrupted them."""
    facts = [record.facts for record in results.records]
    rows = _dates(facts)
    if minutes := sum(run.train_seconds for run in facts) / 60:
        rows.append(("Total training time", f"{minutes:,.1f}{words.NO_BREAK}minutes on one core"))
    if resumes := sum(run.resumes for run in facts):
        bits = "" if went_on_elsewhere(results) else ", bit-identical"
        rows.append(("Resumed from a checkpoint", f"{words.count(resumes, 'time')}{bits}"))
    if retries := sum(run.retries for run in facts):
        rows.append(("Retried after being killed", words.count(retries, "time")))
    if peak := max(run.peak_memory or 0 for run in facts):
        rows.append(("Peak memory of a process", f"{peak / 2**20:,.0f}{words.NO_BREAK}MiB"))
    return rows
