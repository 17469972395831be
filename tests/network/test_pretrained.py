"""Fine-tuning: what a file gives, what is new, what stays, and what is refused by name."""

import copy
import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from safetensors.torch import save, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from network.timm_oracle import timm_library
from paribus.engine.vocabulary import UnsupportedLayer, translate
from paribus.errors import NetworkError, StudyError
from paribus.io.reading import file_sha256
from paribus.network.build import build, build_and_describe
from paribus.network.code import code_digest
from paribus.records.types import NetworkFacts
from paribus.study.networks import AnyNetwork, Network
from paribus.study.optimizers import AdamW, Sgd
from paribus.study.read import parse_study
from paribus.training.optimizers import build_optimizer
from trained import trained

SHAPE = (3, 16, 16)
RESNET = {"kind": "wide_resnet", "depth": 10, "widen": 1}
EVERY: list[dict[str, Any]] = [
    {"kind": "lenet5", "batch_norm": True},
    {"kind": "mlp", "hidden": [5, 7]},
    {"kind": "convnet"},
    {"kind": "resnet20"},
    RESNET,
    {"kind": "vit_tiny"},
    {"kind": "convnext_atto"},
]


def network(keys: dict[str, Any], **more: Any) -> Any:
    return TypeAdapter(Network).validate_python(keys | more)


def kind(keys: dict[str, Any]) -> str:
    return str(keys["kind"])


def trained_once(keys: dict[str, Any], classes: int, shape: Any = SHAPE) -> dict[str, Tensor]:
    """A network's state in which nothing is as it began, its statistics neither."""
    torch.manual_seed(7)
    module = build(network(keys), shape, classes, seed=99)
    state = module.state_dict()
    return {
        name: torch.rand_like(tensor) if tensor.is_floating_point() else tensor + 3
        for name, tensor in state.items()
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "weights.safetensors"


def tuned(
    keys: dict[str, Any], file: Path, classes: int = 4, **more: Any
) -> tuple[nn.Module, NetworkFacts]:
    asked: AnyNetwork = network(keys, pretrained=str(file), **more)
    return build_and_describe(asked, SHAPE, classes, seed=0)


# ---- loading ---------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", EVERY, ids=kind)
def test_every_tensor_of_a_file_is_loaded(keys: dict[str, Any], file: Path) -> None:
    state = trained_once(keys, classes=4)
    save_file(state, file)
    module, facts = tuned(keys, file)
    assert facts.pretrained == hashlib.sha256(file.read_bytes()).hexdigest()
    assert facts.new == ()
    loaded = module.state_dict()
    assert loaded.keys() == state.keys()
    assert all(torch.equal(loaded[name], state[name]) for name in state)


@pytest.mark.parametrize("keys", EVERY, ids=kind)
@pytest.mark.parametrize("without_head", [False, True], ids=["other classes", "no last layer"])
def test_the_last_layer_is_new_for_other_classes(
    keys: dict[str, Any], without_head: bool, file: Path
) -> None:
    state = trained_once(keys, classes=9)
    fresh = build(network(keys), SHAPE, 4, seed=0).state_dict()
    head = [name for name in state if state[name].shape != fresh[name].shape]
    assert 1 <= len(head) <= 2
    save_file({n: t for n, t in state.items() if not (without_head and n in head)}, file)
    module, facts = tuned(keys, file)
    assert facts.new == tuple(head)
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, fresh[name] if name in head else state[name])


