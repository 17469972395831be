"""Every problem of a study at once, each with its place and what to write instead."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeGuard

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from paribus.metrics.registry import CAUSES, CLASS_FIGURES, OF_PREDICTIONS, built_in
from paribus.study import claims, config, trainer
from paribus.study.augmentation import Augmentation
from paribus.study.config import SAME, SETTING_NAME, UntilDecided, override
from paribus.study.data import IMAGE_SOURCES, Imbalance, LabelNoise
from paribus.study.faults import Fault, Location, in_words, meant, nearest, short, unknown_settings
from paribus.study.metrics import DeclaredMetric, margin_faults, metric_faults, names
from paribus.study.networks import NETWORKS
from paribus.study.optimizers import OPTIMIZERS
from paribus.study.schedules import SCHEDULES
from paribus.study.yaml import DEEPEST

#: Where each section's keys are declared, by the tag or the field that pydantic puts in a location.
SECTIONS: dict[str, type[BaseModel]] = {
    **IMAGE_SOURCES,
    **{kind.__name__.lower(): kind for kind in OPTIMIZERS},
    **SCHEDULES,
    **dict.fromkeys(("a number", "until decided"), UntilDecided),
    "augmentation": Augmentation,
    "imbalance": Imbalance,
    "label_noise": LabelNoise,
    **NETWORKS,
    "command": trainer.Command,
    "call": trainer.Call,
}
CLAIM_TESTS: dict[str, type[BaseModel]] = {
    "expect": claims.Direction,
    "between": claims.DifferenceRange,
    "within": claims.ValueRange,
    "best or worst": claims.Ranking,
    "order": claims.Order,
}
TAGGED = {"data", "network", "optimizer", "schedule"}

#: The context of a validation that is to raise pydantic's own error, which has locations.
AS_RAISED = object()

#: Variations, each a column and a line of every list; settings times seeds, each a folder.
MOST_VARIATIONS, MOST_RUNS = 1_000, 20_000

#: A variation is compared image by image with its baseline, so the images stay the same.
FIXED_DATA = {"data.source", "data.path", "data.validation", "data.test"}


def study_faults(study: Mapping[str, Any]) -> list[Fault]:
    """What is wrong between the parts of a study, even where each is valid alone."""
    parts = (run_faults, warmup_faults, variation_faults, metric_faults, claim_faults)
    return [fault for faults_of in parts for fault in faults_of(study)]


def run_faults(study: Mapping[str, Any]) -> Iterator[Fault]:
    """More variations or runs than any study has."""
    seeds, variations = study.get("seeds"), study.get("variations")
    if isinstance(seeds, Mapping):
        looks = seeds.get("looks")
        seeds = looks[-1] if isinstance(looks, list | tuple) and looks else seeds.get("most")
    if isinstance(variations, Mapping) and len(variations) > MOST_VARIATIONS:
        got = f"{len(variations):,}"
        yield Fault(("variations",), f"expected at most {MOST_VARIATIONS:,}, got {got}", key=True)
    elif isinstance(seeds, int) and isinstance(variations, Mapping):
        settings = 1 + len(variations)
        if settings * seeds > MOST_RUNS:
            got = f"{settings:,} settings of {seeds:,} seeds"
            yield Fault(("seeds",), f"expected at most {MOST_RUNS:,} runs, got {got}")


def warmup_faults(study: Mapping[str, Any]) -> Iterator[Fault]:
    """A warm-up after which nothing is left of the training."""
    if message := _endless(study):
        yield Fault(("schedule", "warmup"), message)


def _endless(values: Mapping[str, Any]) -> str | None:
    schedule, epochs = values.get("schedule"), values.get("epochs")
    warmup = schedule.get("warmup") if isinstance(schedule, Mapping) else None
    if isinstance(warmup, int | float) and isinstance(epochs, int) and warmup >= epochs:
        got = f"{warmup:g} of {epochs} epochs"
        return f"expected a warm-up that ends before the training, got {got}"
    return None


def variation_faults(study: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with the variations, given a baseline that may itself be wrong."""
    variations = study.get("variations")
    if not isinstance(variations, Mapping):
        return
    baseline = {key: study[key] for key in config.Config.model_fields if key in study}
    known = set(validate(config.Config, baseline))
    if not known:
        # Overrides meet the baseline with its defaults (`plan.settings`), so they do here.
        baseline = config.Config.model_validate(baseline).model_dump()
    yield from name_faults(study)
    for name, overrides in variations.items():
        if isinstance(overrides, Mapping):
            yield from _override_faults(("variations", name), baseline, overrides, known)


