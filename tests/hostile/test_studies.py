"""A stranger's study file is refused with its line, at once, and in little memory."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from effort import examples, telling
from hostile.measured import Measured, forked, paribus
from hostile.mutations import mutated
from hostile.studies import GOOD, HOSTILE, TELLING
from paribus.cli import main
from paribus.errors import StudyError
from paribus.report.sections.provenance import study_file
from paribus.study import networks
from paribus.study.config import Config
from paribus.study.data import Digits, Folder, Stl10
from paribus.study.optimizers import OPTIMIZERS
from paribus.study.plan import settings
from paribus.study.read import LARGEST, MOST_VALUES, parse_study
from paribus.study.schedules import SCHEDULES
from paribus.study.spec import Study
from trained import trained

SECONDS, MEGABYTES = 2.0, 200.0
#: Seconds that a command takes to start, at most; what is forked has started already.
STARTING = 0.8

NAMES = telling(HOSTILE, *TELLING)


def test_there_are_fifty_of_them() -> None:
    assert len(HOSTILE) >= 50


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Measured]:
    """What `paribus plan` says to each."""
    folder = tmp_path_factory.mktemp("studies")
    for number, name in enumerate(NAMES):
        write(folder / f"{number}.yaml", HOSTILE[name][0])
    commands = [["plan", f"{number}.yaml"] for number in range(len(NAMES))]
    result = dict(zip(NAMES, forked(commands, folder), strict=True))
    assert len(list(folder.iterdir())) == len(NAMES), "something was written"
    return result


def write(path: Path, content: str | bytes) -> None:
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


class TestAHostileStudy:
    @pytest.mark.parametrize("name", NAMES)
    def test_is_refused_with_its_line_within_two_seconds_and_200_megabytes(
        self, name: str, refusals: dict[str, Measured]
    ) -> None:
        refusal, number = refusals[name], NAMES.index(name)
        assert refusal.code == 2
        assert refusal.message.startswith(f"{number}.yaml:{HOSTILE[name][1]}:")
        assert len(refusal.message) < 50_000
        assert refusal.message.replace("\n", "").isprintable()
        assert refusal.seconds < SECONDS - STARTING
        assert refusal.megabytes < MEGABYTES


@pytest.mark.parametrize(
    "name", telling(["overrides", "comments", "aliases of lists"], "overrides")
)
def test_the_whole_command_takes_two_seconds_and_200_megabytes(name: str, tmp_path: Path) -> None:
    write(tmp_path / "study.yaml", HOSTILE[name][0])
    done = paribus("plan", "study.yaml", cwd=tmp_path)
    assert done.code == 2
    assert done.seconds < SECONDS
    assert done.megabytes < MEGABYTES


@pytest.mark.parametrize("place", ["a pipe", "a device", "a folder", "a link to itself"])
def test_what_is_no_file_is_refused_and_not_read(place: str, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    match place:
        case "a pipe":
            os.mkfifo(study)
        case "a device":
            study.symlink_to("/dev/zero")
        case "a folder":
            study.mkdir()
        case "a link to itself":
            study.symlink_to(study)
    done = paribus("run", "study.yaml", cwd=tmp_path)
    assert done.code == 2
    assert done.message.startswith("study.yaml:1:1: file: a study can't be read: ")
    assert (done.seconds < SECONDS, done.megabytes < MEGABYTES) == (True, True)


@pytest.mark.parametrize("name", ["a network of somebody's", "a variation of somebody's"])
def test_code_is_not_run_without_permission_and_it_is_said_why(name: str, tmp_path: Path) -> None:
    module = tmp_path / "evil.py"
    module.write_text("open('pwned', 'w')")
    text = str(HOSTILE[name][0]).replace("os:system", "evil:net")
    (tmp_path / "study.yaml").write_text(text)
    done = paribus("run", "study.yaml", cwd=tmp_path)
    assert done.code == 2
    assert "runs its code with your rights: read it, then add --allow-code" in done.message
    assert not (tmp_path / "pwned").exists()


def test_aliases_that_a_person_writes_are_welcome() -> None:
    text = GOOD + "  both: {optimizer.weight_decay: &w 1e-5, optimizer.lr: *w}\n"
    assert parse_study(text).variations["both"] == {
        "optimizer.weight_decay": 1e-5,
        "optimizer.lr": 1e-5,
    }


def test_a_study_of_the_largest_size_is_read() -> None:
    filled = GOOD + "".join(
        f"  v{n}: {{optimizer.lr: 0.{n + 1}}}\n" for n in range((MOST_VALUES - 40) // 4)
    )
    text = filled + "#" * (LARGEST - len(filled))
    assert len(parse_study(text).variations) == 1 + (MOST_VALUES - 40) // 4


# ---- overrides: of any kind, path and type, on every form of the baseline --------------------

NETWORKS: list[dict[str, Any]] = [
    {},
    {"network": "lenet5"},
    {"network": {"kind": "wide_resnet", "widen": 2}},
    {"network": {"batch_norm": True}},
    {"network": "a.b:c"},
    {"network": {"kind": "a.b:c", "arguments": {"width": 3}}},
    {"network": {"kind": "timm:resnet18", "arguments": {"drop_rate": 0.1}}},
    {"network": {"kind": "resnet20", "freeze": ["conv*"], "pretrained": "a"}},
]
DATA: list[dict[str, Any]] = [
    {"source": "digits"},
    {"source": "stl10", "size": 16},
    {"source": "folder", "path": "images"},
]
SECTIONS: tuple[type[BaseModel], ...] = (
    Digits,
    Stl10,
    Folder,
    *networks.NETWORKS.values(),
    *OPTIMIZERS,
    *SCHEDULES.values(),
)
KEYS = sorted({key for section in SECTIONS for key in section.model_fields} | {"lr.x", "a.b", ""})
PATHS = [
    *Study.model_fields,
    *(f"{part}.{key}" for part in (*Config.model_fields, "seeds", "") for key in KEYS),
    "network.arguments.width",
    f"network.arguments.{'a.' * 900}a",
]
OVERRIDES: list[Any] = [
    None, True, -1, 0, 3, 0.5, 1e308, 10**30, "", "x", "lenet5", "evil:f", "evil:f:g", "adam",
    "sgd", "resnet20", "step", "cosine", "gray", "native", [], [1], {}, {"kind": "evil:f"},
    "timm:resnet18", "timm:../x", ["*"],
    {"kind": "sgd", "lr": 1}, {"kind": 3}, {"kind": ["a:b"]}, {"a": {"b": [{}]}}, "a" * 1_999,
]  # fmt: skip


@examples(300)
@given(
    st.sampled_from(NETWORKS),
    st.sampled_from(DATA),
    st.dictionaries(st.sampled_from(PATHS), st.sampled_from(OVERRIDES), min_size=1, max_size=3),
)
@example({"network": "lenet5"}, DATA[0], {"network.kind": "evil:f"})
@example({}, DATA[0], {PATHS[-1]: 1})
def test_any_override_is_understood_or_refused_with_its_line(
    network: dict[str, Any], data: dict[str, Any], overrides: dict[str, Any]
) -> None:
    study = {"name": "a", "data": data, "epochs": 1, **network, "variations": {"v": overrides}}
    text = json.dumps(study, indent=1)  # which is YAML, too
    try:
        read = trained(parse_study(text, "s.yaml"))
    except StudyError as error:
        assert all(text.splitlines()[p.line - 1].strip() for p in error.problems)
        assert all(p.message and p.line > 1 for p in error.problems)
        return
    (_, setting) = settings(read)
    assert Config.model_validate_json(setting.config.model_dump_json()) == setting.config
    assert Study.model_validate_json(read.model_dump_json()) == read
    assert study_file(read)


def test_options_that_replace_a_value_are_checked_with_the_file(tmp_path: Path) -> None:
    write(tmp_path / "s.yaml", GOOD)
    for words in (["--epochs", "9" * 20], ["--looks", "5,2000"]):
        done = CliRunner().invoke(main, ["plan", str(tmp_path / "s.yaml"), *words])
        assert done.exit_code == 2
        assert "expected a number less than or equal to" in done.stderr


def test_more_runs_than_any_study_has_are_refused() -> None:
    many = {f"v{number}": {"epochs": 2 + number} for number in range(200)}
    study = {"name": "a", "data": DATA[0], "epochs": 1, "seeds": 1000, "variations": many}
    with pytest.raises(StudyError, match="expected at most 20,000 runs, got 201 settings of 1,000"):
        parse_study(json.dumps(study))


# ---- fuzzing: any text is a study or a list of problems --------------------------------------

ALL_WORDS = """
    name data source digits stl10 folder path epochs network lenet5 kind optimizer lr schedule step
    seeds until decided looks variations claims id says test expect margin baseline << .. ~ 1e-3
    network.batch_norm optimizer.lr data.size a.b:c 0x1f .nan -.inf 2001-01-01 yes &a *a !!set | >
    ? - %
