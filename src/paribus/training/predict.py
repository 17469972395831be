"""A network's predictions, always in batches of one size."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from paribus.data.batches import Batches
from paribus.records.types import Integers

#: The same size everywhere, since summing in another order changes the last bits.
BATCH = 500

#: A module, or another function from images to (n, classes) in evaluation mode.
Predict = Callable[[Tensor], Tensor]


def answers(network: Predict, images: Tensor) -> Tensor:
    """What a network answers to images, (n, classes); they stay as they are.

    It gets a copy of its own, since a user's network may change its input in place.
    """
    return network(images.clone())


def with_flips(network: Predict) -> Predict:
    """Log probabilities (n, classes) of the mean of what is predicted for an image and its mirror.

    In evaluation mode, whichever the network is in.
    """

    def predict(images: Tensor) -> Tensor:
        with evaluating(network):
            both = [network(side).float() for side in (images, images.flip(3))]
        logs = torch.stack([torch.log_softmax(side, dim=1) for side in both])
        return torch.logsumexp(logs, dim=0) - math.log(2)

    return predict


@contextmanager
def evaluating(network: Predict) -> Iterator[None]:
    """Put a module into evaluation mode and restore its mode afterwards."""
    module = network if isinstance(network, nn.Module) else nn.Identity()
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)


def log_probabilities(network: Predict, batches: Batches, index: Integers) -> Tensor:
    """Log probabilities (n, classes) for the images of `index`, in evaluation mode, on the CPU.

    Works for logits and for log probabilities, which log-softmax leaves unchanged.
    """
    # Not torch.inference_mode: what a network makes and keeps there can't be trained with later.
    with evaluating(network), torch.no_grad():
        parts = [
            network(batches.images(part)) for part in torch.split(torch.from_numpy(index), BATCH)
        ]
        return torch.log_softmax(torch.cat(parts).float().cpu(), dim=1)


def loss_and_accuracy(network: Predict, batches: Batches, index: Integers) -> tuple[float, float]:
    """Mean cross entropy (nats) and accuracy over the images of `index`."""
    output = log_probabilities(network, batches, index)
    labels = batches.labels(torch.from_numpy(index)).cpu()
    loss = -output.gather(1, labels[:, None]).double().mean()
    accuracy = (output.argmax(dim=1) == labels).double().mean()
    return float(loss), float(accuracy)
