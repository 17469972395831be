"""JSON as the standard has it: what is written can be read anywhere, and what is read is finite."""

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from effort import examples
from paribus.cli import main
from paribus.io.strict_json import dumps, loads
from paribus.log import LOG
from paribus.study.read import STUDY, write_study_copy
from synthetic import make_study

REPOSITORY = Path(__file__).parents[1]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@examples(200)
@given(VALUES)
@example([math.nan, {"a": -math.inf}])
def test_whatever_is_written_is_strict_and_comes_back_with_null_for_no_number(
    value: object,
) -> None:
    text = dumps(value)
    assert json.loads(text, parse_constant=refuse) == loads(text) == without_nan(value)


def without_nan(value: object) -> object:
    match value:
        case dict():
            return {key: without_nan(item) for key, item in value.items()}
        case list():
            return [without_nan(item) for item in value]
        case float():
            return value if math.isfinite(value) else None
    return value


BAD = {
    "deep lists": b"[" * 10_000 + b"]" * 10_000,
    "deep mappings": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "NaN": b'{"a": NaN}',
    "infinity": b"[-Infinity]",
    "a number beyond all": b"[1e999]",
    "a number of too many digits": b"1" * 5_000,
    "half a character": b'"\\ud800"',
    "no text": b"\xff",
    "nothing": b"",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_strict_json_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"line 1|finite"):
        loads(content)


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_status_passes_over_such_a_line_of_the_log_and_refuses_such_a_study(
    content: bytes, tmp_path: Path
) -> None:
    write_study_copy(tmp_path, make_study(seeds=1))
    (tmp_path / LOG).write_bytes(b'{"event": "StudyBegins", "says": "begun"}\n' + content + b"\n")
    done = CliRunner().invoke(main, ["status", str(tmp_path), "--json"])
    assert json.loads(done.stdout, parse_constant=refuse)["last"]["says"] == "begun"
    (tmp_path / STUDY).write_bytes(content)
    done = CliRunner().invoke(main, ["status", str(tmp_path)])
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith(f"{tmp_path / STUDY}: not a study (")


def test_one_place_writes_and_reads_json() -> None:
    modules = (REPOSITORY / "src").rglob("*.py")
    users = {path.name for path in modules if "import json\n" in path.read_text("utf-8")}
    # Programs that stand alone, as scripts of people do, and what such a program says.
    alone = {"supervise.py", "command.py", "drawn.py", "calling.py", "train.py"}
    assert users - alone == {"strict_json.py"}
