"""Metrics of the course of a training, each from its finite curves by a declared rule."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Curve = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Epoch:
    """An epoch, counted from 1; censored: training ended too early to know more than "at least"."""

    value: int
    censored: bool


def best_epoch(val_loss: Curve) -> Epoch:
    """The epoch of lowest validation loss (epochs,), the first where several tie.

    After it the network overfits. If it is the last one, the loss was still falling and
    overfitting starts at that epoch at the earliest.
    """
    lowest = int(np.argmin(val_loss)) + 1
    return Epoch(lowest, lowest == len(val_loss))


def epochs_to_loss(train_loss: Curve, target: float) -> Epoch:
    """The first epoch whose training loss (epochs,) is at or below `target`.

    If none is, more epochs than were trained are needed: at least one more.
    """
    reached = np.flatnonzero(train_loss <= target)
    if not reached.size:
        return Epoch(len(train_loss) + 1, True)
    return Epoch(int(reached[0]) + 1, False)


def roughness(val_loss: Curve) -> float:
    """How far the validation loss (epochs,) strays from falling, until overfitting starts.

    Over the epochs up to that of lowest validation loss: the root mean square distance of the
    curve from the never-rising curve that fits it best, as a share of its whole fall,
    sqrt(mean((v - fit)**2)) / (v[0] - v[best]). A curve that only falls has roughness 0
    however fast it falls; units and a shift of the loss don't change it. The fit is least
    squares under the constraint (isotonic regression; Barlow et al. 1972), so that no width
    of smoothing has to be chosen. NaN where fewer than three epochs lead to the lowest loss.
    """
    until = val_loss[: best_epoch(val_loss).value]
    if len(until) < 3:
        return math.nan
    # Imported here: checking a study needs the metrics' names, and must not wait for scipy.
    from scipy.optimize import isotonic_regression

    strays = until - isotonic_regression(until, increasing=False).x
    return float(np.sqrt(np.mean(strays**2)) / (until[0] - until[-1]))


def generalization_gap(train_loss: Curve, val_loss: Curve) -> float:
    """Validation loss minus training loss (epochs,), after the last epoch.

    The training loss is the mean over the last epoch's steps, while the weights still moved,
    under dropout and augmentation if there are any; these make the gap smaller.
    """
    return float(val_loss[-1] - train_loss[-1])
