"""LeNet-5: the published layers, for any image size, color count and number of classes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paribus.errors import NetworkError
from paribus.network.build import build
from paribus.network.describe import describe
from paribus.study.networks import LeNet5

PUBLISHED = {
    False: ("Conv-ReLU-MaxPool", "Conv-ReLU-MaxPool", "FC-ReLU", "FC-ReLU", "FC-LogSoftmax"),
    True: (
        "Conv-BatchNorm2d-ReLU-MaxPool",
        "Conv-BatchNorm2d-ReLU-MaxPool",
        "FC-BatchNorm1d-ReLU",
        "FC-BatchNorm1d-ReLU",
        "FC-LogSoftmax",
    ),
}


@pytest.mark.parametrize("batch_norm", [False, True])
def test_describes_itself_as_the_published_settings_table(batch_norm: bool) -> None:
    facts = describe(build(LeNet5(batch_norm=batch_norm), (3, 32, 32), 10, seed=0))
    assert facts.layers == PUBLISHED[batch_norm]


def test_has_lenet_5s_number_of_parameters() -> None:
    by_hand = (3 * 25 + 1) * 6 + (6 * 25 + 1) * 16 + 401 * 120 + 121 * 84 + 85 * 10
    assert describe(build(LeNet5(), (3, 32, 32), 10, seed=0)).parameters == by_hand
    normalized = build(LeNet5(batch_norm=True), (3, 32, 32), 10, seed=0)
    assert describe(normalized).parameters == by_hand + 2 * (6 + 16 + 120 + 84)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 4), st.integers(16, 70), st.integers(16, 70), st.integers(2, 200), st.booleans()
)
def test_takes_any_size_from_16_pixels_on(
    channels: int, height: int, width: int, classes: int, batch_norm: bool
) -> None:
    network = build(LeNet5(batch_norm=batch_norm), (channels, height, width), classes, seed=1)
    output = network(torch.randn(2, channels, height, width))
    assert output.shape == (2, classes)
    assert torch.allclose(output.exp().sum(dim=1), torch.ones(2), atol=1e-5)


def test_refuses_images_that_leave_nothing_after_two_poolings() -> None:
    with pytest.raises(NetworkError, match=r"at least 16x16 pixels, got 15x32\. Set data\.size"):
        build(LeNet5(), (3, 15, 32), 10, seed=0)


def test_dropout_stands_after_the_dense_layers_only_where_asked_for() -> None:
    layers = describe(build(LeNet5(dropout=0.5), (3, 32, 32), 10, seed=0)).layers
    assert layers[2:4] == ("FC-ReLU-Dropout", "FC-ReLU-Dropout")
