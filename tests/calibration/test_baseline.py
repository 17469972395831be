"""Networks that learned nothing are rarely shown to be above chance, with few repetitions."""

from __future__ import annotations

import pytest

from calibration.baseline import LAWS, falsely_shown, falsely_shown_at_a_stop


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("seeds", "images"), [(1, 60), (3, 60), (30, 20)])
def test_a_study_rarely_shows_it(law: str, seeds: int, images: int) -> None:
    assert falsely_shown(law, seeds, images, 100) <= 0.09


@pytest.mark.parametrize("law", ["seeds much alike", "any class at random"])
def test_nor_does_one_that_may_stop(law: str) -> None:
    assert max(falsely_shown_at_a_stop(law, 20, 100)) <= 0.09
