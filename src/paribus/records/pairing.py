"""Whether two settings really trained from the same random streams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paribus.records.types import Record, StreamHashes


@dataclass(frozen=True)
class Pairing:
    """What a variation's runs share with the baseline's, seed by seed.

    `order`, `augmentation` and `dropout`: in how many seeds both drew the very same numbers; of
    augmentation, for all that both use, mixing of images included.
    """

    setting: str
    seeds: int  # of which both runs are finished and left the hashes of their streams
    order: int
    augmentation: int
    dropout: int
    initial_values: int  # in how many seeds every shared parameter began with equal values
    shared: tuple[str, ...]  # names of the parameters that both networks have
    unequal: tuple[str, ...]  # of the shared ones, which began with other values in some seed
    only_here: tuple[str, ...]  # names of the parameters that the baseline lacks
    only_baseline: tuple[str, ...]
    varying: tuple[str, ...]  # what starts otherwise at every build of either network
    unseeded: bool  # either network draws in training what the seed doesn't fix


def pairing(setting: str, baseline: Sequence[Record], variation: Sequence[Record]) -> Pairing:
    """Compare the streams of the finished runs of two settings, seed by seed."""
    theirs, ours = _streams(baseline), _streams(variation)
    finished = [record.facts.network for record in (*baseline, *variation) if record.finished]
    varying = tuple(dict.fromkeys(name for network in finished for name in network.varying))
    unseeded = any(network.unseeded for network in finished)
    pairs = [(theirs[seed], ours[seed]) for seed in sorted(theirs.keys() & ours.keys())]
    before = _names([a for a, _ in pairs])
    here = _names([b for _, b in pairs])
    shared = [name for name in before if name in here]
    return Pairing(
        setting=setting,
        seeds=len(pairs),
        order=sum(a.order == b.order for a, b in pairs),
        augmentation=sum(_changed_alike(a, b) for a, b in pairs),
        dropout=sum(not unseeded and a.dropout == b.dropout for a, b in pairs),
        # Values that vary share no luck of a seed, not even where they happen to be equal.
        initial_values=sum(
            not varying and all(_same(name, a, b) for name in shared) for a, b in pairs
        ),
        shared=tuple(shared),
        unequal=tuple(n for n in shared if not all(_same(n, a, b) for a, b in pairs)),
        only_here=tuple(name for name in here if name not in before),
        only_baseline=tuple(name for name in before if name not in here),
        varying=varying,
        unseeded=unseeded,
    )


@dataclass(frozen=True)
class Drawn:
    """What a variation's scripts drew from named streams, against the baseline's, seed by seed.

    `equal`: of each stream that both used, in how many seeds they drew the very same numbers.
    """

    setting: str
    seeds: int  # of which both runs are finished and wrote down what they drew
    without: int  # of which both are finished, and one or both didn't
    equal: Mapping[str, int]
    only_here: tuple[str, ...]
    only_baseline: tuple[str, ...]

    @property
    def is_proof(self) -> bool:
        """Whether in every seed both drew the same from some stream."""
        return bool(self.seeds) and not self.without and self.seeds in self.equal.values()


def drawn_alike(setting: str, baseline: Sequence[Record], variation: Sequence[Record]) -> Drawn:
    """Compare what the finished runs of two settings drew, seed by seed."""
    theirs = {record.facts.seed: record.facts.drawn for record in baseline if record.finished}
    ours = {record.facts.seed: record.facts.drawn for record in variation if record.finished}
    both = [(theirs[seed], ours[seed]) for seed in sorted(theirs.keys() & ours.keys())]
    told = [(before, here) for before, here in both if before and here]
    before_names = list(dict.fromkeys(name for before, _ in told for name in before))
    names = list(dict.fromkeys(name for _, here in told for name in here))
    shared = [name for name in before_names if name in names]
    return Drawn(
        setting,
        len(told),
        len(both) - len(told),
        {n: sum(a.get(n) == b.get(n) is not None for a, b in told) for n in shared},
        tuple(name for name in names if name not in before_names),
        tuple(name for name in before_names if name not in names),
    )


def _streams(records: Sequence[Record]) -> dict[int, StreamHashes]:
    # A failed run's hashes cover what it drew until then, so they prove nothing.
    return {
        record.facts.seed: record.facts.streams
        for record in records
        if record.facts.status == "finished" and record.facts.streams is not None
    }


def _names(streams: Sequence[StreamHashes]) -> list[str]:
    return list(dict.fromkeys(name for hashes in streams for name in hashes.initial_values))


def _changed_alike(a: StreamHashes, b: StreamHashes) -> bool:
    """Whether both drew the same for every augmentation that both use."""
    if a.drawn is None or b.drawn is None:  # an older record has one hash for all of it
        return a.augmentation == b.augmentation
    theirs = b.drawn
    return all(theirs[name] == digest for name, digest in a.drawn.items() if name in theirs)


def _same(name: str, a: StreamHashes, b: StreamHashes) -> bool:
    return a.initial_values.get(name) == b.initial_values.get(name)
