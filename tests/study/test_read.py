"""Study files: what is accepted, and that every problem is reported at its place."""

from pathlib import Path

import pytest

from paribus.errors import StudyError
from paribus.metrics.registry import CAUSES, METRICS
from paribus.study.data import Digits
from paribus.study.networks import LeNet5, OwnNetwork
from paribus.study.optimizers import Adam
from paribus.study.plan import settings
from paribus.study.read import (
    STUDY,
    parse_study,
    read_study,
    read_study_copy,
    require_permission,
)
from paribus.study.schedules import Step
from paribus.study.spec import Study
from trained import trained

STUDIES = Path(__file__).parents[2] / "studies"

GOOD = """\
name: a study
data: {source: digits}
epochs: 2
variations:
  l2: {optimizer.weight_decay: 1e-5}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(StudyError) as caught:
        parse_study(text, "s.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_study_can_be_read(path: Path) -> None:
    # The first half of another study has one setting.
    assert bool(read_study(path).variations) == (path.stem != "pretraining")


def test_the_reference_study_says_what_the_published_report_says() -> None:
    study = trained(read_study(STUDIES / "lenet-stl10.yaml"))
    assert (study.epochs, study.batch_size, study.seeds) == (100, 128, 10)
    assert study.optimizer == Adam(lr=0.001)
    assert study.schedule == Step(kind="step", every=20, factor=0.5)
    assert study.variations == {
        "batch-norm": {"network.batch_norm": True},
        "l2": {"optimizer.weight_decay": 1e-5},
    }


def test_1e_5_is_a_number_as_it_is_in_python() -> None:
    assert parse_study(GOOD).variations["l2"]["optimizer.weight_decay"] == 1e-5


def test_a_section_may_be_named_by_its_kind_alone() -> None:
    assert trained(parse_study(GOOD + "network: lenet5")).network == LeNet5()
    assert trained(parse_study(GOOD + "network: a.b:c")).network == OwnNetwork(kind="a.b:c")


def test_data_may_be_named_by_its_source_alone() -> None:
    text = GOOD.replace("{source: digits}", "digits")
    assert parse_study(text) == parse_study(GOOD)
    small = trained(parse_study(text + "  small: {data.size: 16}\n"))
    assert settings(small)[2].config.data == Digits(source="digits", size=16)
    (problem,) = problems(text.replace("epochs: 2", "epochs: x") + "  small: {data.size: 16}\n")
    assert "epochs: expected an integer" in problem


def test_a_date_is_text_and_true_is_a_name() -> None:
    assert parse_study(GOOD.replace("a study", "2024-13-01")).name == "2024-13-01"
    assert "true" in parse_study(GOOD + "  true: {optimizer.lr: 0.1}\n").variations


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("name: LeNet: with", "1:12", "put a text that holds ': ' in quotes"),
        ("name: x\n epochs: 1", "2:8", "indent the keys of one section alike"),
        ("a:\n  b: 1\n c: 2", "3:2", "indent the keys of one section alike"),
        ('path: "C:\\me"', "1:11", "write a path like 'C:\\new' in single quotes"),
        ('path: "C:\\Users"', "1:12", "write a path like 'C:\\new' in single quotes"),
        ("a:\n\tb: 1", "2:1", "indent with spaces"),
        ("a: 1\nseeds:\u00a01\nb: 1", "2:1", "a line without a colon and a space"),
        ("a: @x", "1:4", "a text can't begin with @; put it in quotes"),
        ("a: *x", "1:4", "no anchor is called &x; put it in quotes if it is text"),
        ("a: [1, 2\nb: 1", "1:4", "this bracket isn't closed"),
        ("a: [1, 2]]", "1:10", "got ] without the bracket that it closes"),
        ("a: 'it's'", "1:8", "write a quote inside single quotes twice"),
        ('a: "x\nb: 1', "1:4", "this quote isn't closed"),
        ("a: - 1", "1:4", "a list of '-' entries begins on a line below its key"),
        ("a: |x\n b", "1:5", "a text can't begin with | or >; put it in quotes"),
        ("a: , b", "1:4", "expected a value, got ,; put it in quotes if it is text"),
        ("a: 1\n---\nb: 2", "2:1", "got a second one after '---'; keep one"),
        ("- a\n- b", "1:1", "expected a mapping of keys such as `name:`, got a list"),
        ("hello", "1:1", "expected a mapping of keys such as `name:`, got 'hello'"),
    ],
)
def test_what_is_no_yaml_is_told_in_words_with_how_to_write_it(
    text: str, place: str, expected: str
) -> None:
    (problem,) = problems(text + "\n")
    assert problem.startswith(f"s.yaml:{place}: file: ")
    assert expected in problem


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    lines = problems(
        "name: x\n"
        "data: {source: stl11, size: 32}\n"
        "network: {kind: lenet5, batchnorm: true}\n"
        "optimizer: {lr: -1}\n"
        "epochs: many\n"
        "sedes: 3\n"
        "variations:\n"
        "  l2: {optimizer.weight_decai: 1e-5, optimizer.lr: x}\n"
    )
    assert lines == [
        "s.yaml:2:16: data.source: expected one of digits, stl10, mnist, fashion_mnist, kmnist, "
        "cifar10, cifar100, svhn, folder, csv, npz, package.module:function, got 'stl11'; "
        "did you mean 'stl10'?",
        "s.yaml:3:25: network.batchnorm: unknown key 'batchnorm'; did you mean 'batch_norm'? "
        "Valid: kind, batch_norm, dropout, pretrained, freeze",
        "s.yaml:4:17: optimizer.lr: expected a number greater than 0, got -1",
        "s.yaml:5:9: epochs: expected an integer, got 'many'",
        "s.yaml:6:1: sedes: unknown key 'sedes'; did you mean 'seeds'? Valid: data, network, "
        "optimizer, schedule, augmentation, epochs, batch_size, clip_gradients, label_smoothing, "
        "class_weights, mixup, cutmix, ema, stop_early, test_flips, engine, device, precision, "
        "deterministic, compile, vary, name, baseline, seeds, paired, metrics, primary, margin, "
        "variations, claims",
        "s.yaml:8:8: variations.l2.optimizer.weight_decai: unknown key 'weight_decai'; did you "
        "mean 'weight_decay'? Valid: kind, lr, weight_decay, betas, eps, decay, lr_factors",
        "s.yaml:8:52: variations.l2.optimizer.lr: expected a number, got 'x'",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("epochs: 9999999999", "expected a number less than or equal to 1000000000"),
        (
            "network: {kind: 'a:b', arguments: {c: .nan}}",
            "expected finite numbers throughout, without nan, got",
        ),
        ("epochs: 0", "expected a number greater than or equal to 1, got 0"),
        ("epochs: 2.5", "expected an integer, got 2.5"),
        ("epochs: true", "expected an integer, got True"),
        ("epochs: '3'", "expected an integer, got '3'; write it without quotes"),
        ("epochs:", "expected an integer, got nothing"),
        ("network: {batch_norm: yes}", "expected true or false, got 'yes'; write true"),
        ("network: {batch_norm: Off}", "expected true or false, got 'Off'; write false"),
        ("name: 2024", "expected text, got 2024; to make it text, write it in quotes: '2024'"),
        ("name: true", "expected text, got True; to make it text, write it in quotes: 'true'"),
        ("data: digit", "got 'digit'; did you mean 'digits'?"),
        ("data: folder", "missing, and there is no default"),
        ('data: {source: folder, path: "C:\\new"}', "write a path like 'C:\\new' in single quotes"),
        (
            "claims: [{id: c, says: S., test: {worst: [0], metric: recall}}]",
            "worst.0: expected text, got 0; to make it text",
        ),
        ("optimizer: {lr: true}", "expected a number, got True"),
        ("optimizer: {lr: .nan}", "expected a finite number, got nan"),
        ("optimizer: {lr: .inf}", "expected a finite number, got inf"),
        (
            "optimizer: {kind: adam, momentum: 0.9}",
            "unknown key 'momentum'; valid: kind, lr, weight_decay",
        ),
        ("schedule: {kind: step, every: 20}", "missing, and there is no default"),
        ("schedule: 5", "expected a mapping of keys, got 5"),
        ("network: lenet", "got 'lenet'; did you mean 'lenet5'?"),
        ("network: {batch_norm: 1}", "expected true or false, got 1"),
        ("data: {source: digits, validation: 1.5}", "or a share of them (0.2), got"),
        ("data: {source: digits, validation: true}", "or a share of them (0.2), got"),
        ("engine: fast", "expected 'auto', 'torch' or 'native', got 'fast'"),
        ("seeds: 0", "expected a number greater than or equal to 1, got 0"),
        ("seeds: many", "expected an integer or {until: decided}, got 'many'"),
        (
            "seeds: {until: decided, looks: [5, 4]}",
            "expected increasing numbers of seeds, got [5, 4]",
        ),
        ("seeds: {until: dawn}", "expected 'decided', got 'dawn'"),
        ("margin: 0", "expected a number greater than 0, got 0"),
        ("margin: 1", "expected a share below 1 (0.01 is one percentage point), got 1"),
        (
            "baseline: a/b",
            "expected a name of at most 64 letters, digits, '.', '_', '-', '=', '+' and ',', got",
        ),
        ('name: "two\\nlines"', "expected a line of text, got"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(line: str, expected: str) -> None:
    key = line.split(":")[0]
    others = [other for other in GOOD.splitlines() if not other.startswith(f"{key}:")]
    (problem,) = problems("\n".join([*others, line, ""]))
    assert problem.startswith(f"s.yaml:{len(others) + 1}:")
    assert expected in problem


@pytest.mark.parametrize(
    ("variation", "expected"),
    [
        ("{data.source: stl10}", "so it can't choose others"),
        ("{data: {source: digits}}", "so it can't choose others"),
        ("{seeds: 3}", "unknown key 'seeds'; valid: data, network"),
        ("{optimzer.lr: 0.1}", "unknown key 'optimzer'; did you mean 'optimizer'?"),
        ("{batch_norm: true}", "unknown key 'batch_norm'; did you mean 'network.batch_norm'?"),
        ("{weight_decai: 0.1}", "did you mean 'optimizer.weight_decay'?"),
        ("{model.dropout: 0.1}", "unknown key 'model'; did you mean 'network.dropout'?"),
        ("{epoch: 3}", "unknown key 'epoch'; did you mean 'epochs'?"),
        ("{epochs.much: 3}", "'epochs' has no keys; write epochs: value"),
        ("{}", "expected at least one override"),
        ("5", "expected a mapping of keys, got 5"),
        ("{network.batch_norm: perhaps}", "expected true or false, got 'perhaps'"),
        ("{optimizer: {kind: sdg}}", "got 'sdg'; did you mean 'sgd'?"),
        ("{schedule.factor: 0.5}", "unknown key 'factor'; valid: kind"),
        ("{optimizer: sgd, optimizer.lr.x: 3}", "optimizer.lr.x: expected a number, got {'x': 3}"),
        ("{network.kind: evil, network.batch_norm: true}", "got 'evil'"),
    ],
)
def test_overrides_are_checked_like_the_baseline(variation: str, expected: str) -> None:
    (problem,) = problems(GOOD + f"  odd: {variation}\n")
    assert problem.startswith("s.yaml:6:")
    assert expected in problem


def test_a_kind_that_leaves_keys_of_the_old_one_behind_says_how_to_replace_the_section() -> None:
    text = GOOD + "  cos: {schedule.kind: cosine}\nschedule: {kind: step, every: 2, factor: 0.5}\n"
    assert all("To replace the section write schedule: {...}" in line for line in problems(text))
    replaced = text.replace("schedule.kind: cosine", "schedule: cosine")
    assert parse_study(replaced).variations["cos"] == {"schedule": "cosine"}


CLAIM = (
    GOOD
    + """\
