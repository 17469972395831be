"""What training steps minimize: cross entropy, with smoothed labels or weighted classes."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax, one_hot

from paribus.records.types import Integers
from paribus.study.config import Config


@dataclass(frozen=True)
class Objective:
    """A loss for gradients alone: all losses that are recorded are plain cross entropies.

    So settings that minimize different losses stay comparable, and a network's training loss
    with its validation loss.

    Attributes:
        smoothing: the share of a label that is spread evenly over all classes.
        weights: (classes,) of each class, float32; None where all are equal.
        classes: how many there are; 0 where nothing but plain cross entropy is asked of it.
    """

    smoothing: float = 0.0
    weights: Tensor | None = None
    classes: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether it is cross entropy and nothing else."""
        return not self.smoothing and self.weights is None

    def __call__(self, output: Tensor, labels: Tensor) -> Tensor:
        """Its mean (nats) over a batch, as torch weights it: by the batch's own labels.

        Args:
            output: (n, classes) logits or log probabilities.
            labels: (n,) class numbers, or (n, classes) each class's share of an image.
        """
        if labels.is_floating_point():
            return -(self.targets(labels) * log_softmax(output, dim=1)).sum()
        return cross_entropy(output, labels, self.weights, label_smoothing=self.smoothing)

    def targets(self, labels: Tensor) -> Tensor:
        """(n, classes) factors t, so that the loss is minus the sum of t * log probabilities.

        For class numbers that is torch's loss to rounding. A mixed image weighs as much as its
        classes do on average, by their shares.

        Args:
            labels: as above.
        """
        shares = labels if labels.is_floating_point() else one_hot(labels, self.classes).float()
        targets = shares * (1 - self.smoothing) + self.smoothing / shares.shape[1]
        if self.weights is None:
            return targets / len(labels)
        return targets * self.weights / (shares @ self.weights).sum()


#: Cross entropy and nothing else.
PLAIN = Objective()


def objective(config: Config, labels: Integers, classes: int, device: str = "cpu") -> Objective:
    """What a setting minimizes on a device, given the (n,) labels of its training images."""
    balances = config.class_weights == "balanced"
    weights = balanced(labels, classes).to(device) if balances else None
    return Objective(config.label_smoothing, weights, classes)


def balanced(labels: Integers, classes: int) -> Tensor:
    """(classes,) weights with which all classes have the same sum, and an image 1 on average.

    A class without images has none.
    """
    counts = np.bincount(labels, minlength=classes)
    wanted = len(labels) / np.count_nonzero(counts)
    weights = np.divide(wanted, counts, out=np.zeros(classes), where=counts > 0)
    return torch.from_numpy(weights.astype(np.float32))
