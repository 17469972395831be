"""The optimizers of a study file.

What is at its default and was no key once is left out of records, so that older ones stay valid.
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, StringConstraints, ValidationInfo, field_validator

from paribus.study.sections import NotNegative, Positive, Section, Share, short_for

LearningRate = Annotated[Positive, Field(description="The learning rate that a schedule changes.")]
WeightDecay = Annotated[
    NotNegative, Field(description="How strongly parameters are pulled towards 0.")
]
Momentum = Annotated[
    Share, Field(description="The share of the running mean of gradients that a step keeps.")
]
Decay = Annotated[
    Literal["all", "weights"],
    Field(
        description="Which parameters `weight_decay` is for: all, or all but biases and others of "
        "one dimension, as the scales of batch normalization.",
        exclude_if=lambda decayed: decayed == "all",
    ),
]
USUAL_BETAS, USUAL_EPS = (0.9, 0.999), 1e-8
Betas = Annotated[
    tuple[Share, Share],
    Field(
        description="How slowly the running means of gradients and of their squares follow.",
        strict=False,
        exclude_if=lambda betas: betas == USUAL_BETAS,
    ),
]
Eps = Annotated[
    Positive,
    Field(
        description="What is added to the root of the mean square before Adam divides by it.",
        exclude_if=lambda eps: eps == USUAL_EPS,
    ),
]
Factors = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1)], Positive],
    Field(
        description="Factors of the learning rate by patterns of parameters' names (`fc.*`); the "
        "first that fits counts, and everything else has the factor 1.",
        max_length=100,
        exclude_if=lambda factors: not factors,
    ),
]


class Adam(Section):
    """Adam with L2 in the gradient (`torch.optim.Adam`), not decoupled."""

    kind: Literal["adam"] = "adam"
    lr: LearningRate = 1e-3
    weight_decay: WeightDecay = 0.0
    betas: Betas = USUAL_BETAS
    eps: Eps = USUAL_EPS
    decay: Decay = "all"
    lr_factors: Factors = Field(default_factory=dict)


class AdamW(Section):
    """Adam with decoupled weight decay (`torch.optim.AdamW`)."""

    kind: Literal["adamw"]
    lr: LearningRate = 1e-3
    weight_decay: WeightDecay = 1e-2
    betas: Betas = USUAL_BETAS
    eps: Eps = USUAL_EPS
    decay: Decay = "all"
    lr_factors: Factors = Field(default_factory=dict)


class Sgd(Section):
    """Stochastic gradient descent with momentum (`torch.optim.SGD`).

    Attributes:
        nesterov: whether the momentum is Nesterov's.
    """

    kind: Literal["sgd"]
    lr: LearningRate = 1e-2
    momentum: Momentum = 0.0
    weight_decay: WeightDecay = 0.0
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

    Attributes:
        rho: how far uphill that point is.
    """

    kind: Literal["sam"]
    lr: LearningRate = 1e-2
    momentum: Momentum = 0.0
    weight_decay: WeightDecay = 0.0
    rho: Positive = 0.05
    decay: Decay = "all"
    lr_factors: Factors = Field(default_factory=dict)


class Muon(Section):
    """Momentum made orthogonal (Jordan et al. 2024; `torch.optim.Muon`) for all weights.

    A convolution's are a matrix with a row a channel. Biases and scales are trained by AdamW.

    Attributes:
        adamw_lr: AdamW's learning rate, which the schedule changes alike.
    """

    kind: Literal["muon"]
    lr: LearningRate = 2e-2
    momentum: Momentum = 0.95
    weight_decay: WeightDecay = 0.0
    adamw_lr: Positive = 1e-3
    decay: Decay = "all"
    lr_factors: Factors = Field(default_factory=dict)


Optimizer = Annotated[Adam | AdamW | Sgd | Sam | Muon, Discriminator("kind"), short_for("adam")]
OPTIMIZERS = (Adam, AdamW, Sgd, Sam, Muon)