def name_faults(study: Mapping[str, Any]) -> Iterator[Fault]:
    """Variations with a name that another setting has."""
    variations = study.get("variations")
    seen = {str(study.get("baseline", "baseline")).casefold(): "the baseline"}
    for name in variations if isinstance(variations, Mapping) else ():
        # Settings name folders, and some file systems don't tell "L2" from "l2".
        if twin := seen.get(str(name).casefold()):
            expected = "expected a new name (upper and lower case don't count)"
            yield Fault(("variations", name), f"{expected}, got that of {twin}")
        seen[str(name).casefold()] = f"variation {str(name)!r}"


def _override_faults(
    at: Location, baseline: Mapping[str, Any], overrides: Mapping[str, Any], known: set[Fault]
) -> Iterator[Fault]:
    if not overrides:
        yield Fault(at, "expected at least one override, as {optimizer.lr: 0.01}, got none")
    allowed = {}
    for path, value in overrides.items():
        if path == SAME:
            if value is not True:
                yield Fault((*at, SAME), f"expected true, or no such key, got {short(value)}")
        elif reason := _objection(str(path)) or _other_split(baseline, str(path), value):
            yield Fault((*at, str(path)), reason, key=True)
        else:
            allowed[str(path)] = value
    for fault in validate(config.Config, override(baseline, allowed)):
        if fault not in known:
            yield _at_override(at, fault, allowed)
    message = _endless(override(baseline, allowed))
    if message and not _endless(baseline):
        key = _responsible("schedule.warmup", allowed) or _responsible("epochs", allowed) or ""
        yield Fault((*at, key), message)


def sameness_faults(study: Mapping[str, Any]) -> list[Fault]:
    """Variations that change nothing and don't say so, or do and say not; all else is valid."""
    keys = config.Config.model_fields.keys() & study.keys()
    baseline = config.Config.model_validate({key: study[key] for key in keys})
    faults = []
    for name, overrides in (study.get("variations") or {}).items():
        setting = config.Config.model_validate(override(baseline.model_dump(), overrides))
        if setting == baseline and SAME not in overrides:
            message = (
                "changes nothing in the baseline; if it is meant as an A/A test, add same: true"
            )
            faults.append(Fault(("variations", name), message))
        elif setting != baseline and SAME in overrides:
            message = "it changes something in the baseline; remove same, or what changes"
            faults.append(Fault(("variations", name, SAME), message, key=True))
    return faults


def _objection(path: str) -> str | None:
    """Why a variation can't set this path, if so."""
    first, *below = path.split(".")
    if len(below) >= DEEPEST:
        return f"expected at most {DEEPEST} levels of nesting, got {1 + len(below)}"
    if first not in config.Config.model_fields:
        return f"unknown key {first!r}{_meant_path(first, below)}"
    if path == "data" or path in FIXED_DATA:
        return "a variation is tested on the baseline's images, so it can't choose others"
    if path != first and first not in TAGGED | {"augmentation"}:
        return f"{first!r} has no keys; write {first}: value"
    return None


