"""A study of runs that are there already: which runs, and how settings, seeds and values are told.

`Declared` is what somebody says of them, in a file, by options or from Python; `FoundStudy` is what
comes of it once the runs are read, and what is kept with the results.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from paribus.records.bounds import Seed
from paribus.study.check import MOST_RUNS, MOST_VARIATIONS, claim_faults, name_faults
from paribus.study.claims import Claim
from paribus.study.config import Line, SettingName
from paribus.study.faults import Fault
from paribus.study.metrics import DeclaredMetric, MetricName, metric_faults
from paribus.study.sections import Positive, Section
from paribus.study.spec import Question
from paribus.study.trainer import At

#: In place of the name of a seed's key: these runs have no seeds.
NO_SEEDS = "none"


def _pattern(pattern: str) -> str:
    if "{setting}" not in pattern and "{seed}" not in pattern:
        raise ValueError("a pattern with {setting} or {seed}, as '{setting}_seed{seed}'")
    if pattern.count("{setting}") > 1 or pattern.count("{seed}") > 1:
        raise ValueError("a pattern with {setting} and {seed} once")
    return pattern


Pattern = Annotated[Line, AfterValidator(_pattern)]
Value = str | int | float | bool | None


class Compare(Section):
    """Which runs are compared, and how their settings, seeds and values are told.

    Attributes:
        runs: files and folders, from the folder in which the command is run.
        pattern: reads setting and seed from the names of runs, `{setting}_seed{seed}`.
        seed: the key of the configuration that is the seed; `none`: the runs have no seeds.
        settings: name -> what the configurations of its runs have; other runs are left out.
        ignore: keys that make no setting.
        at: the value that counts: the last one, that where another metric is best, or at a step.
        repeated: what to do with several finished runs of one setting and seed.
        predictions: a pattern of files with predictions, one a run or one for all.
        images: the folder below which the images of predictions lie.
    """

    runs: Annotated[tuple[Line, ...], Field(strict=False, max_length=10_000)] = ()
    pattern: Pattern | None = None
    seed: Line | None = None
    settings: Annotated[dict[SettingName, dict[str, Value]], Field(max_length=1_000)] = Field(
        default_factory=dict
    )
    ignore: Annotated[tuple[Line, ...], Field(strict=False, max_length=1_000)] = ()
    at: At = "last"
    repeated: Literal["last", "mean"] | None = None
    predictions: Line | None = None
    images: Line | None = None


class Declared(Section):
    """What is declared of runs that are there: a study file with `compare`, or options.

    Attributes:
        name: the title of the report.
        compare: which runs, and how settings, seeds and values are told.
        baseline: the name of a setting, or what its runs' configurations have: `lr=0.1,wd=0`.
        paired: whether equal seeds of two settings correspond; by default, where all settings
            have the same.
        metrics: metrics that the runs report, and margins of built-in ones.
        primary: the metric that decides; needed where there are several.
        margin: the largest difference in the primary metric that doesn't matter.
        claims: sentences about the settings, each bound to a test.
    """

    name: Line | None = None
    compare: Compare = Compare()
    baseline: Line | None = None
    paired: bool | None = None
    metrics: dict[MetricName, DeclaredMetric] = Field(default_factory=dict, max_length=1_000)
    primary: Line | None = None
    margin: Positive | None = None
    claims: Annotated[tuple[Claim, ...], Field(strict=False, max_length=1_000)] = ()


class FoundStudy(Question):
    """A study of runs that something else than Paribus has trained.

    Attributes:
        compare: how they were found.
        asked: how the baseline was declared, if it was.
        asked_paired: what was declared of pairs, if anything was.
        config: the configuration of the baseline, as far as its runs agree; dotted name -> value.
        variations: what each has instead; None where it doesn't have the key.
        seeds: of each setting, increasing.
        ended: how many runs had ended that were read, those that don't count among them.
    """

    compare: Compare
    asked: Line | None = None
    asked_paired: bool | None = None
    config: dict[str, Value] = Field(default_factory=dict)
    variations: dict[SettingName, dict[str, Value]] = Field(default_factory=dict)
    seeds: dict[SettingName, Annotated[tuple[Seed, ...], Field(strict=False)]]
    ended: Annotated[int, Field(ge=0)] = 0

    @property
    def every_seed(self) -> Sequence[int]:
        """All seeds that any setting has, increasing."""
        return sorted({seed for seeds in self.seeds.values() for seed in seeds})

    def of_setting(self, name: str) -> dict[str, Any]:
        """The configuration of a setting."""
        merged = {**self.config, **self.variations.get(name, {})}
        return {key: value for key, value in merged.items() if value is not None}

    def declaration(self) -> dict[str, Any]:
        """What declares the same of the same runs, as a study file has it."""
        named = {self.primary, *(str(c.test.model_dump().get("metric")) for c in self.claims)}
        metrics = {name: of for name, of in self.metrics.items() if name in named}
        declared = Declared(
            name=self.name,
            compare=self.compare,
            baseline=self.asked or self.baseline,
            paired=self.asked_paired,
            metrics=metrics,
            primary=self.primary,
            margin=self.margin,
            claims=self.claims,
        )
        return declared.model_dump(mode="json", exclude_defaults=True)

    @classmethod
    def faults_between_parts(cls, values: Mapping[str, Any]) -> list[Fault]:
        """What is wrong between parts that are each valid alone."""
        return [
            *name_faults(values),
            *metric_faults(values, reported=True),
            *claim_faults(values, reported=True),
            *_seed_faults(values),
        ]

    def __repr__(self) -> str:
        """One line: its name, its settings and how many runs it has."""
        runs = sum(map(len, self.seeds.values()))
        names = ", ".join((self.baseline, *self.variations))
        return f"<FoundStudy {self.name!r}: {names}; {runs:,} runs>"

    __str__ = __repr__


def in_short(seeds: Sequence[int]) -> str:
    """Increasing seeds in short: "0-9", "1, 5, 42"."""
    parts: list[list[int]] = []
    for seed in seeds:
        if parts and parts[-1][-1] == seed - 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(
        f"{part[0]}-{part[-1]}" if len(part) > 2 else ", ".join(map(str, part)) for part in parts
    )


def _seed_faults(study: Mapping[str, Any]) -> Iterator[Fault]:
    variations, seeds = study.get("variations") or {}, study.get("seeds")
    if not (isinstance(seeds, Mapping) and isinstance(variations, Mapping)):
        return
    names = [str(study.get("baseline")), *map(str, variations)]
    if sorted(map(str, seeds)) != sorted(names):
        yield Fault(("seeds",), "expected the seeds of each setting, and of no other")
    runs = sum(len(of) for of in seeds.values() if isinstance(of, list | tuple))
    if runs > MOST_RUNS:
        yield Fault(("seeds",), f"expected at most {MOST_RUNS:,} runs, got {runs:,}")
    if len(names) > MOST_VARIATIONS + 1:
        most = f"expected at most {MOST_VARIATIONS + 1:,} settings, got {len(names):,}"
        yield Fault(("variations",), most)
