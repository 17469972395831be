"""What a study may name to build a network, and how errors of a user's code are told."""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch import nn

from paribus.errors import NetworkError
from paribus.network.build import build
from paribus.network.code import code_digest
from paribus.network.own import find
from paribus.study.networks import OwnNetwork

SHAPE = (3, 8, 8)

NETWORKS = """
import functools
from torch import nn

def small(channels, height, width, classes, hidden=4):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(channels * height * width, hidden), nn.Linear(hidden, classes)
    )

class Factory:
    @staticmethod
    def static(**shape):
        return small(**shape)

    def method(self, **shape):
        return small(**shape)

    __call__ = method

larger = functools.partial(small, hidden=6)
factory = Factory()
ready = small(3, 8, 8, 5)
number = 3

def outer(**shape):
    return inner(nn.Linear(3, "x"))

def inner(layer):
    return layer

def wrong_call(channels):
    pass
"""


@pytest.fixture(autouse=True)
def networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module in the current folder with networks of every kind."""
    file = tmp_path / "kinds_of_networks.py"
    file.write_text(textwrap.dedent(NETWORKS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield file
    for name in ("kinds_of_networks", "fails_to_import"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["small", "larger", "factory", "factory.method", "Factory.static"])
def test_whatever_can_be_called_builds_a_network_and_its_file_counts(
    networks: Path, name: str
) -> None:
    kind = f"kinds_of_networks:{name}"
    assert isinstance(build(OwnNetwork(kind=kind), SHAPE, 5, seed=0), nn.Module)
    before = code_digest(OwnNetwork(kind=kind))
    networks.write_text(networks.read_text() + "\n# changed\n")
    assert before != code_digest(OwnNetwork(kind=kind))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ready", "already built, but each seed needs a new one. Name the class or a function"),
        ("number", "expected a class or function, got a value of type int"),
        ("smal", "kinds_of_networks has no 'smal'; did you mean 'small'?"),
        ("Factory.static.more", "static has no 'more'"),
        ("Factory.method", "missing 1 required positional argument: 'self'"),
        (
            "wrong_call",
            "wrong_call() got an unexpected keyword argument 'height'. It is called with channels, "
            "height, width, classes and `arguments`, by name.",
        ),
        ("outer", "kinds_of_networks.py:26: TypeError: empty(): argument 'size'"),
    ],
)
def test_what_builds_none_is_refused_in_one_line(name: str, why: str) -> None:
    with pytest.raises(NetworkError) as refused:
        build(OwnNetwork(kind=f"kinds_of_networks:{name}"), SHAPE, 5, seed=0)
    assert str(refused.value).startswith(f"kinds_of_networks:{name}: ")
    assert why in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def net(:", "fails_to_import.py:1: SyntaxError: invalid syntax"),
        ("\nx = y", "fails_to_import.py:2: NameError: name 'y' is not defined"),
        ("import sys\nsys.exit(3)", "fails_to_import.py:2: SystemExit: 3"),
        (
            "import kinds_of",
            "fails_to_import.py:1: ModuleNotFoundError: No module named 'kinds_of'",
        ),
        (
            "def f():\n    raise ValueError('no')\n\nf()",
            "fails_to_import.py:2: ValueError: no (called from fails_to_import.py:4)",
        ),
    ],
)
def test_an_error_while_importing_is_told_by_the_users_file_and_line(
    tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "fails_to_import.py").write_text(text)
    with pytest.raises(NetworkError) as refused:
        find("fails_to_import:net")
    assert str(refused.value) == f"fails_to_import:net: {why}"


def test_a_network_of_a_script_or_a_notebook_is_refused_with_what_to_do() -> None:
    with pytest.raises(NetworkError, match="name it as `my_networks:net`"):
        find("__main__:net")