#: Every key of a section that a variation may set, with its path: batch_norm, network.batch_norm.
_PATHS = {
    key: path
    for section, kinds in {
        "data": tuple(IMAGE_SOURCES.values()),
        "network": dict.fromkeys(NETWORKS.values()),
        "optimizer": OPTIMIZERS,
        "schedule": tuple(SCHEDULES.values()),
        "augmentation": (Augmentation,),
    }.items()
    for kind in kinds
    for key in kind.model_fields
    if key not in ("kind", *config.Config.model_fields)
    and (path := f"{section}.{key}") not in FIXED_DATA
}


def _meant_path(first: str, below: Sequence[str]) -> str:
    """What to add to "unknown key": the path of a key whose section was forgotten, or the nearest.

    `nearest` alone would take batch_norm for batch_size.
    """
    top = [*config.Config.model_fields]
    if below and meant(first, top):
        return nearest(first, top)
    key = below[-1] if below else first
    close = difflib.get_close_matches(key, [*top, *_PATHS], n=1)
    if close and close[0] in _PATHS:
        return f"; did you mean {_PATHS[close[0]]!r}?"
    return nearest(first, top)


def _other_split(baseline: Mapping[str, Any], path: str, value: Any) -> str | None:
    """Why a variation can't vary this, if so: a seed's runs share their test images."""
    before = baseline.get("vary", config.VARIED)
    lists = isinstance(value, list | tuple) and isinstance(before, list | tuple)
    if path != "vary" or not lists or ("split" in value) == ("split" in before):
        return None
    return "a variation is tested on the baseline's images: vary the split in both, or in neither"


def claim_faults(study: Mapping[str, Any], *, reported: bool = False) -> Iterator[Fault]:
    """Claims that share an id, or name settings or metrics that the study doesn't have.

    `reported`: the runs are another trainer's, which has none of Paribus's own measurements.
    """
    listed = study.get("claims")
    if not isinstance(listed, list | tuple):
        return
    variations = study.get("variations")
    others = variations if isinstance(variations, Mapping) else ()
    settings = [str(study.get("baseline", "baseline")), *map(str, others)]
    ids: set[str] = set()
    for number, claim in enumerate(listed):
        if not isinstance(claim, Mapping):
            continue
        if str(claim.get("id")) in ids:
            yield Fault(("claims", number, "id"), "another claim has this id; change one")
        ids.add(str(claim.get("id")))
        at, test = ("claims", number, "test"), claim.get("test")
        yield from unknown_settings(at, test, settings)
        if isinstance(test, Mapping) and not {"best", "worst"} & {*test}:
            yield from _test_metric_faults(at, test, study.get("metrics") or {}, reported)


def _test_metric_faults(
    at: Location, test: Mapping[str, Any], declared: Any, reported: bool
) -> Iterator[Fault]:
    metric = test.get("metric")
    if not isinstance(metric, str) or not isinstance(declared, Mapping):
        return
    of_class = [f"{figure}:{metric.partition(':')[2] or '<class>'}" for figure in CLASS_FIGURES]
    own = metric in OF_PREDICTIONS or metric in of_class if reported else bool(built_in(metric))
    if metric in declared or own:
        yield from margin_faults((*at, "margin"), metric, test.get("margin"), declared)
    else:
        known = [*declared, *OF_PREDICTIONS] if reported else [*names(declared), *CAUSES]
        valid = [*dict.fromkeys(known), *of_class]
        yield Fault((*at, "metric"), f"no metric is called {metric!r}{nearest(metric, valid)}")


def _at_override(at: Location, fault: Fault, overrides: Mapping[str, Any]) -> Fault:
    """Put a fault of the overridden configuration at the override that caused it."""
    path = ".".join(map(str, fault.at))
    if key := _responsible(path, overrides):
        return Fault((*at, key), fault.message, fault.key)
    section = path.split(".")[0]
    key = next((key for key in overrides if key.startswith(section)), "")
    replace = f"To replace the section write {section}: {{...}}"
    return Fault((*at, key), f"{path} of the baseline: {fault.message}. {replace}")


