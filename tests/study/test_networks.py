"""Networks in a study file: by name alone or with their keys, refused with what would fit."""

import pytest

from paribus.errors import StudyError
from paribus.network.code import code_digest
from paribus.study.networks import (
    NETWORKS,
    OWN,
    TIMM,
    CifarResNet,
    ConvNet,
    ConvNeXtAtto,
    Mlp,
    ResNet,
    ViTTiny,
    WideResNet,
)
from paribus.study.plan import settings
from paribus.study.read import parse_study
from trained import trained

STUDY = "name: s\ndata: digits\nepochs: 1\n"


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("resnet20", CifarResNet(kind="resnet20")),
        ("{kind: resnet56}", CifarResNet(kind="resnet56")),
        ("convnet", ConvNet(kind="convnet")),
        ("resnet34", ResNet(kind="resnet34")),
        ("mlp", Mlp(kind="mlp", hidden=(800,))),
        ("{kind: mlp, hidden: []}", Mlp(kind="mlp", hidden=())),
        (
            "{kind: mlp, hidden: [64, 32], dropout: 0.5}",
            Mlp(kind="mlp", hidden=(64, 32), dropout=0.5),
        ),
        ("wide_resnet", WideResNet(kind="wide_resnet", depth=16, widen=4)),
        ("{kind: vit_tiny, patch: 8}", ViTTiny(kind="vit_tiny", patch=8)),
        ("convnext_atto", ConvNeXtAtto(kind="convnext_atto", patch=2)),
        (
            "{kind: resnet18, stochastic_depth: 0.2}",
            ResNet(kind="resnet18", stochastic_depth=0.2),
        ),
        ("{kind: wide_resnet, depth: 28}", WideResNet(kind="wide_resnet", depth=28, widen=4)),
    ],
)
def test_a_network_is_named_alone_or_with_its_keys(written: str, network: object) -> None:
    assert trained(parse_study(f"{STUDY}network: {written}\n")).network == network


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("resnet44", "got 'resnet44'; did you mean 'resnet34'?"),
        ("{kind: vit_tiny, patch: 0}", "expected a number greater than or equal to 1, got 0"),
        ("{kind: convnext_atto, stochastic_depth: 1}", "expected a number less than 1, got 1"),
        ("{kind: mlp, stochastic_depth: 0.1}", "unknown key 'stochastic_depth'"),
        ("convnext", "got 'convnext'; did you mean 'convnet'?"),
        ("convnets", "got 'convnets'; did you mean 'convnet'?"),
        ("{kind: resnet20, depth: 20}", "unknown key 'depth'"),
        ("{kind: wide_resnet, depth: 12}", "expected 10, 16, 22, 28 or another 6n + 4, got 12"),
        ("{kind: wide_resnet, widn: 4}", "unknown key 'widn'; did you mean 'widen'?"),
        ("{kind: mlp, hidden: [8, 0]}", "expected a number greater than or equal to 1, got 0"),
        ("'a:b:c'", "expected 'package.module:callable', or a name as 'lenet5', got 'a:b:c'"),
    ],
)
def test_what_is_no_network_is_refused_with_what_would_fit(written: str, message: str) -> None:
    with pytest.raises(StudyError) as error:
        parse_study(f"{STUDY}network: {written}\n")
    assert message in str(error.value)
    assert ":4:" in str(error.value)


def test_variations_set_a_key_or_another_network() -> None:
    study = trained(
        parse_study(
            f"{STUDY}network: wide_resnet\nvariations:\n"
            "  wider: {network.widen: 8}\n  other: {network: resnet18}\n"
        )
    )
    assert [setting.config.network for setting in settings(study)][1:] == [
        WideResNet(kind="wide_resnet", widen=8),
        ResNet(kind="resnet18"),
    ]


def test_a_record_keeps_the_name_and_every_key() -> None:
    study = trained(parse_study(f"{STUDY}network: {{kind: mlp, hidden: [3]}}\n"))
    recorded = settings(study)[0].config.recorded()["network"]
    assert recorded == {"kind": "mlp", "hidden": [3], "dropout": 0.0}


@pytest.mark.parametrize("kind", [kind for kind in NETWORKS if kind not in (TIMM, OWN)])
def test_the_code_of_paribus_own_networks_is_not_in_their_records(kind: str) -> None:
    assert code_digest(trained(parse_study(f"{STUDY}network: {kind}\n")).network) is None