@pytest.mark.parametrize(
    ("keys", "of", "message"),
    [
        (
            {"kind": "resnet20"},
            {"kind": "resnet32"},
            r"it also has stage1\.3\.conv1\.weight, .* mo",
        ),
        ({"kind": "resnet32"}, {"kind": "resnet20"}, r"it lacks stage1\.3\.conv1\.weight, .* more"),
        (
            {"kind": "mlp", "hidden": [5]},
            {"kind": "mlp", "hidden": [6]},
            r"of another shape are fc1\.weight \[6, 768\] instead of \[5, 768\], fc1\.bias \[6\] .*"
            r"fc2\.weight \[4, 6\] instead of \[4, 5\]",
        ),
        (RESNET | {"widen": 3}, RESNET | {"widen": 2}, "stage1.* and 30 more"),
        ({"kind": "convnet"}, {"kind": "resnet18"}, "it lacks"),
    ],
)
def test_what_is_of_another_network_is_refused_by_name(
    keys: dict[str, Any], of: dict[str, Any], message: str, file: Path
) -> None:
    save_file(trained_once(of, classes=4), file)
    with pytest.raises(NetworkError, match=f"{keys['kind']}: pretrained: .*{message}") as error:
        tuned(keys, file)
    assert "\n" not in str(error.value)


def test_a_layer_that_only_looks_like_the_last_one_is_refused(file: Path) -> None:
    state = trained_once({"kind": "mlp", "hidden": [5]}, classes=9)
    save_file(state | {"fc2.weight": torch.rand(9, 6)}, file)
    with pytest.raises(NetworkError, match=r"fc2\.weight \[9, 6\] instead of \[4, 5\]"):
        tuned({"kind": "mlp", "hidden": [5]}, file)


def test_counts_of_batches_may_be_missing(file: Path) -> None:
    state = trained_once(RESNET, classes=4)
    save_file({n: t for n, t in state.items() if "num_batches" not in n}, file)
    module, _ = tuned(RESNET, file)
    assert torch.equal(module.state_dict()["fc.weight"], state["fc.weight"])


def test_half_precision_is_read_as_the_network_has_it(file: Path) -> None:
    state = {name: tensor.half() for name, tensor in trained_once(RESNET, classes=4).items()}
    save_file(state, file)
    loaded = tuned(RESNET, file)[0].state_dict()["conv.weight"]
    assert loaded.dtype == torch.float32
    assert torch.equal(loaded, state["conv.weight"].float())


def test_the_folder_of_a_record_has_the_weights_of_its_last_epoch(tmp_path: Path) -> None:
    state = trained_once(RESNET, classes=4)
    numbers = {name: t.reshape(1) if t.ndim == 0 else t for name, t in state.items()}
    save_file(numbers, tmp_path / "weights-last.safetensors")  # as records have them
    save_file(trained_once(RESNET, classes=5), tmp_path / "weights-best.safetensors")
    module, facts = tuned(RESNET, tmp_path)
    assert facts.pretrained == file_sha256(tmp_path / "weights-last.safetensors")
    assert all(torch.equal(tensor, state[name]) for name, tensor in module.state_dict().items())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"expected a safetensors file, or the folder of .* \(No such file or directory\)"),
        (b"", "is no safetensors file"),
        (b"\x80\x04K\x01.", "is no safetensors file .* pickles, which Paribus doesn't read"),
        (save({"a": torch.zeros(3)})[:-1], "is no safetensors file"),
    ],
    ids=["none", "empty", "a pickle", "cut"],
)
def test_what_is_no_file_of_weights_is_refused(
    content: bytes | None, message: str, file: Path
) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(NetworkError, match=message):
        tuned(RESNET, file)


# ---- users' own networks and timm's ----------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    (tmp_path / "own_tuned.py").write_text(
        "from torch import nn\n"
        "def net(channels, height, width, classes, **_):\n"
        "    return nn.Sequential(\n"
        "        nn.Conv2d(channels, 4, 3), nn.BatchNorm2d(4), nn.Flatten(),\n"
        "        nn.LazyLinear(classes),\n"
        "    )\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "own_tuned", raising=False)
    return {"kind": "own_tuned:net"}


def test_a_users_network_is_tuned_alike(own: dict[str, Any], file: Path) -> None:
    state = trained_once(own, classes=9)
    save_file(state, file)
    module, facts = tuned(own, file, freeze=["0.*"])
    assert (facts.new, facts.frozen) == (("3.weight", "3.bias"), ("0.weight", "0.bias"))
    assert torch.equal(module.state_dict()["1.running_mean"], state["1.running_mean"])
    before = code_digest(network(own)), code_digest(network(own, pretrained=str(file)))
    save_file(trained_once(own, classes=8), file)
    after = code_digest(network(own)), code_digest(network(own, pretrained=str(file)))
    assert before[0] == after[0]
    assert len({*before, *after}) == 3


