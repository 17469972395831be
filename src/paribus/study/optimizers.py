"""The optimizers of a study file.

What is at its default and was no key once is left out of records, so that older ones stay valid.
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, StringConstraints, ValidationInfo, field_validator

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

#: Factors of the learning rate by patterns of parameters' names (`fc.*`); the first that fits
#: counts, and everything else has the factor 1.
Factors = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1)], Positive],
    Field(max_length=100, exclude_if=lambda factors: not factors),
]


class Adam(Section):
    """Adam with L2 in the gradient (`torch.optim.Adam`), not decoupled."""

    kind: Literal["adam"] = "adam"
    lr: Positive = 1e-3
    weight_decay: NotNegative = 0.0
    betas: Betas = USUAL_BETAS
    eps: Eps = USUAL_EPS
    decay: Decay = "all"
    lr_factors: Factors = Field(default_factory=dict)


class AdamW(Section):
    """Adam with decoupled weight decay (`torch.optim.AdamW`)."""

    kind: Literal["adamw"]
    lr: Positive = 1e-3
    weight_decay: NotNegative = 1e-2
    betas: Betas = USUAL_BETAS
    eps: Eps = USUAL_EPS
    decay: Decay = "all"
    lr_factors: Factors = Field(default_factory=dict)


class Sgd(Section):
    """Stochastic gradient descent with momentum (`torch.optim.SGD`), Nesterov's where asked."""

    kind: Literal["sgd"]
    lr: Positive = 1e-2
    momentum: Share = 0.0
    weight_decay: NotNegative = 0.0
    nesterov: Annotated[bool, Field(exclude_if=lambda nesterov: not nesterov)] = False
    decay: Decay = "all"
    lr_factors: Factors = Field(default_factory=dict)

    @field_validator("nesterov")
    @classmethod
    def _has_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and info.data.get("momentum") == 0:
            raise ValueError("false where momentum is 0, since Nesterov's looks ahead along it")
        return nesterov


class Sam(Section):
    """Sharpness-aware minimization (Foret et al. 2021) by stochastic gradient descent.

    Gradients are those of the point `rho` uphill, so that a step takes twice the time.
    """

    kind: Literal["sam"]
    lr: Positive = 1e-2
    momentum: Share = 0.0
    weight_decay: NotNegative = 0.0
    rho: Positive = 0.05
    decay: Decay = "all"
    lr_factors: Factors = Field(default_factory=dict)


class Muon(Section):
    """Momentum made orthogonal (Jordan et al. 2024; `torch.optim.Muon`) for all weights.

    A convolution's are a matrix with a row a channel. Biases and scales are trained by AdamW, with
    the learning rate `adamw_lr`, which the schedule changes alike.
    """

    kind: Literal["muon"]
    lr: Positive = 2e-2
    momentum: Share = 0.95
    weight_decay: NotNegative = 0.0
    adamw_lr: Positive = 1e-3
    decay: Decay = "all"
    lr_factors: Factors = Field(default_factory=dict)


Optimizer = Annotated[Adam | AdamW | Sgd | Sam | Muon, Discriminator("kind"), short_for("adam")]
OPTIMIZERS = (Adam, AdamW, Sgd, Sam, Muon)
