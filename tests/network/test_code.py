"""The digest of a user's network covers all that building it reads, and nothing else."""

import hashlib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paribus.network.code import code_digest
from paribus.study.networks import LeNet5, OwnNetwork

FILES = {
    "own_net.py": (
        "import functools, torch\n"
        "from own_parts import blocks\n"
        "def net(**shape):\n"
        "    import own_late\n"
        "partial = functools.partial(net, classes=3)\n"
        "class Factory:\n"
        "    def __call__(self, **shape): ...\n"
        "factory = Factory()\n"
    ),
    "own_parts/__init__.py": "",
    "own_parts/blocks.py": "from . import deep\nimport own_parts.deeper\n",
    "own_parts/deep.py": "",
    "own_parts/deeper.py": "part = 1\n",
    "own_late.py": "try:\n    import not_there\nexcept ImportError:\n    pass\n",
    "weights.bin": "one",
    "unrelated.py": "",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    importlib.invalidate_caches()
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("own_")]:
        del sys.modules[name]


def digest(name: str = "net", **arguments: Any) -> str | None:
    return code_digest(OwnNetwork(kind=f"own_net:{name}", arguments=arguments))


@pytest.mark.parametrize("file", [name for name in FILES if name.endswith(".py")])
def test_each_module_that_is_imported_counts_however_deep(file: str, folder: Path) -> None:
    before = digest()
    (folder / file).write_text(FILES[file] + "\n# changed\n")
    assert (digest() != before) == (file != "unrelated.py")


@pytest.mark.parametrize(
    "arguments",
    [{"weights": "weights.bin"}, {"all": [{"weights": "weights.bin"}]}],
    ids=["named", "nested"],
)
def test_each_file_that_an_argument_names_counts(arguments: dict[str, Any], folder: Path) -> None:
    before, without = digest(**arguments), digest()
    (folder / "weights.bin").write_text("other")
    assert digest(**arguments) != before
    assert digest() == without


def test_files_that_change_places_are_noticed(folder: Path) -> None:
    (folder / "other.bin").write_text("other")
    assert digest(a="weights.bin", b="other.bin") != digest(a="other.bin", b="weights.bin")


@pytest.mark.parametrize("text", ["no file", "x" * 5000, "a\0b", "own_parts", ""])
def test_a_text_that_names_no_file_counts_for_nothing(text: str) -> None:
    assert digest(text=text) == digest()


@pytest.mark.parametrize("name", ["partial", "factory"])
def test_whatever_can_be_called_has_a_digest(name: str) -> None:
    assert digest(name) == digest()


def test_one_file_alone_has_the_digest_that_records_always_had(folder: Path) -> None:
    (folder / "own_net.py").write_text("import torch\nfrom torch import nn\n\ndef net(): ...\n")
    content = (folder / "own_net.py").read_bytes()
    assert digest() == hashlib.sha256(content).hexdigest()


def test_of_an_installed_package_only_the_network_itself_counts() -> None:
    source = Path(sys.modules["hashlib"].__file__ or "")
    kind = OwnNetwork(kind="hashlib:file_digest")  # any callable outside the user's folders
    assert code_digest(kind) == hashlib.sha256(source.read_bytes()).hexdigest()


def test_paribus_own_network_has_none() -> None:
    assert code_digest(LeNet5()) is None
