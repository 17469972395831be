"""Plans: a variation changes what it says and nothing else; runs are interleaved."""

from paribus.study.plan import runs, settings, surprises
from paribus.study.read import parse_study
from paribus.study.spec import Study
from trained import trained


def study(**variations: dict[str, object]) -> Study:
    return Study.model_validate(
        {
            "name": "s",
            "data": {"source": "digits"},
            "optimizer": {"kind": "adam", "lr": 0.01},
            "epochs": 2,
            "seeds": 2,
            "variations": variations,
        }
    )


def test_the_baseline_comes_first_and_changes_nothing() -> None:
    first, second = settings(study(l2={"optimizer.weight_decay": 0.1}))
    assert (first.name, first.changes) == ("baseline", {})
    assert (second.name, second.changes) == ("l2", {"optimizer.weight_decay": (0.0, 0.1)})


def test_an_override_by_the_value_that_stands_there_changes_nothing() -> None:
    assert settings(study(same={"optimizer.lr": 0.01, "same": True}))[1].changes == {}


def test_a_replaced_section_shows_every_key_that_differs() -> None:
    sgd: dict[str, object] = {"optimizer": {"kind": "sgd", "lr": 0.01, "momentum": 0.9}}
    assert settings(study(sgd=sgd))[1].changes == {
        "optimizer.kind": ("adam", "sgd"),
        "optimizer.momentum": (None, 0.9),
    }


def test_what_is_left_out_at_its_default_has_a_value_before_all_the_same() -> None:
    changed = settings(
        study(a={"data.blur": 0.1, "optimizer.eps": 1e-6}, b={"clip_gradients": 1.0})
    )
    assert changed[1].changes == {"data.blur": (0.0, 0.1), "optimizer.eps": (1e-8, 1e-6)}
    assert changed[2].changes == {"clip_gradients": (None, 1.0)}
    network: dict[str, object] = {"network": {"kind": "a.b:c", "arguments": {"items": 3}}}
    assert settings(study(own=network))[1].changes["network.arguments.items"] == (None, 3)


def test_two_overrides_stand_together() -> None:
    both: dict[str, object] = {"network.batch_norm": True, "data.size": 48}
    assert set(settings(study(both=both))[1].changes) == set(both)


def test_a_variation_may_change_the_engine_which_is_no_part_of_what_else_decides_a_result() -> None:
    torch, native = settings(study(native={"engine": "native"}))
    assert native.changes == {"engine": ("auto", "native")}
    assert torch.config.recorded() == native.config.recorded()
    assert "engine" not in torch.config.recorded()  # as in records from before there was a choice


def test_runs_are_interleaved_so_that_a_slow_hour_slows_all_settings_alike() -> None:
    order = [(r.setting.name, r.seed) for r in runs(study(l2={"optimizer.weight_decay": 0.1}))]
    assert order == [("baseline", 0), ("l2", 0), ("baseline", 1), ("l2", 1)]


def test_an_argument_that_looks_like_a_truth_value_is_said_to_be_text_once() -> None:
    study = parse_study(
        "name: x\ndata: digits\nepochs: 1\nnetwork:\n  kind: a:b\n"
        "  arguments: {deep: no, sizes: {wide: On}, tall: true, by: yesterday}\n"
        "variations: {v: {optimizer.lr: 0.1, network.arguments.deep: 'yes'}}\n"
    )
    assert surprises(trained(study)) == (
        "baseline: network.arguments.deep is the text 'no'; if you mean false, write it so",
        "baseline: network.arguments.sizes.wide is the text 'On'; if you mean true, write it so",
        "v: network.arguments.deep is the text 'yes'; if you mean true, write it so",
    )
