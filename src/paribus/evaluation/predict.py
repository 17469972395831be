"""What a network says of pictures, always in batches of one size."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from paribus.data.batches import Batches
from paribus.records import Integers

#: One size for every evaluation, since sums in another order differ in the last bits.
BATCH = 500


def log_probabilities(network: nn.Module, batches: Batches, index: Integers) -> Tensor:
    """Log probabilities (n, classes) for the pictures of `index`, in evaluation mode.

    A network that ends in log-softmax is left as it is, one that gives logits is normalised:
    log-softmax of log probabilities is the same log probabilities.
    """
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        parts = [
            network(batches.images(part)) for part in torch.split(torch.from_numpy(index), BATCH)
        ]
        result = torch.log_softmax(torch.cat(parts).float(), dim=1)
    network.train(was_training)
    return result


def loss_and_accuracy(network: nn.Module, batches: Batches, index: Integers) -> tuple[float, float]:
    """Mean cross entropy (nats) and share of right answers over the pictures of `index`."""
    output = log_probabilities(network, batches, index)
    labels = batches.labels(torch.from_numpy(index))
    loss = -output.gather(1, labels[:, None]).double().mean()
    right = (output.argmax(dim=1) == labels).double().mean()
    return float(loss), float(right)
