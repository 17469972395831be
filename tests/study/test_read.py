"""Study files: what is accepted, and that every problem is reported at its place."""

from pathlib import Path

import pytest

from paribus.errors import StudyError
from paribus.metrics.registry import CAUSES, METRICS
from paribus.study.config import Adam, LeNet5, OwnNetwork, Step
from paribus.study.read import parse_study, read_study, require_permission
from paribus.study.spec import Study

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
    assert read_study(path).variations


def test_the_reference_study_says_what_the_published_report_says() -> None:
    study = read_study(STUDIES / "lenet-stl10.yaml")
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
    assert parse_study(GOOD + "network: lenet5").network == LeNet5()
    assert parse_study(GOOD + "network: a.b:c").network == OwnNetwork(kind="a.b:c")


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
        "s.yaml:2:16: data.source: 'stl11' came; did you mean 'stl10'? "
        "Valid: digits, stl10, folder",
        "s.yaml:3:25: network.batchnorm: unknown key; did you mean 'batch_norm'? "
        "Valid: kind, batch_norm, dropout",
        "s.yaml:4:17: optimizer.lr: -1 came; greater than 0 is expected",
        "s.yaml:5:9: epochs: 'many' came; a whole number is expected",
        "s.yaml:6:1: sedes: unknown key; did you mean 'seeds'? Valid: data, network, optimizer, "
        "schedule, augmentation, epochs, batch_size, engine, name, baseline, seeds, margin, "
        "variations, claims",
        "s.yaml:8:8: variations.l2.optimizer.weight_decai: unknown key; did you mean "
        "'weight_decay'? Valid: kind, lr, weight_decay",
        "s.yaml:8:52: variations.l2.optimizer.lr: 'x' came; a number is expected",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("epochs: 9999999999", "less than or equal to 1000000000 is expected"),
        ("network: {kind: 'a:b', arguments: {c: .nan}}", "finite numbers is expected"),
        ("epochs: 0", "0 came; greater than or equal to 1 is expected"),
        ("epochs: 2.5", "2.5 came; a whole number is expected"),
        ("epochs: true", "True came; a whole number is expected"),
        ("epochs: '3'", "'3' came; a whole number is expected"),
        ("optimizer: {lr: true}", "True came; a number is expected"),
        ("optimizer: {lr: .nan}", "nan came; a finite number is expected"),
        ("optimizer: {lr: .inf}", "inf came; a finite number is expected"),
        ("optimizer: {kind: adam, momentum: 0.9}", "unknown key; valid: kind, lr, weight_decay"),
        ("schedule: {kind: step, every: 20}", "missing, and there is no default"),
        ("schedule: 5", "5 came; a mapping of keys is expected"),
        ("network: lenet", "'lenet' came; did you mean 'lenet5'?"),
        ("network: {batch_norm: 1}", "1 came; a boolean is expected"),
        ("data: {source: digits, validation: 1.5}", "or a share of them (0.2) is expected"),
        ("data: {source: digits, validation: true}", "or a share of them (0.2) is expected"),
        ("engine: fast", "'fast' came; 'auto', 'torch' or 'native' is expected"),
        ("seeds: 0", "0 came; greater than or equal to 1 is expected"),
        ("seeds: many", "'many' came; a whole number, or {until: decided}, is expected"),
        ("seeds: {until: decided, looks: [5, 4]}", "each larger than the one before, is expected"),
        ("seeds: {until: dawn}", "'dawn' came; 'decided' is expected"),
        ("margin: 0", "0 came; greater than 0 is expected"),
        ("margin: 1", "1 came; less than 1 is expected"),
        ("baseline: a/b", "a name of letters, digits, '.', '_' and '-', at most 64, is expected"),
        ('name: "two\\nlines"', "a line of text is expected"),
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
        ("{data.source: stl10}", "can't change which they are"),
        ("{data: {source: digits}}", "can't change which they are"),
        ("{seeds: 3}", "unknown key 'seeds'; valid: data, network"),
        ("{optimizer.lr: 0.1}", "unknown key 'optimizer'; did you mean 'optimizer'?"),
        ("{epochs.much: 3}", "'epochs' has no keys of its own"),
        ("{}", "changes nothing"),
        ("5", "5 came; a mapping of keys is expected"),
        ("{network.batch_norm: perhaps}", "'perhaps' came; a boolean is expected"),
        ("{optimizer: {kind: sdg}}", "'sdg' came; did you mean 'sgd'?"),
        ("{schedule.factor: 0.5}", "a mapping with 'kind' is expected"),
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
        ("test_accuracy", "test_acuracy", "came; a metric (perhaps test_accuracy) out of"),
        ("test_accuracy", "'drop:blurr-6'", "perhaps drop:blur-6"),
        ("test_accuracy", "recal:fire truck", "perhaps recall:fire truck"),
        ("test_accuracy", "'recall:'", "or recall:, precision: or f1: with a class, as recall:dog"),
        ("test_accuracy", "recall", "or recall:, precision: or f1: with a class, as recall:dog"),
        ("expect: better", "expekt: better", "one of expect, between, within"),
        ("expect: better", "between: [2, 1]", "the lower one first, is expected"),
        ("says: It helps.", "sais: It helps.", "unknown key; did you mean 'says'?"),
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
    assert "another name is needed: variation 'l2' is called so too" in problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "nothing came; a mapping of keys"),
        ("- a\n- b\n", "a mapping of keys"),
        ("name: [", "1:8: file: not YAML"),
        ("name: a\nname: b\n", "2:1: file: this key is given twice"),
        ("name: !!python/object/apply:os.system [ls]\n", "a value without a tag is expected"),
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
    study = read_study(tmp_path / "s.yaml", seeds=7, epochs=9, engine="torch")
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
    with pytest.raises(ValueError, match=r"l2\.optimizer\.weigth: unknown key"):
        Study.model_validate(
            parse_study(GOOD).model_dump() | {"variations": {"l2": {"optimizer.weigth": 1}}}
        )
