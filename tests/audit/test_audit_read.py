"""Files of published matrices: what is accepted, and that every problem comes with its place."""

from pathlib import Path

import pytest

from paribus.audit.read import parse_published, read_published
from paribus.errors import StudyError

GOOD = """\
title: two settings
classes: [cat, dog]
spread: 0.02
settings:
  main:
    confusion:
      - [8, 2]
      - [3, 17]
    per_class_accuracy_printed: {cat: 0.80}
    report_printed:
      dog: [0.89, 0.85, 0.87, 20]
      accuracy: 0.8
      macro avg: [0.81, 0.82, 0.82, 30]
  l2:
    confusion: [[7, 3], [1, 19]]
observations:
  - {id: a, says: Both settings do worst on cat.}
  - {id: b, says: Dog is best., test: {best: [dog], metric: recall, settings: [l2]}}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(StudyError) as caught:
        parse_published(text, "p.yaml")
    assert caught.value.exit_code == 2
    return str(caught.value).splitlines()


def test_figures_keep_the_digits_that_are_printed() -> None:
    main = parse_published(GOOD).settings["main"]
    assert str(main.per_class_accuracy_printed["cat"]) == "0.80"
    assert main.per_class_accuracy_printed["cat"].digits == 2
    accuracy = main.report_printed["accuracy"]
    assert not isinstance(accuracy, tuple)
    assert accuracy.digits == 1


@pytest.mark.parametrize(
    ("written", "digits"),
    [("0.50", 2), (".5", 1), ("1", 0), ("0", 0), ("1.0", 1), ("5.0e-1", 2), ("+0.500", 3)],
)
def test_however_a_share_is_written_its_digits_are_counted(written: str, digits: int) -> None:
    text = GOOD.replace("accuracy: 0.8\n", f"accuracy: {written}\n")
    accuracy = parse_published(text).settings["main"].report_printed["accuracy"]
    assert not isinstance(accuracy, tuple)
    assert (float(accuracy), accuracy.digits) == (float(written), digits)


def test_matrices_are_all_that_is_needed() -> None:
    published = parse_published(
        "classes: [0, 1, 2]\nsettings: {a: {confusion: [[1,0,0],[0,1,0],[0,0,1]]}}"
    )
    assert published.classes == ("0", "1", "2")
    assert published.settings["a"].matrix.trace() == 3
    assert (published.spread, published.observations) == (None, ())


def test_what_describes_a_setting_is_let_through() -> None:
    described = GOOD.replace("  main:\n", "  main:\n    weight_decay: 0\n    layers: [Conv, FC]\n")
    assert parse_published(described + "protocol: {seeds: 1}\n").protocol == {"seeds": 1}


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    assert problems(
        "classes: [cat, dog]\n"
        "spread: 1.5\n"
        "setings: {}\n"
        "settings:\n"
        "  main:\n"
        "    confusion:\n"
        "      - [8, -2]\n"
        "      - [3, 17, 1]\n"
        "      - [1, 2]\n"
        "    per_class_accuracy_printed: {kat: 0.8, dog: 1.85}\n"
        "    report_printd: {}\n"
        "  l2:\n"
        "    confusion: [[7, 3], [1, 19]]\n"
        "    report_printed:\n"
        "      dog: [0.89, 0.95, 0.87, 21]\n"
        "      cat: [0.89, 0.95, 0.87]\n"
        "      macro avg: [0.81, 0.82, 0.82, 31]\n"
        "      weighted avg: 0.8\n"
        "      accuracy: [0.8]\n"
        "observations:\n"
        "  - {id: a, says: x, test: {worst: [dgo], metric: recal, settings: [main, l3]}}\n"
        "  - {id: a, says: y, test: {wurst: [dog]}}\n"
    ) == [
        "p.yaml:2:9: spread: expected a share between 0 and 1 (0.01 is one percentage point), "
        "got 1.5",
        "p.yaml:3:1: setings: unknown key 'setings'; did you mean 'settings'? Valid: title, "
        "classes, settings, spread, observations, protocol",
        "p.yaml:6:5: settings.main.confusion: expected 2, one for each class, got 3 rows",
        "p.yaml:7:13: settings.main.confusion.0.1: expected a number greater than or "
        "equal to 0, got -2",
        "p.yaml:8:9: settings.main.confusion.1: expected 2, one for each class, got 3 numbers",
        "p.yaml:10:34: settings.main.per_class_accuracy_printed.kat: no class is called 'kat'; "
        "did you mean 'cat'? Valid: cat, dog",
        "p.yaml:10:49: settings.main.per_class_accuracy_printed.dog: expected a share "
        "from 0 to 1, as 0.46, got 1.85",
        "p.yaml:11:5: settings.main.report_printd: unknown key 'report_printd'; did you mean "
        "'report_printed'? Valid: confusion, per_class_accuracy_printed, report_printed, "
        "weight_decay, layers, protocol",
        "p.yaml:15:31: settings.l2.report_printed.dog.3: expected 20, the sum of its row of "
        "the matrix, got a support of 21",
        "p.yaml:16:7: settings.l2.report_printed.cat: expected [precision, recall, f1, "
        "support], got [0.89, 0.95, 0.87]",
        "p.yaml:17:37: settings.l2.report_printed.macro avg.3: expected 30, the sum of the "
        "matrix, got a support of 31",
        "p.yaml:18:21: settings.l2.report_printed.weighted avg: expected [precision, recall, "
        "f1, support], got 0.8",
        "p.yaml:19:7: settings.l2.report_printed.accuracy: expected one number, got [0.8]",
        "p.yaml:21:37: observations.0.test.worst.0: no class is called 'dgo'; did you mean "
        "'dog'? Valid: cat, dog",
        "p.yaml:21:51: observations.0.test.metric: expected 'recall', 'precision' or 'f1', "
        "got 'recal'",
        "p.yaml:21:58: observations.0.test.settings: no setting is called 'l3'; valid: main, l2",
        "p.yaml:22:10: observations.1.id: another observation has this id",
        "p.yaml:22:22: observations.1.test: expected a mapping with best or worst (or another "
        "test of a study's claims), got {'wurst': ['dog']}",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[8, 2]", "[8, 2.5]", "7:13: settings.main.confusion.0.1: expected an integer, got 2.5"),
        ("[8, 2]", "[8, x]", "7:13: settings.main.confusion.0.1: expected an integer, got 'x'"),
        ("[8, 2]", "[8, true]", "7:13: settings.main.confusion.0.1: expected an integer, got True"),
        ("[8, 2]", "[0, 0]", "7:9: settings.main.confusion.0: expected at least one test image"),
        ("[8, 2]", "8", "7:9: settings.main.confusion.0: expected a list, got 8"),
        ("[cat, dog]", "[cat, cat]", "2:16: classes.1: another class is called 'cat'"),
        ("[cat, dog]", "[cat, accuracy]", "2:16: classes.1: 'accuracy' is a row of the report"),
        ("[cat, dog]", "[cat]", "2:1: classes: expected 2 or more, got 1 name"),
        ("[cat, dog]", "cat", "2:10: classes: expected a list, got 'cat'"),
        ("spread: 0.02", "spread: 0", "3:9: spread: expected a share between 0 and 1 "),
        ("spread: 0.02", "spread: wide", "3:9: spread: expected a share between 0 and 1 "),
        (
            "accuracy: 0.8",
            "accuracy: .nan",
            "12:17: settings.main.report_printed.accuracy: expected",
        ),
        ("accuracy: 0.8", "acuracy: 0.8", "12:7: settings.main.report_printed.acuracy: no class"),
        ("id: a", "id: a b", "17:10: observations.0.id: expected a name of"),
        ("says: Dog is best.", "said: Dog.", "18:5: observations.1.says: missing, and there is"),
        ("best: [dog]", "best: dog", "18:46: observations.1.test.best: expected a list, got 'dog'"),
        (
            "best: [dog], metric: recall, settings: [l2]",
            "setting: main, against: main, metric: recall:wolf, expect: better",
            "18:78: observations.1.test.metric: no class is called 'wolf'",
        ),
        (
            "metric: recall",
            "mesure: recall",
            "18:53: observations.1.test.mesure: unknown key 'mesure'",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(old: str, new: str, expected: str) -> None:
    assert GOOD.count(old) == 1
    assert any(line.startswith(f"p.yaml:{expected}") for line in problems(GOOD.replace(old, new)))


def test_a_report_needs_a_setting() -> None:
    assert problems("classes: [a, b]\nsettings: {}\n") == [
        "p.yaml:2:1: settings: expected at least one setting, got none"
    ]
    assert problems("title: x\n") == [
        "p.yaml:1:1: classes: missing, and there is no default",
        "p.yaml:1:1: settings: missing, and there is no default",
    ]


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="No such file"):
        read_published(tmp_path / "absent.yaml")
    (tmp_path / "large.yaml").write_bytes(b"#" * 2_000_000)
    with pytest.raises(StudyError, match="can't be read: at most 1,000,000 bytes"):
        read_published(tmp_path / "large.yaml")
