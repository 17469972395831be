"""Predictions of runs, from tables and from NumPy's archives."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paribus.errors import SourceError
from paribus.sources.find import read_runs
from paribus.sources.predictions import read_predictions, recognizes
from paribus.sources.run import FoundPredictions
from sources.reading import curve, found, one

TABLE = "id,label,prediction,p_cat,p_ant\n7,cat,cat,0.75,0.25\n8,ant,cat,0.5,0.5\n"
ARRAYS: dict[str, Any] = {"id": [7, 8], "label": [1, 0], "p": [[0.25, 0.75], [0.5, 0.5]]}


def table(folder: Path, text: str, name: str = "predictions.csv") -> FoundPredictions:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return of(folder / name)


def arrays(folder: Path, name: str = "predictions.npz", **values: Any) -> FoundPredictions:
    folder.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = {
        key: np.asarray(value) for key, value in values.items() if value is not None
    }
    np.savez(folder / name, **kept)
    return of(folder / name)


def of(path: Path) -> FoundPredictions:
    (run,) = read_predictions(path)
    assert run.predictions is not None and run.files == (path,)
    return run.predictions


def test_a_table_has_examples_classes_and_probabilities(tmp_path: Path) -> None:
    read = table(tmp_path, TABLE)
    assert (read.ids, read.labels, read.predicted) == (("7", "8"), ("cat", "ant"), ("cat", "cat"))
    assert read.classes == ("cat", "ant"), "in the order of the columns"
    assert read.probabilities is not None
    assert read.probabilities.tolist() == [[0.75, 0.25], [0.5, 0.5]] and read.paths == ()


def test_columns_have_other_names_and_notations_too(tmp_path: Path) -> None:
    text = "Image;Y_True;Pred;PROB_a;prob_b;File\n7;a;b;25 %;75 %;x/7.png\n8;b;b;0,5;0,5;x/8.png\n"
    read = table(tmp_path, text, "test.csv")
    assert (read.ids, read.labels, read.predicted) == (("7", "8"), ("a", "b"), ("b", "b"))
    assert read.probabilities is not None and read.probabilities.tolist()[0] == [0.25, 0.75]
    assert read.paths == ("x/7.png", "x/8.png") and recognizes(tmp_path / "test.csv")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (("10", "9"), ("9", "10")),
        (("10.0", "9"), ("9", "10")),
        (("1.10", "1.9"), ("1.10", "1.9")),
        (("b", "a"), ("a", "b")),
        (("none", "None"), ("None", "none")),
    ],
)
def test_classes_that_are_numbers_are_in_their_order(
    labels: tuple[str, str], classes: tuple[str, ...], tmp_path: Path
) -> None:
    rows = "".join(f"{n},{label},{label}\n" for n, label in enumerate(labels))
    assert table(tmp_path, f"id,label,prediction\n{rows}").classes == classes


def test_a_table_of_several_runs_says_their_settings_and_seeds(tmp_path: Path) -> None:
    rows = "a,0,1,x,x\na,1,1,x,y\nb,0,1,x,x\na,0,2,y,y\n"
    (tmp_path / "all.csv").write_text(f"setting,seed,id,label,prediction\n{rows}")
    runs = found(tmp_path)
    assert [(run.setting, run.seed) for run in runs] == [("a", 0), ("a", 1), ("b", 0)]
    assert runs[0].predictions is not None and runs[0].predictions.ids == ("1", "2")
    assert not any(run.metrics or run.config for run in runs)


def test_an_archive_has_the_same(tmp_path: Path) -> None:
    read = arrays(tmp_path, **ARRAYS, path=["x/7.png", "x/8.png"])
    assert (read.ids, read.labels, read.predicted) == (("7", "8"), ("1", "0"), ("1", "0"))
    assert read.classes == ("0", "1") and read.paths == ("x/7.png", "x/8.png")
    assert read.probabilities is not None
    assert read.probabilities.tolist() == [[0.25, 0.75], [0.5, 0.5]]


def test_numbers_of_an_archive_count_its_classes(tmp_path: Path) -> None:
    read = arrays(tmp_path, **ARRAYS, class_names=["cat", "ant"], y_pred=[0.0, 1.0])
    assert (read.labels, read.predicted) == (("ant", "cat"), ("cat", "ant"))
    assert read.classes == ("cat", "ant")


def test_logits_become_probabilities(tmp_path: Path) -> None:
    logits = np.array([[1000.0, 1000.0 + np.log(3)], [-5, -5]], np.float32)
    read = arrays(tmp_path, **{**ARRAYS, "p": None, "logits": logits}, prediction=[b"1", b"0"])
    assert read.probabilities is not None
    np.testing.assert_allclose(read.probabilities, [[0.25, 0.75], [0.5, 0.5]], atol=1e-4)


def test_half_precision_and_packed_archives_are_read(tmp_path: Path) -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(10), 500).astype(np.float16)
    ids = np.arange(500)
    np.savez_compressed(tmp_path / "x.npz", id=ids, label=ids % 10, p=np.asfortranarray(p))
    read = of(tmp_path / "x.npz").probabilities
    assert read is not None and (read == p.astype(np.float64)).all()


def test_too_many_probabilities_are_left_out_where_predictions_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paribus.sources.predictions_npz.MOST_ELEMENTS", 3)
    np.savez(tmp_path / "p.npz", **ARRAYS, prediction=[1, 1])
    (run,) = read_predictions(tmp_path / "p.npz")
    assert run.predictions is not None and run.predictions.probabilities is None
    assert run.predictions.predicted == ("1", "1") and "left out: 4 numbers" in run.lost[0]


HEAD = "id,label,prediction"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEAD}\n1,a,a\n2,b,b\n1,a,b\n", "csv:4: id '1' also stands at"),
        (f"{HEAD}\n1,a,a\n2,,b\n", "csv:3: no label (got '')"),
        (f"{HEAD}\n1,a,a\n2,a,NaN\n", "csv:3: no prediction (got 'NaN')"),
        (f"{HEAD}\n,a,a\n", "csv:2: no id"),
        (f"{HEAD},p_a,p_b\n1,a,c,0.5,0.5\n", "csv:2: prediction 'c' is none of the classes (a, b)"),
        (f"{HEAD},p_a,p_b\n1,a,a,0.5,0.4\n", "csv:2: the probabilities sum to 0.9, not to 1"),
        (f"{HEAD},p_a,p_b\n1,a,a,1.5,-0.5\n", "csv:2: the probabilities have 1.5, which is none"),
        (f"{HEAD},p_a,p_b\n1,a,a,nan,1\n", "csv:2: the probabilities have nan"),
        (f"{HEAD},p_a,p_b\n1,a,a,1,\n", "csv:2: column 'p_b': expected a probability, got ''"),
        (f"{HEAD}\n1,a\n", "csv:2: expected 3 cells"),
        (f"{HEAD}\n", "a header and no predictions"),
        ("id,label,guess\n1,a,a\n", "csv:1: no column prediction"),
    ],
)
def test_a_table_that_is_wrong_is_refused_at_its_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        table(tmp_path, text)
    assert said in str(caught.value)
    with pytest.raises(SourceError) as caught:
        found(tmp_path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": [7, 7]}, "id '7' also stands at"),
        ({"id": None}, "no array id"),
        ({"id": [7, 8, 9]}, "2 labels, and 3 of id"),
        ({"id": [7.5, 8]}, "'id': row 0 (from 0) is 7.5, no whole number"),
        ({"id": [[7, 8]]}, "expected one value an example"),
        ({"id": [7, 8j]}, "complex128, not numbers or text"),
        ({"id": np.array([7, "x"], object)}, "holds Python objects"),
        ({"label": [2, 0]}, "row 0 (from 0) is 2, and there are 2 classes"),
        ({"label": [0, np.nan]}, "'label': row 1 (from 0) is nan"),
        ({"label": ["a", "b"], "classes": None}, "nothing says which of the 2 columns"),
        ({"classes": ["a", "b", "c"]}, "3 classes, and 2 columns"),
        ({"classes": ["a", "a"]}, "two classes have one name"),
        ({"p": [0.25, 0.75]}, "expected 2 rows of a number for each class"),
        ({"p": [[1, 0]] * 3}, "expected 2 rows of a number for each class"),
        ({"p": [[1, 0], [0.5, 0.4]]}, "row 1 (from 0): the probabilities sum to 0.9"),
        ({"p": [[np.nan, 0], [1, 0]]}, "row 0 (from 0): the probabilities have nan"),
        ({"p": None, "logits": [[np.inf, 0], [1, 0]]}, "row 0 (from 0) isn't finite"),
        ({"p": None}, "no array prediction"),
        ({"p": np.zeros((2, 0))}, "has 0 classes"),
    ],
)
def test_an_archive_that_is_wrong_is_refused(
    changed: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError) as caught:
        arrays(tmp_path, **{"classes": ["a", "b"], **ARRAYS, **changed})
    assert said in str(caught.value) and "predictions.npz" in str(caught.value)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "predictions.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(SourceError, match=r"predictions\.npz: not NumPy's"):
        of(tmp_path / "predictions.npz")
    np.savez(tmp_path / "images.npz", x=[1])
    assert not recognizes(tmp_path / "images.npz") and not recognizes(tmp_path)


def test_predictions_belong_to_the_run_in_whose_folder_they_lie(tmp_path: Path) -> None:
    for seed in (0, 1):
        folder = tmp_path / f"run{seed}"
        table(folder, TABLE)
        (folder / "log.csv").write_text(f"epoch,loss\n0,{seed}\n")
    first, second = found(tmp_path)
    assert curve(first, "loss") == [(0, 0)] and first.predictions is not None
    assert second.predictions is not None and second.predictions.ids == ("7", "8")
    assert {file.name for file in first.files} == {"log.csv", "predictions.csv"}


@pytest.mark.parametrize("where", [".", "artifacts", "files"])
def test_they_are_found_in_folders_that_a_tracker_made(where: str, tmp_path: Path) -> None:
    folder = tmp_path / "lightning_logs" / "version_0"
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_text("step,loss\n0,0.5\n")
    arrays(folder / where, **ARRAYS)
    run = one(tmp_path)
    assert run.predictions is not None and curve(run, "loss") == [(0, 0.5)]


def test_they_are_a_run_of_their_own_where_no_run_or_several_lie(tmp_path: Path) -> None:
    table(tmp_path / "alone", TABLE)
    table(tmp_path / "two", TABLE)
    for name in ("a.csv", "b.csv"):
        (tmp_path / "two" / name).write_text("epoch,loss\n0,1\n")
    runs = found(tmp_path)
    assert [bool(run.metrics) for run in runs] == [False, True, True, False]
    assert runs[0].predictions is not None and runs[0].name.endswith("alone/predictions.csv")


def test_of_several_files_the_one_called_predictions_counts_or_none(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("epoch,loss\n0,1\n")
    table(tmp_path, TABLE, "val.csv")
    table(tmp_path, TABLE.replace("\n7", "\n9"), "test.csv")
    run = one(tmp_path)
    assert run.predictions is None and "test.csv, val.csv" in run.lost[0]
    table(tmp_path, TABLE.replace("\n7", "\n5"))
    chosen = one(tmp_path).predictions
    assert chosen is not None and chosen.ids == ("5", "8")


def test_damaged_predictions_leave_their_run_and_are_said(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("epoch,loss\n0,1\n")
    (tmp_path / "predictions.csv").write_text("id,label,prediction\n1,a\n")
    both = read_runs([tmp_path])
    assert len(both.runs) == 1 and "predictions.csv:2" in both.unread[0]
