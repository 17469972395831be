"""The augmentation of a study file: random changes to the training images."""

from typing import Annotated

from pydantic import Field

from paribus.study.sections import Section


class Augmentation(Section):
    """Random changes to the training images, drawn again every epoch.

    `flip` mirrors left and right with probability 1/2; `shift` moves by up to this many pixels
    each way, filling with the training images' mean.
    """

    flip: bool = False
    shift: Annotated[int, Field(ge=0, le=64)] = 0
