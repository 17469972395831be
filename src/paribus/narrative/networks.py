"""What was noticed of a network when it was first built and tried, and what it began with."""

from collections.abc import Iterator

from paribus.names import safe_name
from paribus.narrative import words
from paribus.records.types import NetworkFacts

#: More tensors than this, and the rest are counted.
MOST_NAMES = 8


def noticed(network: NetworkFacts) -> Iterator[str]:
    """Sentences on what its user should know, if there is anything."""
    if network.varying:
        yield (
            f"Built twice from the same seed, {names(network.varying)} started with different "
            "values, so no pairing can be proved. Draw them from torch, numpy.random or random, "
            "which Paribus seeds."
        )
    if network.unseeded:
        yield (
            "In training it gave different outputs from the same seed, so its runs can't be "
            "repeated and no pairing can be proved. It may draw from a generator of its own, such "
            "as numpy.random.default_rng(). Draw from torch, numpy.random or random, which Paribus "
            "seeds."
        )
    if network.unsteady:
        yield (
            "In evaluation mode it gives different outputs for the same images each time, as "
            "functional dropout without training=self.training does. Its validation curve, "
            "predictions and maps each show one draw."
        )
    if network.probabilities:
        yield (
            "Its outputs are nonnegative and sum to 1, like probabilities. Paribus expects logits "
            "or log probabilities and applies a softmax of its own: remove the one at the end."
        )


def pretrained(network: NetworkFacts) -> str:
    """What a network began with: "a file (SHA-256 0123456789ab); new: fc.weight and fc.bias"."""
    if network.pretrained is None:
        return words.NONE
    file = f"a file (SHA-256 {network.pretrained[:12]})"
    return f"{file}; new: {names(network.new)}" if network.new else file


def frozen(network: NetworkFacts) -> str:
    """What of a network wasn't trained, by its parts: "1,234 parameters, in conv and stage1"."""
    if not network.frozen:
        return words.NONE
    parts = dict.fromkeys(name.partition(".")[0] for name in network.frozen)
    number = words.count(network.frozen_parameters, "parameter")
    return f"{number}, in {names(tuple(parts))}"


def names(tensors: tuple[str, ...]) -> str:
    """Names of tensors in a sentence; beyond `MOST_NAMES` they are counted."""
    left = len(tensors) - MOST_NAMES
    shown = [safe_name(name) for name in tensors[:MOST_NAMES]]
    return words.listed([*shown, f"{left} more"] if left > 0 else shown)
