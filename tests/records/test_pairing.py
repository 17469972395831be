"""The pairing says what two settings' streams share, and never more."""

from __future__ import annotations

from dataclasses import replace

from paribus.records.pairing import Pairing, pairing
from paribus.records.types import Record
from synthetic import make_records, make_study


def by_setting(
    failing: tuple[str, int] | None = None,
) -> tuple[list[Record], list[Record], list[Record]]:
    study = make_study(seeds=3, epochs=4)
    records = make_records(study, images=20, failing=failing)
    main, norm, l2 = (
        [record for record in records if record.facts.setting == name]
        for name in ("main", "batch-norm", "l2")
    )
    return main, norm, l2


def with_streams(record: Record, **changes: object) -> Record:
    assert record.facts.streams is not None
    streams = record.facts.streams.model_copy(update=changes)
    return replace(record, facts=record.facts.model_copy(update={"streams": streams}))


def varying(record: Record) -> Record:
    """A run whose network starts otherwise each time it is built."""
    network = record.facts.network.model_copy(update={"varying": ("fc1.bias",)})
    return replace(record, facts=record.facts.model_copy(update={"network": network}))


def test_equal_streams_count_in_every_seed() -> None:
    main, _, l2 = by_setting()
    shared = ("conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias")
    assert pairing("l2", main, l2) == Pairing(
        "l2", 3, 3, 3, 3, 3, shared, (), (), (), (), unseeded=False
    )


def test_parameters_that_one_network_alone_has_are_named() -> None:
    main, norm, _ = by_setting()
    result = pairing("batch-norm", main, norm)
    assert result.only_here == ("norm1.weight", "norm1.bias")
    assert result.initial_values == 3
    assert pairing("main", norm, main).only_baseline == ("norm1.weight", "norm1.bias")


def test_a_stream_that_differs_in_one_seed_is_not_counted_there() -> None:
    main, _, l2 = by_setting()
    l2[1] = with_streams(l2[1], order="another")
    assert pairing("l2", main, l2).order == 2


def test_a_parameter_that_starts_otherwise_is_named() -> None:
    main, _, l2 = by_setting()
    assert l2[0].facts.streams is not None
    l2[0] = with_streams(
        l2[0], initial_values=l2[0].facts.streams.initial_values | {"fc1.bias": "another"}
    )
    result = pairing("l2", main, l2)
    assert (result.initial_values, result.unequal) == (2, ("fc1.bias",))


def test_no_seed_proves_values_that_vary_from_one_build_to_the_next() -> None:
    main, _, l2 = by_setting()
    l2 = [varying(record) for record in l2]
    result = pairing("l2", main, l2)
    assert (result.initial_values, result.varying, result.unequal) == (0, ("fc1.bias",), ())
    assert pairing("main", l2, main).varying == ("fc1.bias",)


def test_what_a_network_draws_in_training_without_a_seed_is_never_proved_equal() -> None:
    main, _, l2 = by_setting()
    network = main[0].facts.network.model_copy(update={"unseeded": True})
    main[0] = replace(main[0], facts=main[0].facts.model_copy(update={"network": network}))
    result = pairing("l2", main, l2)
    assert (result.unseeded, result.dropout, result.order) == (True, 0, 3)


def test_seeds_are_paired_by_number_not_by_place() -> None:
    main, _, l2 = by_setting()
    assert pairing("l2", main[:2], l2[1:]).seeds == 1
    assert pairing("l2", main[:2], l2[1:]).order == 1


def test_a_failed_run_proves_nothing() -> None:
    main, _, l2 = by_setting(failing=("l2", 2))
    assert pairing("l2", main, l2).seeds == 2


def test_augmentations_that_both_use_are_compared_each_by_its_own_stream() -> None:
    main, _, l2 = by_setting()
    main = [with_streams(record, drawn={"crop": "a", "flip": "b"}) for record in main]
    l2 = [with_streams(record, drawn={"crop": "a", "cutout": "c"}) for record in l2]
    assert pairing("l2", main, l2).augmentation == 3
    l2[0] = with_streams(l2[0], drawn={"crop": "other", "cutout": "c"})
    assert pairing("l2", main, l2).augmentation == 2


def test_an_older_record_has_one_hash_for_all_augmentation() -> None:
    main, _, l2 = by_setting()
    main = [with_streams(record, drawn={"crop": "a"}) for record in main]
    assert pairing("l2", main, l2).augmentation == 3
    l2[0] = with_streams(l2[0], augmentation="another")
    assert pairing("l2", main, l2).augmentation == 2
