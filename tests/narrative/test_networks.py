"""What is noticed of a network is said in whole sentences, and nothing where nothing is."""

from paribus.narrative import words
from paribus.narrative.networks import frozen, names, noticed, pretrained
from paribus.records.types import NetworkFacts


def test_of_an_ordinary_network_nothing_is_said() -> None:
    assert list(noticed(NetworkFacts(layers=("FC",), parameters=5))) == []


def test_each_thing_noticed_has_its_sentence_with_what_to_do() -> None:
    facts = NetworkFacts(varying=("a", "b"), unseeded=True, unsteady=True, probabilities=True)
    varying, unseeded, unsteady, probabilities = noticed(facts)
    assert varying.startswith("Built twice from the same seed, a and b started with different")
    assert unseeded.startswith("In training it gave different outputs from the same seed")
    assert "different outputs for the same images" in unsteady
    assert "remove the one at the end" in probabilities


def test_many_tensors_are_counted() -> None:
    assert names(tuple(map(str, range(10)))).endswith("7 and 2 more")


def test_what_was_fine_tuned_is_said_with_the_file_and_the_names() -> None:
    facts = NetworkFacts(pretrained="0123456789abcdef" * 4, new=("fc.weight", "fc.bias"))
    assert pretrained(facts) == "a file (SHA-256 0123456789ab); new: fc.weight and fc.bias"
    whole = facts.model_copy(update={"new": ()})
    assert pretrained(whole) == "a file (SHA-256 0123456789ab)"
    stays = ("conv.weight", "stage1.0.conv1.weight", "stage1.0.norm1.weight")
    said = frozen(NetworkFacts(frozen=stays, frozen_parameters=1200))
    assert said == "1,200\N{NO-BREAK SPACE}parameters, in conv and stage1"


def test_of_a_network_without_it_there_is_nothing_to_say() -> None:
    assert pretrained(NetworkFacts()) == frozen(NetworkFacts()) == words.NONE
