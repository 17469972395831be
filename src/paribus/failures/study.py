"""What is known of a study's failed cases, put together for the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from paribus.failures.explained import Explained
from paribus.failures.label_errors import Suspicions, suspicions
from paribus.failures.outcomes import Changes, Outcomes, all_changes
from paribus.names import safe_classes
from paribus.records.types import Integers


@dataclass(frozen=True, eq=False)
class Failures:
    """What is known of a study's failed cases.

    Attributes:
        baseline: the setting that the others are compared with.
        outcomes: of each setting with known predictions, all of the same test images.
        explained: of the settings whose networks were explained; others are missing.
        telling: numbers of the test images that are kept, the most telling first.
    """

    baseline: str
    outcomes: Mapping[str, Outcomes]
    explained: Mapping[str, Explained]
    telling: Integers

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The classes' names, safe to show; none without predictions."""
        return next((safe_classes(outcome.classes) for outcome in self.outcomes.values()), ())

    @cached_property
    def rows(self) -> Mapping[int, int]:
        """From a test image's number to its place in the outcomes' arrays."""
        index = next((outcome.index for outcome in self.outcomes.values()), np.zeros(0, np.int64))
        return {number: row for row, number in enumerate(index.tolist())}

    @cached_property
    def changes(self) -> Mapping[str, Changes]:
        """Each variation against the baseline."""
        return all_changes(self.outcomes, self.baseline)

    @cached_property
    def suspicions(self) -> Suspicions | None:
        """How likely each test image's label is to be wrong; None without probabilities."""
        return suspicions(self.outcomes)

    @cached_property
    def wrong(self) -> Integers:
        """(n,) how many runs get each test image wrong, of all settings."""
        return np.asarray(sum(outcome.wrong for outcome in self.outcomes.values()))

    @cached_property
    def _places(self) -> Mapping[str, Mapping[int, int]]:
        return {
            name: {number: place for place, number in enumerate(explained.images.tolist())}
            for name, explained in self.explained.items()
        }

    def explanation(self, setting: str, index: int) -> tuple[Explained, int] | None:
        """A setting's explanations and a test image's place in them, where there is one."""
        place = self._places.get(setting, {}).get(index)
        return None if place is None else (self.explained[setting], place)
