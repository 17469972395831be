"""How a setting is trained, in words: optimizer, learning rate, augmentation and all else."""

from collections.abc import Callable, Mapping
from typing import Any

from paribus.names import safe_name
from paribus.narrative import words
from paribus.study.augmentation import Augmentation, ColorJitter, RandomResizedCrop
from paribus.study.config import Config
from paribus.study.schedules import (
    Constant,
    Cosine,
    Linear,
    MultiStep,
    OneCycle,
    Polynomial,
    Schedule,
    Step,
)
from paribus.study.sections import Section


def _part(part: Section) -> str:
    """A section of a study in words: "Adam, lr 0.001, weight decay 0"."""
    values = part.model_dump()
    kind = words.readable(str(values.pop("kind")))
    return ", ".join([kind, *(_key_in_words(key, value) for key, value in values.items())])


def _key_in_words(key: str, value: Any) -> str:
    match key, value:
        case "nesterov", True:
            return "Nesterov's momentum"
        case "decay", "weights":
            return "no decay of biases and scales"
        case "lr_factors", dict():
            each = (f"{words.value(f)} times for {safe_name(name)}" for name, f in value.items())
            return f"lr {words.listed([*each])}"
        case _, tuple():
            return f"{key} {words.listed([*map(words.value, value)])}"
    return f"{key.replace('_', ' ')} {words.value(value)}"


def _stochastic_depth(config: Config) -> str:
    rate = getattr(config.network, "stochastic_depth", 0)
    return f"up to {words.value(rate)}" if rate else words.NONE


def _schedule(config: Config) -> str:
    schedule = config.schedule
    if isinstance(schedule, OneCycle) or not schedule.warmup:
        return _course(schedule)
    epochs = f"{words.value(schedule.warmup)} epoch{'' if schedule.warmup == 1 else 's'}"
    return f"{_course(schedule)}, after a warm-up of {epochs}"


def _course(schedule: Schedule) -> str:
    match schedule:
        case Constant():
            return "constant"
        case Step(every=every, factor=factor):
            return f"factor {words.value(factor)} every {words.count(every, 'epoch')}"
        case MultiStep(epochs=epochs, factor=factor):
            return f"factor {words.value(factor)} after epoch {words.listed([*map(str, epochs)])}"
        case Cosine(final=final) | Linear(final=final):
            return f"{schedule.kind} decay to {words.value(final)}"
        case Polynomial(final=final, power=power):
            return f"polynomial decay to {words.value(final)}, power {words.value(power)}"
        case OneCycle(pct_start=share, div_factor=first, final_div_factor=last):
            return (
                f"one cycle: from 1/{words.value(first)} up in {words.value(share)} of all steps, "
                f"down to 1/{words.value(first * last)}"
            )


def _class_weights(config: Config) -> str:
    return "balanced" if config.class_weights == "balanced" else words.NONE


def _mixing(config: Config) -> str:
    mixes = (("mixup", config.mixup), ("cutmix", config.cutmix))
    on = [f"{name} {words.value(alpha)}" for name, alpha in mixes if alpha]
    return f"{' or '.join(on)}, by batch" if len(on) > 1 else "".join(on) or words.NONE


def _average(config: Config) -> str:
    return f"moving average, decay {words.value(config.ema)}" if config.ema else words.NONE


def _epochs(config: Config) -> str:
    if config.stop_early is None:
        return words.whole(config.epochs)
    age = words.count(config.stop_early.patience, "epoch")
    return f"at most {words.whole(config.epochs)}, until the lowest validation loss is {age} old"


def _test_flips(config: Config) -> str:
    return "mean over each image and its mirror image" if config.test_flips else words.NONE


def _numbers(config: Config) -> str:
    fastest = "" if config.deterministic else "on GPUs by the fastest algorithms"
    said = ("" if config.precision == "float32" else config.precision, fastest)
    compiled = "by torch.compile" if config.compile else ""
    return ", ".join(part for part in (*said, compiled) if part) or words.NONE


def augmentation(of: Augmentation) -> str:
    """Augmentation in words: "random horizontal flip, random crop with padding of 4 pixels"."""
    return "; ".join(_AUGMENTATIONS[name](getattr(of, name)) for name in of.on) or "none"


def _jitter(of: ColorJitter) -> str:
    changed = ", ".join(f"{key} {words.value(value)}" for key, value in of if value)
    return f"color jitter: {changed or 'none'}"


def _resized(of: RandomResizedCrop) -> str:
    (least, most), (flat, tall) = of.scale, of.ratio
    return (
        f"random resized crop: {words.value(least)} to {words.value(most)} of the area, ratio "
        f"{words.value(round(flat, 3))} to {words.value(round(tall, 3))}"
    )


_AUGMENTATIONS: Mapping[str, Callable[[Any], str]] = {
    "flip": lambda on: "random horizontal flip",
    "shift": lambda pixels: f"random shift by up to {words.count(pixels, 'pixel')}",
    "crop": lambda pixels: f"random crop with padding of {words.count(pixels, 'pixel')}",
    "cutout": lambda side: f"cutout of {side}x{side} pixels",
    "random_resized_crop": _resized,
    "rotate": lambda degrees: f"random rotation by up to {words.value(degrees)} degrees",
    "color_jitter": _jitter,
    "grey": lambda chance: f"grayscale with probability {words.value(chance)}",
    "randaugment": lambda of: f"RandAugment, {of.n} changes of magnitude {of.magnitude}",
    "trivialaugment": lambda on: "TrivialAugment",
    "autoaugment": lambda policy: "AutoAugment's policy for CIFAR-10",
}

#: What is said of a setting that Paribus trains, by its title.
ROWS: Mapping[str, Callable[[Config], str]] = {
    "Stochastic depth": _stochastic_depth,
    "Optimizer": lambda config: _part(config.optimizer),
    "Learning rate": _schedule,
    "Largest norm of gradients": lambda config: words.value(config.clip_gradients),
    "Label smoothing": lambda config: words.value(config.label_smoothing or None),
    "Weights of classes": _class_weights,
    "Augmentation": lambda config: augmentation(config.augmentation),
    "Mixed images": _mixing,
    "Epochs": _epochs,
    "Batch size": lambda config: words.whole(config.batch_size),
    "Layers compute": _numbers,
    "Weights that are tested": _average,
    "Predictions": _test_flips,
}


def training(config: Config) -> dict[str, str]:
    """How a setting is trained, in words by title; what isn't asked for is left out."""
    said = {title: text(config) for title, text in ROWS.items()}
    return {title: text for title, text in said.items() if text != words.NONE}
