"""A moving average of the weights, and predictions over mirror images."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from paribus.training.average import Average
from paribus.training.predict import with_flips


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))


def test_it_is_torchs_average_from_the_first_weights_on() -> None:
    trained = network()
    ours = Average(trained, 0.9)
    average = get_ema_multi_avg_fn(0.9)  # type: ignore[no-untyped-call]  # torch leaves it
    theirs = AveragedModel(trained, multi_avg_fn=average, use_buffers=True)
    theirs.update_parameters(trained)  # its first update is a copy
    optimizer = torch.optim.SGD(trained.parameters(), lr=0.1)
    for step in range(5):
        images = torch.randn(6, 1, 4, 4, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        trained(images).square().sum().backward()
        optimizer.step()
        ours.follow()
        theirs.update_parameters(trained)
    expected = theirs.module.state_dict()
    for name, value in ours.network.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, expected[name])
    assert int(ours.network.state_dict()["1.num_batches_tracked"]) == 5


def test_flips_average_the_probabilities_of_both_sides() -> None:
    shown = network()
    images = torch.randn(5, 1, 4, 4)
    with torch.no_grad():
        answer = with_flips(shown)(images)
        assert shown.training
        shown.eval()
        sides = [shown(side).softmax(1) for side in (images, images.flip(3))]
    torch.testing.assert_close(answer.exp(), (sides[0] + sides[1]) / 2)
    torch.testing.assert_close(with_flips(shown)(images.flip(3)), answer)