TIMMS = {"kind": "timm:test_resnet"}
TIMM_VIT = {"kind": "timm:test_vit"}


def test_timms_networks_get_a_new_last_layer(file: Path) -> None:
    timm_library()
    state = trained_once(TIMMS, classes=9)
    save_file(state, file)
    module, facts = tuned(TIMMS, file)
    fresh = build(network(TIMMS), SHAPE, 4, seed=0).state_dict()
    assert facts.new == ("fc.weight", "fc.bias")
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, (fresh if name in facts.new else state)[name])


def test_timm_adapts_channels_and_positions(file: Path) -> None:
    timm = timm_library()
    save_file(trained_once(TIMM_VIT, classes=4, shape=(3, 64, 64)), file)
    asked = network(TIMM_VIT, pretrained=str(file))
    module, facts = build_and_describe(asked, (1, 32, 32), 4, seed=0)
    theirs = timm.create_model(
        "test_vit",
        pretrained=True,
        pretrained_cfg_overlay={"file": str(file), "num_classes": 4},
        num_classes=4,
        in_chans=1,
        img_size=(32, 32),
    )
    assert facts.new == ()
    for name, tensor in theirs.state_dict().items():
        torch.testing.assert_close(module.state_dict()[name], tensor, rtol=0, atol=0)


def test_what_timm_cant_adapt_is_refused_by_name(file: Path) -> None:
    timm_library()
    state = trained_once(TIMMS, classes=4)
    last = max(name for name in state if name.startswith("layer4") and state[name].ndim == 4)
    save_file(state | {last: torch.rand(2, 2, 3, 3)}, file)
    with pytest.raises(NetworkError, match=rf"of another shape are {last} \[2, 2, 3, 3\] instead"):
        tuned(TIMMS, file)
    save_file({name: state[name] for name in state if name != last}, file)
    with pytest.raises(NetworkError, match=f"it lacks {last}"):
        tuned(TIMMS, file)


# ---- freezing --------------------------------------------------------------------------------