def _responsible(path: str, overrides: Mapping[str, Any]) -> str | None:
    """The override of a path itself, else of something below it, else of what it is a part of."""
    if path in overrides:
        return path
    if below := next((key for key in overrides if key.startswith(f"{path}.")), None):
        return below
    above = accumulate(path.split("."), lambda before, key: f"{before}.{key}")
    return next((key for key in reversed([*above]) if key in overrides), None)


def validate(model: type[BaseModel], values: Mapping[str, Any]) -> list[Fault]:
    """What pydantic finds wrong with plain values, in Paribus's words."""
    try:
        TypeAdapter(model).validate_python(dict(values), context=AS_RAISED)
    except ValidationError as error:
        return faults_of(error, model)
    return []


def faults_of(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """What pydantic found wrong, in Paribus's words."""
    # An error of the whole study repeats what `study_faults` says with a place.
    return [
        _fault(detail, model)
        for detail in error.errors()
        if detail["loc"] and not _repeats_its_items(detail)
    ]


def _repeats_its_items(detail: ErrorDetails) -> bool:
    """Whether a list is only too short for its wrong items, which have faults of their own."""
    context = detail.get("ctx", {})
    return detail["type"] == "too_short" and len(detail["input"]) >= context["min_length"]


def _fault(detail: ErrorDetails, model: type[BaseModel]) -> Fault:
    location = detail["loc"]
    at = location
    if (
        len(location) > 1
        and location[0] in TAGGED | {"seeds", "trainer"}
        and location[1] in SECTIONS
    ):
        at = (location[0], *location[2:])
    if len(at) > 3 and at[0] == "claims" and at[3] in CLAIM_TESTS:
        at = (*at[:3], *at[4:])
    if at[-1] == "[key]":
        return Fault(at[:-1], _message(detail, location, model), key=True)
    if detail["type"] == "union_tag_invalid":
        at = (*at, "source" if at == ("data",) else "kind")
    return Fault(at, _message(detail, location, model), key=detail["type"] == "extra_forbidden")


def _message(detail: ErrorDetails, location: Location, model: type[BaseModel]) -> str:
    value, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "union_tag_invalid":
            tag, tags = context["tag"], [t.strip(" '") for t in context["expected_tags"].split(",")]
            return f"expected one of {', '.join(tags)}, got {tag!r}{meant(tag, tags)}"
        case "union_tag_not_found" if location[0] == "data" and not isinstance(value, Mapping):
            return f"expected a mapping of keys, got {short(value)}"
        case "union_tag_not_found":
            keys = "one of expect, between, within, best, worst, order"
            wanted = keys if location[0] == "claims" else "'source'"  # of data
            return f"expected a mapping with {wanted}, got {short(value)}"
        case _ if location == ("seeds", "until decided") and not isinstance(value, Mapping):
            return f"expected an integer or {{until: decided}}, got {short(value)}"
        case "missing" if location[0] == "trainer":
            return 'expected command: "python train.py --seed {seed}" or call: my_code:train'
        case "string_pattern_mismatch" if location[0] == "trainer":
            return f"expected 'package.module:function', got {short(value)}"
        case "string_pattern_mismatch" if context["pattern"] != SETTING_NAME:
            return f"expected 'package.module:callable', or a name as 'lenet5', got {short(value)}"
    return in_words(detail, _keys_at(location[:-1], model))


def _has_fields(kind: type) -> TypeGuard[type[BaseModel]]:
    return issubclass(kind, BaseModel)


def _keys_at(location: Location, model: type[BaseModel]) -> Iterable[str]:
    last = str(location[-1]) if location else ""
    field = model.model_fields.get(last)
    if field is not None and isinstance(field.annotation, type) and _has_fields(field.annotation):
        return field.annotation.model_fields
    section = SECTIONS.get(last) or CLAIM_TESTS.get(last)
    if section is None and location[:1] in (("claims",), ("metrics",)):
        section = claims.Claim if location[0] == "claims" else DeclaredMetric
    return (section or model).model_fields
