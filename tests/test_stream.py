"""Streams: what a seed fixes, and that purposes don't disturb each other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from paribus.stream import stream, stream_key, torch_seed

seeds = st.integers(0, 10_000)
purposes = st.text(min_size=1, max_size=20)


@given(seeds, purposes)
def test_the_same_seed_and_purpose_give_the_same_numbers(seed: int, purpose: str) -> None:
    first, second = stream(seed, purpose).random(8), stream(seed, purpose).random(8)
    assert np.array_equal(first, second)


@given(seeds, st.lists(purposes, min_size=2, max_size=2, unique=True))
def test_another_purpose_gives_other_numbers(seed: int, pair: list[str]) -> None:
    assert not np.array_equal(stream(seed, pair[0]).random(8), stream(seed, pair[1]).random(8))


def test_a_stream_does_not_depend_on_what_was_drawn_before() -> None:
    stream(1, "order").random(1000)
    np.random.default_rng(0).random(1000)
    assert stream(1, "augmentation").random() == stream(1, "augmentation").random()


def test_details_are_told_apart_from_the_purpose_and_from_each_other() -> None:
    keys = {stream_key(1, "a", "bc"), stream_key(1, "ab", "c"), stream_key(1, "a", "b", "c")}
    assert len(keys) == 3


def test_keys_stay_what_they_were_when_records_were_written() -> None:
    # A change here would unpair new runs from the records that lie on users' disks.
    assert stream_key(0, "order", 1) % 10**12 == 198277263857


@given(seeds)
def test_seeds_for_torch_fit_a_signed_64_bit_integer(seed: int) -> None:
    assert 0 <= torch_seed(seed, "dropout", 1) < 2**63


def test_streams_of_neighboring_seeds_are_uncorrelated() -> None:
    draws = np.array([stream(seed, "order").random(4000) for seed in range(20)])
    off_diagonal = np.corrcoef(draws)[np.triu_indices(20, 1)]
    assert np.abs(off_diagonal).max() < 0.08  # 5 standard errors of 1/sqrt(4000)
