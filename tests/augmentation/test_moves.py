"""Augmentation: exact moves, fixed by the stream, shared between settings."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from paribus.augmentation.draw import draw_moves
from paribus.augmentation.moves import cut_out
from paribus.augmentation.moves import moved as move
from paribus.stream import stream
from paribus.study.augmentation import Augmentation


def test_nothing_is_moved_unless_asked_for() -> None:
    assert not draw_moves(Augmentation(), 100, stream(0, "augmentation", 1)).any()


def test_draws_cover_what_is_allowed_and_nothing_else() -> None:
    moves = draw_moves(Augmentation(flip=True, shift=2), 4000, stream(0, "augmentation", 1))
    assert set(moves[:, 0]) == {0, 1}
    assert set(moves[:, 1]) == set(moves[:, 2]) == {-2, -1, 0, 1, 2}
    assert abs(moves[:, 0].mean() - 0.5) < 0.04  # 5 standard errors
    assert abs(moves[:, 1:].mean()) < 0.12


def test_settings_that_differ_in_shift_still_share_their_flips() -> None:
    flips = [
        draw_moves(Augmentation(flip=True, shift=shift), 50, stream(0, "augmentation", 1))[:, 0]
        for shift in (0, 3)
    ]
    assert np.array_equal(flips[0], flips[1])


@given(st.integers(0, 1), st.integers(-5, 5), st.integers(-5, 5))
def test_a_image_is_mirrored_then_moved_and_uncovered_parts_are_the_mean(
    flip: int, down: int, right: int
) -> None:
    image = torch.randn(1, 3, 5, 7)
    moved = move(image.clone(), np.array([[flip, down, right]]))[0]
    source = image[0].flip(2) if flip else image[0]
    for row in range(5):
        for column in range(7):
            inside = 0 <= row - down < 5 and 0 <= column - right < 7
            expected = source[:, row - down, column - right] if inside else torch.zeros(3)
            assert torch.equal(moved[:, row, column], expected)


def test_every_image_of_a_batch_moves_on_its_own() -> None:
    images = torch.randn(6, 1, 4, 4)
    moves = np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1], [0, 0, 0], [1, 2, 2], [0, -3, 1]])
    together = move(images.clone(), moves)
    for i in range(6):
        assert torch.equal(together[i], move(images[i : i + 1].clone(), moves[i : i + 1])[0])


@given(st.integers(0, 6), st.integers(0, 4), st.integers(0, 6))
def test_a_square_around_its_center_is_the_mean(side: int, row: int, column: int) -> None:
    image = torch.ones(1, 2, 5, 7)
    cut = cut_out(image, np.array([[row, column]]), side)[0]
    for y in range(5):
        for x in range(7):
            inside = -(side // 2) <= y - row < side - side // 2
            inside &= -(side // 2) <= x - column < side - side // 2
            assert (cut[:, y, x] == (0 if inside else 1)).all()