"""
WORDS = st.sampled_from([*ALL_WORDS.split(), "", "\t", "\0", "\u202e", "# "])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


def read_or_refused(text: str) -> None:
    try:
        assert isinstance(parse_study(text, "s.yaml"), Study)
    except StudyError as error:
        lines = len(re.split("\r\n|[\r\n\x85\u2028\u2029]", text))  # as YAML ends them
        assert error.problems
        assert all(1 <= p.line <= lines and p.column >= 1 and p.message for p in error.problems)


@examples(100)
@given(
    st.lists(WORDS | st.sampled_from([": ", "\n", "\n  ", "{", "}", "[", "]", ", "]), max_size=60)
)
def test_any_words_are_a_study_or_are_refused(words: list[str]) -> None:
    read_or_refused("".join(words))


@examples(100)
@given(mutated(GOOD.encode()))
def test_any_damage_to_a_study_leaves_one_or_is_refused(content: bytes) -> None:
    read_or_refused(content.decode("utf-8", "replace"))


@examples(100)
@given(st.dictionaries(WORDS, VALUES, max_size=6))
def test_any_values_are_a_study_or_are_refused(values: dict[str, object]) -> None:
    # JSON is YAML; NaN and infinity are text in it.
    read_or_refused(json.dumps({"name": "a", "data": {"source": "digits"}, "epochs": 1} | values))
