"""The schedules of a study file: how the learning rate of its optimizer changes in training.

`constant`, `step`, `multistep` and `cosine` change it between epochs, all others at every step.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field

from paribus.study.sections import NotNegative, Positive, Section, Whole, short_for

Factor = Annotated[float, Field(gt=0, le=1, description="What the learning rate is multiplied by.")]
#: None at all isn't recorded, so that older records stay valid.
Warmup = Annotated[
    NotNegative,
    Field(
        description="The epochs, or the part of one, in which the learning rate rises step by step "
        "to what the schedule says.",
        exclude_if=lambda warmup: warmup == 0,
    ),
]
Final = Annotated[NotNegative, Field(description="The learning rate at the end.")]


def _increasing(epochs: tuple[int, ...]) -> tuple[int, ...]:
    if list(epochs) != sorted(set(epochs)):
        raise ValueError("increasing numbers of epochs")
    return epochs


class Constant(Section):
    """A constant learning rate."""

    kind: Literal["constant"] = "constant"
    warmup: Warmup = 0.0


class Step(Section):
    """The learning rate is multiplied by `factor` after every `every` epochs.

    Attributes:
        every: the epochs between two changes.
    """

    kind: Literal["step"]
    every: Whole
    factor: Factor
    warmup: Warmup = 0.0


class MultiStep(Section):
    """The learning rate is multiplied by `factor` after each of these `epochs`.

    Attributes:
        epochs: after which epochs, in increasing order.
    """

    kind: Literal["multistep"]
    epochs: Annotated[
        tuple[Whole, ...], Field(strict=False, min_length=1), AfterValidator(_increasing)
    ]
    factor: Factor
    warmup: Warmup = 0.0


class Cosine(Section):
    """The learning rate falls along half a cosine, reaching `final` after the last epoch."""

    kind: Literal["cosine"]
    final: Final = 0.0
    warmup: Warmup = 0.0


class Linear(Section):
    """The learning rate falls evenly with every step, reaching `final` after the last one."""

    kind: Literal["linear"]
    final: Final = 0.0
    warmup: Warmup = 0.0


class Polynomial(Section):
    """As linear, by a power of what is left of the training: 1 is linear.

    Attributes:
        power: the power.
    """

    kind: Literal["polynomial"]
    power: Positive
    final: Final = 0.0
    warmup: Warmup = 0.0


class OneCycle(Section):
    """Up to the optimizer's learning rate and down again, with every step.

    As `torch.optim.lr_scheduler.OneCycleLR` means it with its two cosines: from lr / div_factor in
    the share `pct_start` of all steps, then down to lr / div_factor / final_div_factor at the last
    one. Momentum stays as it is. It has no warm-up, since it is one.

    Attributes:
        pct_start: the share of all steps in which the learning rate rises.
        div_factor: by how much the first learning rate is smaller than the optimizer's.
        final_div_factor: by how much the last one is smaller than the first.
    """

    kind: Literal["one_cycle"]
    pct_start: Annotated[float, Field(gt=0, lt=1)] = 0.3
    div_factor: Annotated[Positive, Field(ge=1)] = 25.0
    final_div_factor: Annotated[Positive, Field(ge=1)] = 1e4


SCHEDULES: dict[str, type[Section]] = {
    "constant": Constant,
    "step": Step,
    "multistep": MultiStep,
    "cosine": Cosine,
    "linear": Linear,
    "polynomial": Polynomial,
    "one_cycle": OneCycle,
}
Schedule = Annotated[
    Constant | Step | MultiStep | Cosine | Linear | Polynomial | OneCycle,
    Discriminator("kind"),
    short_for(),
]
