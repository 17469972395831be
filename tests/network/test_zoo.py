"""timm's networks by name: as timm builds them, from the seed, and refused in words."""

import socket
import sys
from typing import Any

import pytest
import torch

from network.timm_oracle import timm_library
from paribus.errors import NetworkError, StudyError
from paribus.network import zoo
from paribus.network.build import build, build_and_describe
from paribus.network.code import code_digest
from paribus.study.networks import TimmNetwork
from paribus.study.read import parse_study
from trained import trained

SHAPE = (1, 32, 64)


def network(name: str, **arguments: Any) -> TimmNetwork:
    return TimmNetwork(kind=f"timm:{name}", arguments=arguments)


@pytest.fixture
def timm(monkeypatch: pytest.MonkeyPatch) -> Any:
    """timm, with nothing to ask for weights."""
    library = timm_library()

    def refuse(*_: object) -> None:
        raise AssertionError("asks the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return library


@pytest.mark.parametrize(
    "name", ["resnet10t.c3_in1k", "vit_tiny_patch16_224", "test_convnext", "test_mambaout"]
)
def test_it_is_the_one_that_timm_builds(timm: Any, name: str) -> None:
    ours, facts = build_and_describe(network(name), SHAPE, 5, seed=3)
    sides = {"img_size": SHAPE[1:]} if name.startswith("vit") else {}
    theirs = timm.create_model(name, num_classes=5, in_chans=1, **sides)
    assert str(ours) == str(theirs)
    assert ours.training
    assert facts.parameters == sum(p.numel() for p in theirs.parameters())
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(2, *SHAPE)
    torch.testing.assert_close(ours.eval()(images), theirs.eval()(images), rtol=0, atol=0)


def test_it_starts_from_the_seed(timm: Any) -> None:
    first, again, other = (
        build(network("test_resnet"), SHAPE, 5, seed).state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["fc.weight"], other["fc.weight"])


def test_arguments_go_to_timm(timm: Any) -> None:
    module = build(network("resnet10t", drop_path_rate=0.5), SHAPE, 5, seed=0)
    paths = [m for m in module.modules() if type(m).__name__ == "DropPath"]
    rates: list[Any] = [path.drop_prob for path in paths]
    assert max(rates) == 0.5


@pytest.mark.parametrize(
    ("name", "parameters", "billions"),
    [
        # As timm's results/benchmark-infer tables have them, for 224x224 pixels.
        ("resnet18", 11.69, 1.82),
        ("vit_tiny_patch16_224", 5.72, 1.26),
        ("convnext_atto", 3.70, 0.55),
    ],
)
def test_parameters_and_multiply_adds_are_those_that_timm_publishes(
    timm: Any, name: str, parameters: float, billions: float
) -> None:
    facts = build_and_describe(network(name), (3, 224, 224), 1000, seed=0)[1]
    assert facts.parameters is not None and facts.multiply_adds is not None
    assert facts.parameters / 1e6 == pytest.approx(parameters, abs=0.01)
    assert facts.multiply_adds / 1e9 == pytest.approx(billions, abs=0.01)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("resnet18", ["2 x BasicBlock 64", "2 x BasicBlock 128", "2 x BasicBlock 256"]),
        ("vit_tiny_patch16_224", ["12 x Block 192"]),
        ("regnety_002", ["1 x RegStage 24", "1 x RegStage 56"]),
    ],
)
def test_deep_networks_are_described_by_their_parts(timm: Any, name: str, lines: list[str]) -> None:
    layers = build_and_describe(network(name), (3, 64, 64), 10, seed=0)[1].layers
    assert len(layers) <= 20
    assert [layer for layer in layers if layer in lines] == lines


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("resnet81", {}, "timm has no 'resnet81'; did you mean 'resnet"),
        ("vit_tiny_patch16_224", {"depht": 3}, "TypeError: .*'depht'"),
        ("resnet18.of_nobody", {}, "of_nobody"),
        ("vit_tiny_patch16_224", {"num_heads": 5}, "images of shape .* AssertionError"),
    ],
)
def test_what_timm_cant_build_is_refused_in_a_line(
    timm: Any, name: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(NetworkError, match=f"^timm:{name}: .*{message}") as error:
        build(network(name, **arguments), SHAPE, 5, seed=0)
    assert "\n" not in str(error.value)


def test_without_timm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    zoo._timm.cache_clear()
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(NetworkError, match=r"needs timm: pip install 'paribus\[timm\]'"):
        build(network("resnet18"), SHAPE, 5, seed=0)


def test_another_version_of_timm_is_another_network(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = set()
    for version in ("1.0.0", "1.0.1", "1.0.1"):
        monkeypatch.setattr(zoo, "version", lambda _, found=version: found)
        digests.add(code_digest(network("resnet18")))
    assert len(digests) == 2


# ---- in a study ------------------------------------------------------------------------------

STUDY = "name: s\ndata: digits\nepochs: 1\nnetwork: "


@pytest.mark.parametrize(
    "written",
    ["timm:resnet18", "{kind: 'timm:resnet18.a1_in1k', arguments: {drop_path_rate: 0.1}}"],
)
def test_a_study_names_it(written: str) -> None:
    found = trained(parse_study(STUDY + written)).network
    assert isinstance(found, TimmNetwork)
    assert found.name.startswith("resnet18")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("'timm:a/b'", "expected timm: and a name of its list, as timm:resnet18 or"),
        ("'timm:hf-hub:x'", "expected timm: and a name of its list"),
        (
            "{kind: 'timm:resnet18', arguments: {checkpoint_path: x.pth, in_chans: 1}}",
            "expected arguments without checkpoint_path, in_chans, which Paribus sets",
        ),
        ("{kind: 'timm:resnet18', drop_path_rate: 0.1}", "unknown key 'drop_path_rate'"),
    ],
)
def test_what_would_ask_elsewhere_or_isnt_a_name_is_refused(written: str, message: str) -> None:
    with pytest.raises(StudyError) as error:
        parse_study(STUDY + written)
    assert message in str(error.value)
