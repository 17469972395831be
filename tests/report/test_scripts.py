"""What a report says of a study of scripts: what made the runs, which streams prove the pairing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from paribus.records.store import read_record, run_folder, write_record
from paribus.records.types import Environment, Failure, Record, RunFacts
from paribus.report.blocks import Alert, Block, Code, Paragraph, Table
from paribus.report.sections.alerts import alerts
from paribus.report.sections.answer import lead
from paribus.report.sections.provenance import proof, provenance
from paribus.report.sections.scripts import made_by, output
from paribus.results import Results, read_results
from paribus.study.plan import runs
from paribus.study.read import write_study_copy
from paribus.study.scripted import ScriptedStudy
from scripts.studies import study_of

#: Of each run, by its setting and seed, what it drew from each stream.
Drew = Mapping[tuple[str, int], Mapping[str, str]]


#: Of no run.
NONE: Mapping[tuple[str, int], Any] = MappingProxyType({})


def results_of(
    out: Path, study: ScriptedStudy, drew: Drew = NONE, failed: Mapping[tuple[str, int], str] = NONE
) -> Results:
    """Results with a record of every run."""
    for number, run in enumerate(runs(study)):
        said = failed.get(run.key)
        facts = RunFacts(
            study=study.name, setting=run.setting.name, baseline=study.baseline, seed=run.seed,
            status="failed" if said else "finished",
            failure=Failure(message="it ended with exit code 1", output=said) if said else None,
            changes={path: after for path, (_, after) in run.setting.changes.items()},
            config=dict(run.setting.recorded), digest="x", ended="2026-11-30T10:00:00+00:00",
            metrics={} if said else {"acc": 0.5 + number / 100},
            drawn=dict(drew.get(run.key, {})), files={"train.py": "0" * 64},
            environment=Environment(paribus="0.1.0", cpu="a processor", threads=1),
        )  # fmt: skip
        write_record(out, Record(facts), {})
    write_study_copy(out, study)
    return read_results(out)


def texts(blocks: list[Block]) -> str:
    text = "\n".join(b.text for b in blocks if isinstance(b, Paragraph))
    return text.replace("\u00a0", " ")


def table(blocks: list[Block]) -> dict[str, list[str]]:
    (found,) = (block for block in blocks if isinstance(block, Table))
    return {str(name): [cell.text for cell in cells] for name, cells in found.rows}


@pytest.fixture
def study() -> ScriptedStudy:
    return study_of("python train.py {seed} {rate}", seeds=2)


def test_the_first_line_says_what_made_the_runs_and_how_they_are_paired(
    tmp_path: Path, study: ScriptedStudy
) -> None:
    assert lead(results_of(tmp_path, study)).replace("\u00a0", " ") == (
        "2 settings with 2 seeds each, made by python train.py {seed} {rate}; "
        "paired by seed (declared by equal seeds, not proven)."
    )


@pytest.mark.parametrize(
    ("trainer", "name"),
    [
        ({"command": "python\n  train.py"}, "python train.py"),
        ({"command": "x " * 100}, f"{'x ' * 38}x..."),
        ({"call": "my_code:train"}, "the function my_code:train"),
        ({"call": "__main__:train"}, "the function train"),
    ],
)
def test_a_trainer_has_a_short_name(
    study: ScriptedStudy, trainer: dict[str, Any], name: str
) -> None:
    changed = ScriptedStudy.model_validate(study.model_dump() | {"trainer": trainer})
    assert made_by(changed) == name


SAME = {"torch order": "a", "numpy noise": "b"}


class TestProof:
    def test_names_the_streams_that_agree_in_each_seed(
        self, tmp_path: Path, study: ScriptedStudy
    ) -> None:
        own = {**SAME, "numpy noise": "c", "python mixup": "d"}
        drew = {(name, seed): SAME for name in ("baseline", "more") for seed in (0, 1)}
        results = results_of(tmp_path, study, {**drew, ("more", 1): own})
        blocks = list(proof(results))
        assert results.proven
        assert "Proved by hashes: in every seed" in texts(blocks)
        assert "Only more drew from python mixup." in texts(blocks)
        assert table(blocks) == {"torch order": ["2 of 2"], "numpy noise": ["1 of 2"]}

    def test_is_none_where_no_stream_agrees_in_every_seed(
        self, tmp_path: Path, study: ScriptedStudy
    ) -> None:
        drew = {("baseline", 0): SAME, ("baseline", 1): SAME, ("more", 0): SAME}
        results = results_of(tmp_path, study, {**drew, ("more", 1): {"torch order": "z"}})
        assert not results.proven
        assert "For more, pairing is declared by equal seeds, not proved" in texts(
            [*proof(results)]
        )

    def test_is_none_where_a_run_wrote_down_nothing(
        self, tmp_path: Path, study: ScriptedStudy
    ) -> None:
        drew = {("baseline", 0): SAME, ("baseline", 1): SAME, ("more", 0): SAME}
        results = results_of(tmp_path, study, drew)
        assert not results.proven
        assert "more: 1 seed without hashes of both runs." in texts([*proof(results)])

    def test_says_nothing_is_missing_where_hashes_are_there(
        self, tmp_path: Path, study: ScriptedStudy
    ) -> None:
        drew = {run.key: SAME for run in runs(study)}
        assert not [text for text in results_of(tmp_path, study, drew).missing if "Hashes" in text]


def test_failed_runs_show_what_they_printed_last(tmp_path: Path, study: ScriptedStudy) -> None:
    said = {("more", 0): "Traceback\nValueError: bad\x1b rate"}
    blocks = list(output(results_of(tmp_path, study, failed=said)))
    (code,) = (block for block in blocks if isinstance(block, Code))
    assert code.text == said["more", 0]
    assert "work/SETTING/seed-N/output.txt" in texts(blocks)
    assert not [block for block in blocks if isinstance(block, Alert)]


def test_it_says_how_it_was_made_and_how_to_make_it_again(
    tmp_path: Path, study: ScriptedStudy
) -> None:
    blocks = list(provenance(results_of(tmp_path, study)))
    tables = [block for block in blocks if isinstance(block, Table)]
    facts = {str(name): cells[0].text for name, cells in tables[0].rows}
    assert facts["Processor"] == "a processor"
    assert "PyTorch" not in facts and "Engine" not in facts
    assert [str(name) for name, _ in tables[1].rows] == ["train.py"]
    shown = [block.text for block in blocks if isinstance(block, Code)]
    assert "trainer: {command: 'python train.py {seed} {rate}'}" in shown[0]
    assert shown[1] == "paribus run study.yaml --allow-code"


def test_seeds_that_change_nothing_are_pointed_out(tmp_path: Path, study: ScriptedStudy) -> None:
    results = results_of(tmp_path, study)
    assert not [alert for alert in alerts(results) if "use its seed" in alert.title]
    for run in runs(study):
        record = read_record(run_folder(tmp_path, *run.key))
        facts = record.facts.model_copy(update={"metrics": {"acc": 0.5 + len(run.setting.changes)}})
        write_record(tmp_path, Record(facts), {})
    (alert,) = (a for a in alerts(read_results(tmp_path)) if "use its seed" in a.title)
    assert "baseline and more: without luck" in alert.items[0].replace("\u00a0", " ")
