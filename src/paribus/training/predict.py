"""What a network says of images, always in batches of one size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from paribus.data.batches import Batches
from paribus.records.types import Integers

#: One size for every evaluation, since sums in another order differ in the last bits.
BATCH = 500

#: A module, or what else gives (n, classes) for images as one does in evaluation mode.
Predict = Callable[[Tensor], Tensor]


@contextmanager
def evaluating(network: Predict) -> Iterator[None]:
    """Put a module into evaluation mode, and back afterwards; others know no other mode."""
    module = network if isinstance(network, nn.Module) else nn.Identity()
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)


def log_probabilities(network: Predict, batches: Batches, index: Integers) -> Tensor:
    """Log probabilities (n, classes) for the images of `index`, in evaluation mode.

    A network that ends in log-softmax is left as it is, one that gives logits is normalized:
    log-softmax of log probabilities is the same log probabilities.
    """
    with evaluating(network), torch.inference_mode():
        parts = [
            network(batches.images(part)) for part in torch.split(torch.from_numpy(index), BATCH)
        ]
        return torch.log_softmax(torch.cat(parts).float(), dim=1)


def loss_and_accuracy(network: Predict, batches: Batches, index: Integers) -> tuple[float, float]:
    """Mean cross entropy (nats) and share of right answers over the images of `index`."""
    output = log_probabilities(network, batches, index)
    labels = batches.labels(torch.from_numpy(index))
    loss = -output.gather(1, labels[:, None]).double().mean()
    right = (output.argmax(dim=1) == labels).double().mean()
    return float(loss), float(right)
