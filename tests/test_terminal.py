"""What commands write: text alone, in any encoding; and what happens where it can't be written."""

import io
import os
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples, telling
from faults.here import in_this_process
from paribus import events
from paribus.cli import main
from paribus.cli.screen import Screen
from paribus.cli.terminal import OutputError, open_streams, tell, write, write_json
from paribus.names import harmless

#: Categories of what steers a terminal, joins or turns letters, or isn't there.
STEERING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

STUDY = """\
name: small
data: {source: digits, size: 16}
epochs: 1
seeds: 1
variations: {}
"""


@dataclass(frozen=True)
class Named:
    """Texts in every place of a value."""

    name: str
    parts: tuple[str, ...]
    more: Any


@pytest.fixture(params=["full", "gone"])
def unwritable(request: pytest.FixtureRequest) -> Iterator[TextIO]:
    """A stream on a full disk, and one whose reader has gone."""
    if request.param == "full":
        handle = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, handle = os.pipe()
        os.close(reader)
    stream = os.fdopen(handle, "w")
    yield stream
    with suppress(OSError):  # of what it still holds
        stream.close()


def exit_code(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    code = ended.value.code
    assert isinstance(code, int)
    return code


@examples(100)
@given(st.recursive(st.text(), lambda some: st.lists(some) | st.dictionaries(st.text(), some)))
def test_no_text_in_a_harmless_value_steers_a_terminal(value: Any) -> None:
    def require(node: Any) -> None:
        match node:
            case str():
                assert not {unicodedata.category(letter) for letter in node} & STEERING
            case list() | tuple():
                for part in node:
                    require(part)
            case dict():
                for part in (*node, *node.values()):
                    require(part)

    made = harmless(Named("\x1b[2J", ("\u202e", "a"), value))
    assert (made.name, made.parts) == (r"\x1b[2J", (r"\u202e", "a"))
    require(made.more)


def test_results_that_cannot_be_written_are_an_error_in_words(
    unwritable: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", unwritable)
    with pytest.raises(OutputError) as caught:
        write("x")
    # Who pipes into `head` has seen enough and needs no words.
    assert (str(caught.value), caught.value.exit_code) in {
        ("", 141),
        ("standard output: can't be written (No space left on device)", 1),
    }
    write_json({})  # nothing more fails, least of all at the end of the process


def test_messages_that_cannot_be_written_are_no_error(
    unwritable: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", unwritable)
    tell("x")
    with Screen() as screen:
        screen.show(events.TrainingBegins(2, 2, 2, 1))
        screen.show(events.RunEnded("main", 0, "failed", 1.0, "x"))


@pytest.mark.parametrize("unwritable", telling(["full", "gone"], "gone"), indirect=True)
def test_a_study_goes_on_without_its_words_and_ends_with_its_own_exit_code(
    unwritable: TextIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small.yaml").write_text(STUDY)
    monkeypatch.setattr("paribus.pipeline.write_report", lambda *_, **__: None)
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, unwritable)
    with in_this_process():
        run = ("run", tmp_path / "small.yaml", "--out", tmp_path / "out", "--jobs", "1")
        assert exit_code(*run) == 0
        assert (tmp_path / "out" / "runs" / "baseline" / "seed-0" / "record.json").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("data", "list"),
        ("data", "list", "--json"),
        ("--help",),
        ("status", "--help"),
        ("completion", "bash"),
    ],
)
def test_a_command_whose_answer_cannot_be_written_ends_with_1_or_with_that_of_a_closed_pipe(
    words: tuple[str, ...],
    unwritable: TextIO,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdout", unwritable)
    full = stat.S_ISCHR(os.fstat(unwritable.fileno()).st_mode)
    assert exit_code(*words) == (1 if full else 141)
    assert capsys.readouterr().err.count("\n") == (1 if full else 0)


def test_an_error_of_the_system_that_no_message_is_about_is_told_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(out: Path) -> None:  # the tests may run as root, whom no mode stops
        raise PermissionError(13, "Permission denied", str(out / "runs\x1b[2J"))

    monkeypatch.setattr("paribus.status.status", refuse)
    assert exit_code("status", tmp_path) == 1
    assert capsys.readouterr().err == f"{tmp_path}/runs\\x1b[2J: Permission denied\n"


@pytest.mark.parametrize("word", ["--x\x1b[2J", "x\u202e"])
def test_what_was_typed_wrongly_is_quoted_as_text(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(word) == 2
    assert capsys.readouterr().err.replace("\n", "").isprintable()


def test_any_text_can_be_written_in_any_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO(), io.BytesIO()
    for name, file in zip(("stdout", "stderr"), written, strict=True):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(file, "ascii"))
    open_streams()
    write("chât → 犬")
    tell("chât → 犬")
    sys.stderr.flush()
    for file in written:
        assert file.getvalue() == b"ch\\xe2t \\u2192 \\u72ac\n"


#: Ends with the number that the next opened file gets.
NEXT_FILE = """
import os
from paribus.cli import main
try:
    main(["data", "list"])
except SystemExit as ended:
    assert not ended.code
os._exit(os.open(os.devnull, os.O_RDONLY))
"""


def test_no_file_takes_the_place_of_a_closed_stream() -> None:
    shell = '"$0" -c "$1" >&- 2>&-'
    done = subprocess.run(["sh", "-c", shell, sys.executable, NEXT_FILE], check=False)
    assert done.returncode > 2
