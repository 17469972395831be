"""The optimizers of a study file.

What is at its default and was no key once is left out of records, so that older ones stay valid.
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, ValidationInfo, field_validator

from paribus.study.sections import NotNegative, Positive, Section, Share, short_for

#: Which parameters `weight_decay` is for. `weights`: all but biases and the others of one
#: dimension, as the scales of batch normalization.
Decay = Annotated[Literal["all", "weights"], Field(exclude_if=lambda decayed: decayed == "all")]
USUAL_BETAS, USUAL_EPS = (0.9, 0.999), 1e-8
#: How slowly Adam's running means of gradients and of their squares follow.
Betas = Annotated[
    tuple[Share, Share],
    Field(strict=False, exclude_if=lambda betas: betas == USUAL_BETAS),
]
#: What Adam adds to the root of the mean square before it divides.
Eps = Annotated[Positive, Field(exclude_if=lambda eps: eps == USUAL_EPS)]


class Adam(Section):
    """Adam with L2 in the gradient (`torch.optim.Adam`), not decoupled."""

    kind: Literal["adam"] = "adam"
    lr: Positive = 1e-3
    weight_decay: NotNegative = 0.0
    betas: Betas = USUAL_BETAS
    eps: Eps = USUAL_EPS
    decay: Decay = "all"


class AdamW(Section):
    """Adam with decoupled weight decay (`torch.optim.AdamW`)."""

    kind: Literal["adamw"]
    lr: Positive = 1e-3
    weight_decay: NotNegative = 1e-2
    betas: Betas = USUAL_BETAS
    eps: Eps = USUAL_EPS
    decay: Decay = "all"


class Sgd(Section):
    """Stochastic gradient descent with momentum (`torch.optim.SGD`), Nesterov's where asked."""

    kind: Literal["sgd"]
    lr: Positive = 1e-2
    momentum: Share = 0.0
    weight_decay: NotNegative = 0.0
    nesterov: Annotated[bool, Field(exclude_if=lambda nesterov: not nesterov)] = False
    decay: Decay = "all"

    @field_validator("nesterov")
    @classmethod
    def _has_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and info.data.get("momentum") == 0:
            raise ValueError("false where momentum is 0, since Nesterov's looks ahead along it")
        return nesterov


Optimizer = Annotated[Adam | AdamW | Sgd, Discriminator("kind"), short_for("adam")]
OPTIMIZERS = (Adam, AdamW, Sgd)
