"""Tables of runs: long, wide and by step, in the dialects people write, or refused in words."""

import csv
import io
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paribus.errors import SourceError
from paribus.sources import tables
from paribus.sources.tables import runs_of_frame
from sources.reading import curve, equal, found, one

LONG = "setting,seed,metric,value\na,0,acc,0.5\na,0,loss,1\nb,0,acc,NaN\nb,1,acc,\n"


def written(folder: Path, content: str | bytes, name: str = "runs.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(folder: Path, content: str | bytes) -> str:
    with pytest.raises(SourceError) as caught:
        found(written(folder, content))
    return str(caught.value)


# ---- long ---------------------------------------------------------------------------------------


def test_a_long_table_has_a_run_per_setting_and_seed(tmp_path: Path) -> None:
    first, second, third = found(written(tmp_path, LONG))
    assert (first.setting, first.seed) == ("a", 0)
    assert curve(first, "acc") == [(0, 0.5)] and curve(first, "loss") == [(0, 1)]
    assert math.isnan(second.metrics["acc"].values[0])  # a value that was logged
    assert (third.seed, dict(third.metrics)) == (1, {})  # a run of which nothing was
    assert first.files == (tmp_path / "runs.csv",)
    assert len({run.name for run in (first, second, third)}) == 3


def test_steps_give_curves_in_the_order_of_their_places(tmp_path: Path) -> None:
    text = "Setting,Seed,Metric,Value,Epoch\na,0,acc,0.7,2\na,0,acc,0.5,1\na,1,acc,inf,1\n"
    first, second = found(written(tmp_path, text))
    assert curve(first, "acc") == [(1, 0.5), (2, 0.7)]
    assert first.metrics["acc"].axis == "epoch"
    assert curve(second, "acc") == [(1, math.inf)]


def test_other_columns_are_the_configuration_and_tell_runs_apart(tmp_path: Path) -> None:
    text = "lr,seed,timestamp,metric,value\n0.1,0,5,acc,1\n0.1,0,6,loss,2\n0.2,0,7,acc,3\n"
    first, second = found(written(tmp_path, text))
    assert first.setting is None and first.config == {"lr": 0.1, "seed": 0}
    assert set(first.metrics) == {"acc", "loss"} and second.config["lr"] == 0.2


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a,0,acc,0.5,\na,0,acc,0.6,", r"runs.csv:3: column 'value': stands twice in one run"),
        ("a,0,acc,0.5,1\na,0,acc,0.6,1", r"runs.csv:3: column 'value': step 1 of one run also"),
        ("a,0,acc,good,1", r"runs.csv:2: column 'value': expected a number, got 'good'"),
        ("a,0,acc,0.5,late", r"runs.csv:2: column 'step': expected a number, got 'late'"),
        ("a,0.5,acc,0.5,1", r"runs.csv:2: column 'seed': expected a whole number, got 0.5"),
        ("a,x,acc,0.5,1", r"runs.csv:2: column 'seed': expected a whole number, got 'x'"),
        ("a,0,acc,50%,1\na,1,acc,0.6,1", r"runs.csv:3: column 'value': 'acc' is in per cent here"),
        ("a,0,acc,0.5", r"runs.csv:2: expected 5 cells as in the header, got 4"),
        ('a,0,acc,"0.5,1', r"not a table of text"),
    ],
)
def test_what_cannot_be_understood_is_refused_at_its_place(
    rows: str, said: str, tmp_path: Path
) -> None:
    assert said in refusal(tmp_path, f"setting,seed,metric,value,step\n{rows}\n")


def test_a_metric_may_be_in_per_cent_beside_one_that_is_not(tmp_path: Path) -> None:
    run = one(written(tmp_path, "seed,metric,value\n0,acc,46.3 %\n0,loss,1.5\n"))
    assert curve(run, "acc") == [(0, 0.463)] and curve(run, "loss") == [(0, 1.5)]
    assert any("per cent" in sentence for sentence in run.notes) and not run.lost


# ---- wide ---------------------------------------------------------------------------------------


def test_a_wide_table_has_a_run_per_row_and_numbers_in_both_places(tmp_path: Path) -> None:
    text = "run,method,random_state,lr,aug,acc\nx,base,0,0.1,True,0.5\ny,base,1,0.1,False,NA\n"
    first, second = found(written(tmp_path, text))
    assert (first.title, first.setting, first.seed) == ("x", None, 0)
    assert first.config == {
        "run": "x", "method": "base", "random_state": 0, "lr": 0.1, "aug": True, "acc": 0.5,
    }  # fmt: skip
    assert curve(first, "acc") == [(0, 0.5)] and curve(first, "lr") == [(0, 0.1)]
    assert "random_state" not in first.metrics and "aug" not in first.metrics
    assert "acc" not in second.metrics and second.config["acc"] is None