claims:
  - id: a
    says: It helps.
    test: {setting: l2, against: baseline, metric: test_accuracy, expect: better}
"""
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("setting: l2", "setting: l22", "no setting is called 'l22'; did you mean 'l2'?"),
        ("against: baseline", "against: main", "no setting is called 'main'"),
        (
            "test_accuracy",
            "test_acuracy",
            "no metric is called 'test_acuracy'; did you mean 'test_accuracy'?",
        ),
        ("test_accuracy", "'drop:blurr-6'", "did you mean 'drop:blur-6'?"),
        ("test_accuracy", "recal:fire truck", "did you mean 'recall:fire truck'?"),
        ("test_accuracy", "'recall:'", "recall:<class>, precision:<class>, f1:<class>"),
        ("test_accuracy", "recall", "recall:<class>, precision:<class>, f1:<class>"),
        ("expect: better", "expekt: better", "one of expect, between, within"),
        ("expect: better", "between: [2, 1]", "expected two numbers, the lower first, got [2, 1]"),
        ("says: It helps.", "sais: It helps.", "unknown key 'sais'; did you mean 'says'?"),
    ],
)
def test_claims_are_checked_like_the_rest(old: str, new: str, expected: str) -> None:
    assert parse_study(CLAIM).claims[0].id == "a"
    assert any(expected in line for line in problems(CLAIM.replace(old, new)))


@pytest.mark.parametrize("metric", [*METRICS, *CAUSES])
def test_a_claim_may_name_any_metric(metric: str) -> None:
    (claim,) = parse_study(CLAIM.replace("test_accuracy", f"'{metric}'")).claims
    assert claim.test.metric == metric


def test_a_claim_may_name_what_an_intervention_costs() -> None:
    (claim,) = parse_study(CLAIM.replace("test_accuracy", "'drop:blur-6'")).claims
    assert claim.test.metric == "drop:blur-6"


@pytest.mark.parametrize("metric", ["recall:dog", "precision:fire truck", "f1:dog: small"])
def test_a_claim_may_name_a_figure_of_any_class_whatever_its_name(metric: str) -> None:
    (claim,) = parse_study(CLAIM.replace("test_accuracy", f"'{metric}'")).claims
    assert claim.test.metric == metric


def test_two_claims_cannot_share_an_id() -> None:
    twice = CLAIM + CLAIM.split("claims:\n")[1]
    assert any("another claim has this id" in line for line in problems(twice))


def test_settings_whose_folders_some_disks_confuse_are_refused() -> None:
    (problem,) = problems(GOOD + "  L2: {optimizer.lr: 0.1}\n")
    assert "got that of variation 'l2'" in problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected a mapping of keys such as `name:`, got nothing"),
        ("- a\n- b\n", "a mapping of keys"),
        ("name: [", "1:8: file: this bracket isn't closed"),
        ("name: a\nname: b\n", "2:1: file: this key is given twice"),
        (
            "name: !!python/object/apply:os.system [ls]\n",
            "expected a value without a tag, got the tag",
        ),
        ("name: a\n1: b\n'1': c\n", "3:1: file: this key is given twice"),
    ],
)
def test_what_is_not_a_study_at_all_is_refused(text: str, expected: str) -> None:
    assert any(expected in line for line in problems(text))


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="No such file"):
        read_study(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes("name: é".encode("latin-1"))
    with pytest.raises(StudyError, match="byte 6 is not UTF-8"):
        read_study(tmp_path / "latin.yaml")
    (tmp_path / "large.yaml").write_bytes(b"#" * 2_000_000)
    with pytest.raises(StudyError, match="at most 100,000 bytes"):
        read_study(tmp_path / "large.yaml")


def test_seeds_epochs_and_engine_can_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(GOOD)
    study = trained(read_study(tmp_path / "s.yaml", seeds=7, epochs=9, engine="torch"))
    assert (study.seeds, study.epochs, study.engine) == (7, 9, "torch")


def test_code_that_a_study_names_runs_only_with_permission() -> None:
    require_permission(parse_study(GOOD), Path("s.yaml"))
    with pytest.raises(StudyError, match=r"own names evil:net\. .* add --allow-code"):
        require_permission(parse_study(GOOD + "  own: {network: 'evil:net'}"), Path("s.yaml"))


def test_the_same_study_can_be_written_in_python() -> None:
    study = Study(
        name="a study",
        data={"source": "digits"},  # type: ignore[arg-type]  # pydantic reads the mapping
        epochs=2,
        variations={"l2": {"optimizer.weight_decay": 1e-5}},
    )
    assert study == parse_study(GOOD)


def test_python_refuses_a_wrong_override_too() -> None:
    with pytest.raises(StudyError, match=r"l2\.optimizer\.weigth: unknown key 'weigth'"):
        Study.model_validate(
            parse_study(GOOD).model_dump() | {"variations": {"l2": {"optimizer.weigth": 1}}}
        )


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ("{optimizer.lr: 0.001}", "5:3: variations.l2: changes nothing in the baseline; if it is"),
        ("{network: lenet5}", "5:3: variations.l2: changes nothing in the baseline; if it is"),
        ("{optimizer.lr: 0.1, same: true}", "5:27: variations.l2.same: it changes something in"),
        ("{same: false}", "5:14: variations.l2.same: expected true, or no such key, got False"),
    ],
)
def test_a_variation_that_changes_nothing_says_so_or_is_refused(
    overrides: str, problem: str
) -> None:
    text = GOOD.replace("{optimizer.weight_decay: 1e-5}", overrides)
    assert overrides in text
    with pytest.raises(StudyError) as refused:
        parse_study(text, "s.yaml")
    assert str(refused.value).startswith(f"s.yaml:{problem}")


def test_an_a_a_test_has_the_configuration_of_the_baseline() -> None:
    study = trained(parse_study(GOOD.replace("{optimizer.weight_decay: 1e-5}", "{same: true}")))
    baseline, same = settings(study)
    assert (same.name, same.config, same.changes) == ("l2", baseline.config, {})


def test_results_of_a_study_from_before_that_rule_are_still_read(tmp_path: Path) -> None:
    kept = parse_study(GOOD).model_dump_json().replace("0.00001", "0.0")
    assert '"optimizer.weight_decay":0.0' in kept
    (tmp_path / STUDY).write_text(kept)
    assert settings(read_study_copy(tmp_path))[1].changes == {}
    with pytest.raises(StudyError, match=r"variations\.l2: changes nothing"):
        Study.model_validate_json(kept)