def step(module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    torch.manual_seed(1)
    module.train()
    loss = cross_entropy(module(torch.randn(8, *SHAPE)), torch.arange(8) % 4)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


@pytest.mark.parametrize("keys", EVERY, ids=kind)
def test_what_is_frozen_stays_to_the_last_bit(keys: dict[str, Any]) -> None:
    names = [name for name, _ in build(network(keys), SHAPE, 4, seed=0).named_parameters()]
    head = names[-1].rpartition(".")[0]
    body = [name for name in names if not name.startswith(head)]
    module, facts = build_and_describe(network(keys, freeze=body), SHAPE, 4, seed=0)
    assert facts.frozen == tuple(body)
    trains = sum(p.numel() for p in module.parameters() if p.requires_grad)
    assert facts.parameters == trains
    assert facts.frozen_parameters == sum(p.numel() for p in module.parameters()) - trains
    before = copy.deepcopy(module.state_dict())
    optimizer = build_optimizer(AdamW(kind="adamw", lr=0.1, weight_decay=0.5), module)
    step(module, optimizer)
    changed = {n for n, t in module.state_dict().items() if not torch.equal(t, before[n])}
    assert changed == {name for name in names if name.startswith(head)}
    assert len(optimizer.state) == len(changed)


def test_frozen_batch_normalization_keeps_its_statistics_and_uses_them(file: Path) -> None:
    save_file(trained_once(RESNET, classes=4), file)
    module, _ = tuned(RESNET, file, freeze=["conv.*", "stage*", "norm.*"])
    images = torch.randn(8, *SHAPE)
    in_training = module.train()(images)
    torch.testing.assert_close(in_training, module.eval()(images), rtol=0, atol=0)
    torch.testing.assert_close(in_training, copy.deepcopy(module).train()(images), rtol=0, atol=0)


def test_batch_normalization_that_is_trained_in_part_follows_its_batches() -> None:
    module = build(network(RESNET, freeze=["norm.weight"]), SHAPE, 4, seed=0)
    before = module.state_dict()["norm.running_mean"].clone()
    step(module, build_optimizer(Sgd(kind="sgd"), module))
    assert not torch.equal(module.state_dict()["norm.running_mean"], before)


def test_patterns_are_those_of_file_names() -> None:
    facts = build_and_describe(network(RESNET, freeze=["*.norm?.*", "conv*"]), SHAPE, 4, 0)[1]
    assert all(name.startswith("conv") or ".norm" in name for name in facts.frozen)
    assert len(facts.frozen) == 1 + 3 * 4


@pytest.mark.parametrize(
    ("freeze", "message"),
    [
        (["conv.*", "stem*"], r"freeze: no parameter is called 'stem\*'.* It has conv\.weight, "),
        (["conv.weigth"], r"'conv\.weigth'; did you mean 'conv\.weight'\?"),
        (["*"], "expected a parameter that is left to train"),
    ],
)
def test_a_pattern_of_nothing_or_everything_is_refused(freeze: list[str], message: str) -> None:
    with pytest.raises(NetworkError, match=f"wide_resnet: .*{message}"):
        build(network(RESNET, freeze=freeze), SHAPE, 4, seed=0)


def test_the_native_engine_leaves_frozen_networks_to_torch() -> None:
    module = build(network({"kind": "lenet5"}, freeze=["conv1.*"]), SHAPE, 4, seed=0)
    with pytest.raises(UnsupportedLayer, match=r"conv1\.weight is frozen"):
        translate(module, SHAPE)


# ---- in studies and records ------------------------------------------------------------------


def test_what_isnt_asked_isnt_recorded() -> None:
    assert network(RESNET).model_dump(mode="json") == RESNET | {"dropout": 0.0}
    said = network(RESNET, freeze=["conv*"], pretrained="a").model_dump(mode="json")
    assert said == RESNET | {"dropout": 0.0, "freeze": ["conv*"], "pretrained": "a"}
    plain = build_and_describe(network(RESNET), SHAPE, 4, seed=0)[1].model_dump()
    assert plain.keys().isdisjoint({"pretrained", "new", "frozen", "frozen_parameters"})


def test_the_content_of_the_file_counts_and_not_its_name(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "same", "other")]
    for path, content in zip(files, (b"1", b"1", b"2"), strict=True):
        path.write_bytes(content)
    digests = [code_digest(network(RESNET, pretrained=str(path))) for path in files]
    assert digests[0] == digests[1] == hashlib.sha256(b"1").hexdigest()
    assert digests[2] != digests[0]
    with pytest.raises(NetworkError, match="expected a safetensors file"):
        code_digest(network(RESNET, pretrained=str(tmp_path / "gone")))


STUDY = "name: s\ndata: digits\nepochs: 1\nnetwork: resnet20\nvariations:\n  tuned:\n"


def test_a_variation_is_fine_tuned() -> None:
    written = f"{STUDY}    network.pretrained: out/runs/a/seed-0\n    network.freeze: [conv*]\n"
    assert trained(parse_study(written)).variations["tuned"] == {
        "network.pretrained": "out/runs/a/seed-0",
        "network.freeze": ["conv*"],
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("network.freeze: conv*", "expected a list, got 'conv*'"),
        ("network.freeze: ['']", "at least 1 character"),
        ("network.pretrained: 1", "expected text, got 1"),
        ("network.preTrained: x", "did you mean"),
    ],
)
def test_what_is_no_path_or_list_of_patterns_is_refused(line: str, message: str) -> None:
    with pytest.raises(StudyError) as error:
        parse_study(f"{STUDY}    {line}\n")
    assert message in str(error.value)
    assert ":7:" in str(error.value)