def test_names_stay_text_whatever_they_look_like(tmp_path: Path) -> None:
    runs = found(written(tmp_path, "setting,seed,acc\n1e3,0,1\nnan,0,1\nNone,0,1\n"))
    assert [run.setting for run in runs] == ["1e3", "nan", "None"]


def test_two_columns_that_may_be_settings_are_none(tmp_path: Path) -> None:
    assert one(written(tmp_path, "method,model,seed,acc\na,b,0,1\n")).setting is None


def test_rows_by_epoch_are_curves_of_runs(tmp_path: Path) -> None:
    rows = ["setting,seed,lr,epoch,loss"]
    rows += [f"{s},{k},0.1,{e},{e + k}.5" for s in "ab" for k in (0, 1) for e in (0, 1, 2)]
    runs = found(written(tmp_path, "\n".join(rows)))
    assert [(run.setting, run.seed) for run in runs] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert curve(runs[1], "loss") == [(0, 1.5), (1, 2.5), (2, 3.5)]
    assert runs[1].config == {"setting": "a", "seed": 1, "lr": 0.1}


def test_phases_are_not_mixed_into_one_curve(tmp_path: Path) -> None:
    text = "seed,phase,epoch,loss\n0,train,0,1\n0,val,0,2\n0,train,1,3\n0,val,1,4\n"
    train, val = found(written(tmp_path, text))
    assert curve(train, "loss") == [(0, 1), (1, 3)] and val.config["phase"] == "val"


def test_two_runs_under_one_seed_are_not_mixed_into_one_curve(tmp_path: Path) -> None:
    said = refusal(tmp_path, "seed,epoch,loss\n0,0,1\n0,1,2\n0,0,3\n0,1,4\n")
    assert "runs.csv:4" in said and "runs.csv:2" in said and "column `run`" in said


# ---- notation -----------------------------------------------------------------------------------


def test_semicolons_decimal_commas_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = "\ufeffsetting;seed;acc;loss\r\na;0;0,463;1,234\r\nb;0;46,3e-2;-inf\r\n"
    first, second = found(written(tmp_path, text))
    assert curve(first, "acc") == [(0, 0.463)] and curve(first, "loss") == [(0, 1.234)]
    assert curve(second, "acc") == [(0, 0.463)] and curve(second, "loss") == [(0, -math.inf)]


@pytest.mark.parametrize(
    "row",
    ['a,"1,234"', 'a,"0,5"', 'a,"1,234.5"', "a,1'234", "a,1 234"],
)
def test_numbers_that_may_be_two_are_refused(row: str, tmp_path: Path) -> None:
    assert "runs.csv:2: column 'acc'" in refusal(tmp_path, f"setting,acc\n{row}\nb,5\n")


@pytest.mark.parametrize("cells", [("1.234", "0,5"), ("1,234", "0.5")])
def test_two_notations_in_one_file_make_groups_of_three_doubtful(
    cells: tuple[str, str], tmp_path: Path
) -> None:
    assert "more than one way" in refusal(tmp_path, f"a;b;c\n{cells[0]};{cells[1]};0,5\n")


def test_versions_and_words_are_no_numbers(tmp_path: Path) -> None:
    run = one(written(tmp_path, "seed,torch,hash,big\n0,2.13.0,12_3,v1\n"))
    assert run.config == {"seed": 0, "torch": "2.13.0", "hash": "12_3", "big": "v1"}


def test_per_cent_in_a_column_is_all_or_nothing(tmp_path: Path) -> None:
    first, _ = found(written(tmp_path, "seed,acc\n0,46.3%\n1,50 %\n"))
    assert curve(first, "acc") == [(0, 0.463)] and "per cent" in first.notes[0]
    assert "runs.csv:3: column 'acc': not in per cent" in refusal(
        tmp_path, "seed,acc\n0,46.3%\n1,0.5\n"
    )


def test_what_is_not_utf8_is_refused_with_its_byte(tmp_path: Path) -> None:
    assert "runs.csv:2: byte 14 (0xe9) is not UTF-8" in refusal(
        tmp_path, b"setting,acc\nab\xe9,1\n"
    )
    assert "not UTF-8" in refusal(tmp_path, "setting,acc\na,1\n".encode("utf-16"))


