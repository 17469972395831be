"""Configurations: plain values from YAML, whichever way it is read, and nothing built from it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from paribus.errors import SourceError
from paribus.sources import configs
from paribus.sources.configs import flat, read_yaml

PLAIN = """\
lr: 1.0e-05
wd: 1e-4
epochs: 300
aa: null
amp: true
name: 'a: b'
path: ./data/x.y
when: 2026-01-31
empty: ''
nothing:
kw: {}
betas:
- 0.9
- 0.999
optimizer:
  name: sgd
  inner:
    x: -1
last: .inf
"""
TREE = {
    "lr": 1e-5, "wd": 1e-4, "epochs": 300, "aa": None, "amp": True, "name": "a: b",
    "path": "./data/x.y", "when": "2026-01-31", "empty": "", "nothing": None, "kw": {},
    "betas": [0.9, 0.999], "optimizer": {"name": "sgd", "inner": {"x": -1}}, "last": float("inf"),
}  # fmt: skip


def tree(folder: Path, text: str) -> Any:
    (folder / "config.yaml").write_text(text)
    return read_yaml(folder / "config.yaml")


def test_both_ways_of_reading_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert configs._simple(PLAIN) == TREE
    monkeypatch.setattr(configs, "_simple", lambda text: None)
    assert tree(tmp_path, PLAIN) == TREE


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(alphabet="ab1.-:{}[]'\"\n #", max_size=40))
def test_the_fast_way_never_differs_from_the_parser(text: str) -> None:
    fast = configs._simple(text)
    if fast is not None:
        assert fast == configs._parsed(text, Path("x.yaml"))


def test_tags_build_nothing(tmp_path: Path) -> None:
    text = (
        "a: !!python/object/apply:os.system ['touch /tmp/x']\n"
        "b: !!python/name:torch.nn.ReLU ''\nc: !!python/tuple [1, 2]\n"
        "d: !!python/object:argparse.Namespace {lr: 0.1}\n"
    )
    assert tree(tmp_path, text) == {
        "a": ["touch /tmp/x"], "b": "torch.nn.ReLU", "c": [1, 2], "d": {"lr": 0.1},
    }  # fmt: skip


def test_aliases_are_what_they_stand_for(tmp_path: Path) -> None:
    assert tree(tmp_path, "a: &x [1, 2]\nb: *x\nc: {<<: {y: 1}, z: 2}\n") == {
        "a": [1, 2], "b": [1, 2], "c": {"y": 1, "z": 2},
    }  # fmt: skip


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "a: &a [*a]\n",
        "a: *b\n",
        "[" * 10_000,
        "a: [1\n",
        "a: b: c\n",
        "\x00",
        "x" * 1_000_001,
    ],
)
def test_hostile_files_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"config\.yaml"):
        tree(tmp_path, text)


def test_a_tree_is_dotted_and_flat() -> None:
    nested = {"a": {"b": {"c": 1}}, "d": [1, {"e": 2}], "f": {}, "g": 10**30}
    assert flat(nested) == {"a.b.c": 1, "d": '[1, {"e": 2}]', "f": "{}", "g": str(10**30)}


def test_what_another_library_writes_is_read(tmp_path: Path) -> None:
    with (tmp_path / "config.yaml").open("w") as file:
        YAML(typ="safe", pure=True).dump(TREE, file)
    assert read_yaml(tmp_path / "config.yaml") == TREE