def test_a_header_with_one_name_twice_is_refused(tmp_path: Path) -> None:
    assert "columns 2 and 3 are both named 'acc'" in refusal(tmp_path, "seed,acc, acc\n0,1,2\n")


def test_hostile_sizes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "columns, where" in refusal(tmp_path, ",".join(f"c{n}" for n in range(2_001)) + "\n")
    assert "not a table" in refusal(tmp_path, "seed,acc\n0," + "1" * 200_000 + "\n")
    monkeypatch.setattr("paribus.sources.grid.MOST_CELLS", 10)
    assert "more than 10 cells" in refusal(tmp_path, "seed,acc\n" + "0,1\n" * 6)
    monkeypatch.setattr("paribus.sources.grid.LARGEST", 10)
    assert "at most 10 bytes" in refusal(tmp_path, "seed,acc\n0,1\n")


FLOATS = st.floats(width=64)
DIALECTS = st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ",")])


# Other work on the machine is no fault of the test's.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(FLOATS, min_size=3, max_size=3), min_size=1, max_size=8), DIALECTS,
       st.booleans(), st.booleans())  # fmt: skip
def test_any_grid_of_floats_is_read_back_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    grid: list[list[float]],
    dialect: tuple[str, str],
    mark: bool,
    quoted: bool,
) -> None:
    delimiter, decimal = dialect
    file = io.StringIO()
    writer = csv.writer(
        file, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    )
    # A row of halves shows which sign is the decimal one, as any real table does.
    rows = [[0.5, 0.5, 0.5], *grid]
    writer.writerow(["x", "y", "z"])
    writer.writerows([repr(value).replace(".", decimal) for value in row] for row in rows)
    path = tmp_path_factory.mktemp("grid") / "grid.csv"
    path.write_text(file.getvalue(), encoding="utf-8-sig" if mark else "utf-8", newline="")
    for run, row in zip(found(path), rows, strict=True):
        values = [run.metrics[name].values[0] for name in "xyz"]
        assert equal(values, row)


# ---- frames and Parquet -------------------------------------------------------------------------


def test_a_frame_is_a_table(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "setting": pd.Categorical(["a", "b"]),
            "seed": np.array([0, 1]),
            "acc": [0.5, np.nan],
            "aug": pd.array([True, None], dtype="boolean"),
            "when": [pd.Timestamp("2026-01-01"), pd.NaT],
        }
    )
    first, second = runs_of_frame(frame)
    assert (first.setting, first.seed, curve(first, "acc")) == ("a", 0, [(0, 0.5)])
    assert first.config["aug"] is True and first.config["when"] == "2026-01-01 00:00:00"
    assert "acc" not in second.metrics and second.config["aug"] is None
    assert [run.name for run in (first, second)] == ["frame: row 1", "frame: row 2"]


def test_a_long_frame_keeps_nan_as_a_value() -> None:
    frame = pd.DataFrame({"seed": [0, 0], "metric": ["acc", "acc"], "step": [1, 2]})
    (run,) = runs_of_frame(frame.assign(value=[0.5, np.nan]))
    assert equal(run.metrics["acc"].values.tolist(), [0.5, math.nan])


def test_a_frame_with_one_name_twice_is_refused() -> None:
    with pytest.raises(SourceError, match="two columns are named 'acc'"):
        runs_of_frame(pd.DataFrame([[1, 2]], columns=["acc", "acc"]))


def test_parquet_is_read_as_it_was_written(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    frame = pd.DataFrame({"setting": ["a", "b"], "seed": [0, 1], "acc": [0.1, math.nan]})
    frame.to_parquet(tmp_path / "runs.parquet")
    first, second = found(tmp_path / "runs.parquet")
    assert (first.setting, first.seed, curve(first, "acc")) == ("a", 0, [(0, 0.1)])
    assert second.seed == 1


def test_parquet_that_is_damaged_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, b"PAR1" + b"\x00" * 50 + b"PAR1", "runs.parquet")
    with pytest.raises(SourceError, match=r"paribus\[parquet\]|not Parquet"):
        found(path)


def test_an_unknown_cell_kind_of_a_frame_is_text() -> None:
    (run,) = runs_of_frame(pd.DataFrame({"seed": [0], "layers": [[64, 128]]}))
    assert run.config["layers"] == "[64, 128]"


def test_predictions_are_no_table_of_runs(tmp_path: Path) -> None:
    assert not tables.recognizes(written(tmp_path, "id,label\n1,2\n", "predictions.csv"))
