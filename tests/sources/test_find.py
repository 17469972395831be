"""The search for runs goes on where something can't be read, and takes nothing else for runs."""

import errno
from pathlib import Path

import pytest

from paribus.errors import ReadError, SourceError
from paribus.io.reading import names_in as real
from paribus.sources import beside, find, keras, predictions, tables, tensorboard
from paribus.sources.find import read_runs
from sources.reading import curve, found, one
from sources.writers import VERSION, a_log, event, framed, scalar

LOG = "epoch,loss\n0,0.5\n"
EVENTS = "events.out.tfevents.1700000000.host.1.0"


def put(path: Path, text: str | bytes = LOG) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def events(folder: Path, tag: str = "loss") -> Path:
    return put(folder / EVENTS, framed(VERSION, event(3, scalar(tag, 7))))


# ---- what can't be read -------------------------------------------------------------------------


def test_what_cannot_be_read_is_said_and_the_rest_is_read(tmp_path: Path) -> None:
    put(tmp_path / "a/log.csv")
    put(tmp_path / "b/runs.csv", "seed,acc\n0,1,2\n")
    both = read_runs([tmp_path, tmp_path / "nowhere"])
    assert [run.name for run in both.runs] == ["a/log.csv"]
    ragged, nowhere = both.unread
    assert "b/runs.csv:2: expected 2 cells" in ragged and "nowhere: there is nothing" in nowhere


def test_an_unreadable_folder_or_file_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "a/log.csv")
    put(tmp_path / "b/train/log.csv")
    put(tmp_path / "c.csv")

    def names_in(folder: Path) -> list[str]:
        if folder.name == "train":
            raise ReadError(errno.EACCES, "access denied", str(folder))
        return real(folder)

    def beginning(path: Path) -> bytes:
        return b"" if path.name == "c.csv" else LOG.encode()

    def opened(path: Path) -> None:
        raise OSError(errno.EIO, "disk error", str(path))

    for module in (find, beside, keras, tensorboard):
        monkeypatch.setattr(module, "names_in", names_in)
    for module in (keras, tables, predictions):
        monkeypatch.setattr(module, "beginning", beginning)
    monkeypatch.setattr(find, "opened", opened)
    both = read_runs([tmp_path])
    assert [run.name for run in both.runs] == ["a/log.csv"]
    assert any("train: can't be read (access denied)" in line for line in both.unread)
    assert any("c.csv: can't be read (disk error)" in line for line in both.unread)


def test_it_is_an_error_only_where_nothing_was_read(tmp_path: Path) -> None:
    put(tmp_path / "runs.csv", "seed,acc\n0,1,2\n")
    put(tmp_path / "data.csv", "height,width\n1,2\n")
    with pytest.raises(SourceError, match=r"runs\.csv:2(.|\n)*data\.csv: not taken for runs"):
        read_runs([tmp_path])


def test_a_search_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "MOST_FOLDERS", 5)
    for number in range(9):
        put(tmp_path / f"{number}.csv")
    both = read_runs([tmp_path])
    assert len(both.runs) == 4 and "more than 5 files and folders" in both.unread[0]


def test_what_cannot_be_read_beside_a_run_leaves_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "version_0/metrics.csv", "step,loss\n0,1\n")
    put(tmp_path / "version_0/config.yaml", "lr: 1\n")

    def denied(path: Path) -> None:
        raise ReadError(errno.EACCES, "access denied", str(path))

    monkeypatch.setattr(beside, "config_at", denied)
    assert "config.yaml: can't be read" in one(tmp_path).lost[0]
    monkeypatch.setattr(beside, "names_in", denied)
    both = read_runs([tmp_path])
    assert curve(both.runs[0], "loss") == [(0, 1)] and "access denied" in both.unread[0]


# ---- what isn't a run ---------------------------------------------------------------------------

STRAYS = {
    "iris.csv": "sepal_length,species\n5.1,setosa\n",
    "cars.csv": "model,mpg,cylinders\nMazda,21,6\n",
    "people.csv": "id,name,age\n1,Ann,30\n",
    "words.csv": "run,note\na,fine\n",
    "rows.json": '[{"title": "a", "year": 2020}]',
    "chat.jsonl": '{"role": "user", "content": "hello"}\n',
    "package.json": '{"name": "x", "version": "1.0.0"}',
    "empty.csv": "",
}
TABLES = {
    "a.csv": "seed,acc\n0,1\n",
    "b.csv": "method,accuracy\nx,1\n",
    "c.csv": "metric,value\nacc,1\n",
    "d.csv": "step,x\n0,1\n1,2\n",
    "e.json": '[{"run": "a", "fid": 3}]',
    "f.jsonl": '{"name": "a", "test/f1": 3}\n',
}


@pytest.mark.parametrize("name", STRAYS)
def test_another_table_below_a_folder_is_no_run(name: str, tmp_path: Path) -> None:
    put(tmp_path / "runs/log.tsv", LOG.replace(",", "\t"))
    put(tmp_path / "docs/data" / name, STRAYS[name])
    both = read_runs([tmp_path])
    assert [run.name for run in both.runs] == ["runs/log.tsv"]
    said = [line for line in both.unread if f"{name}: not taken for runs" in line]
    assert len(said) == (name != "package.json")


def test_a_table_that_was_named_itself_is_one_of_runs(tmp_path: Path) -> None:
    assert len(found(put(tmp_path / "iris.csv", STRAYS["iris.csv"]))) == 1


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_runs_below_a_folder_is_read(name: str, tmp_path: Path) -> None:
    put(tmp_path / name, TABLES[name])
    assert one(tmp_path).metrics


def test_many_strays_are_counted(tmp_path: Path) -> None:
    put(tmp_path / "log.csv")
    for number in range(25):
        put(tmp_path / f"data/{number}.csv", STRAYS["iris.csv"])
    unread = read_runs([tmp_path]).unread
    assert len(unread) == 11 and unread[-1] == "and 15 more files not taken for runs"


@pytest.mark.parametrize(
    "folder", [".git", ".ipynb_checkpoints", "node_modules", "__pycache__", ".cache", "env"]
)
def test_folders_of_tools_are_not_searched(folder: str, tmp_path: Path) -> None:
    put(tmp_path / "a" / folder / "b/log.csv")
    put(tmp_path / "a/._log.csv")
    put(tmp_path / "a/env/pyvenv.cfg", "home = /usr\n")
    put(tmp_path / "log.csv")
    assert [run.name for run in found(tmp_path)] == ["log.csv"]
    assert one(tmp_path / "a" / folder).metrics, "unless one is given"


# ---- names --------------------------------------------------------------------------------------


def test_names_are_paths_below_the_one_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a_seed0", "a_seed1"):
        put(tmp_path / "x/logs" / name / "log.csv")
    expected = ["a_seed0/log.csv", "a_seed1/log.csv"]
    assert [run.name for run in found(tmp_path / "x/logs")] == expected
    assert [run.name for run in found(tmp_path / "x")] == [f"logs/{name}" for name in expected]
    assert found(tmp_path / "x")[0].files == (tmp_path / "x/logs/a_seed0/log.csv",)
    monkeypatch.chdir(tmp_path / "x/logs")
    for given in (Path(), Path("../logs"), Path("a_seed0/..")):
        assert [run.name for run in found(given)] == expected
    assert one(Path("a_seed0")).name == "log.csv" and one(Path("a_seed0/log.csv")).name == "log.csv"


def test_several_paths_give_names_below_what_they_share(tmp_path: Path) -> None:
    paths = [put(tmp_path / "p" / name / "log.csv").parent for name in ("a", "b")]
    runs = read_runs([*paths, paths[0]]).runs
    assert [run.name for run in runs] == ["a/log.csv", "b/log.csv"], "and each run once"


def test_a_folder_that_is_a_run_has_its_own_name(tmp_path: Path) -> None:
    put(tmp_path / "version_3/metrics.csv", "step,loss\n0,1\n")
    assert one(tmp_path / "version_3").name == "version_3"


def test_no_two_runs_have_one_name(tmp_path: Path) -> None:
    header = '"Name","State","Created","acc"\n'
    for name in ("a.csv", "b.csv"):
        put(tmp_path / name, f'{header}"one","finished","1","0.5"\n')
    assert [run.name for run in found(tmp_path)] == ["a.csv: one", "b.csv: one"]


# ---- what lies beside a run ---------------------------------------------------------------------


def test_hyperparameters_beside_events_are_the_runs(tmp_path: Path) -> None:
    for version in (0, 1):
        events(tmp_path / f"lightning_logs/version_{version}")
        put(tmp_path / f"lightning_logs/version_{version}/hparams.yaml", f"seed: {version}\n")
    first, second = found(tmp_path)
    assert first.config == {"seed": 0} and second.config == {"seed": 1}
    assert curve(first, "loss") == [(3, 7)]
    assert {file.name for file in first.files} == {EVENTS, "hparams.yaml"}


@pytest.mark.parametrize("name", ["config.yaml", "args.yaml", "config.json", "params.json"])
@pytest.mark.parametrize("log", ["metrics.csv", "training.log", "progress.tsv", "log.jsonl"])
def test_a_configuration_beside_any_log_is_the_runs(name: str, log: str, tmp_path: Path) -> None:
    text = '{"epoch": 0, "acc": 1}\n{"epoch": 1, "acc": 2}\n' if "json" in log else LOG
    put(tmp_path / "a" / log, text.replace(",", "\t") if "tsv" in log else text)
    put(tmp_path / "a" / name, '{"opt": {"lr": 0.5}}' if "json" in name else "opt:\n  lr: 0.5\n")
    run = one(tmp_path)
    assert run.config["opt.lr"] == 0.5 and run.metrics and len(run.files) == 2


def test_what_a_run_says_itself_wins_and_a_damaged_file_is_lost(tmp_path: Path) -> None:
    put(tmp_path / "run-abc.wandb", a_log([{"loss": 1}]))
    put(tmp_path / "config.yaml", "seed: 9\nwidth: 5\n")
    put(tmp_path / "config.json", "{")
    run = one(tmp_path)
    assert (run.config["seed"], run.config["width"]) == (3, 5) and "config.json" in run.lost[0]


def test_a_configuration_beside_several_runs_is_no_ones(tmp_path: Path) -> None:
    put(tmp_path / "a.csv")
    put(tmp_path / "b.csv")
    put(tmp_path / "config.yaml", "seed: 9\n")
    assert [dict(run.config) for run in found(tmp_path)] == [{}, {}]


@pytest.mark.parametrize("name", ["args.yaml", "hparams.yaml"])
def test_a_configuration_above_the_logs_is_no_crashed_run(name: str, tmp_path: Path) -> None:
    put(tmp_path / "a" / name, "seed: 9\n")
    events(tmp_path / "a/tb")
    put(tmp_path / "b" / name, "seed: 8\n")
    first, crashed = found(tmp_path)
    assert first.name == "a/tb" and first.config == {"seed": 9} and curve(first, "loss")
    assert crashed.name == "b" and "crashed" in crashed.notes[0]


def test_predictions_beside_a_configuration_alone_are_its_run(tmp_path: Path) -> None:
    for seed in (0, 1):
        put(tmp_path / f"{seed}/args.yaml", f"seed: {seed}\n")
        put(tmp_path / f"{seed}/predictions.csv", "id,label,prediction\n1,a,b\n")
    runs = found(tmp_path)
    assert [run.config["seed"] for run in runs] == [0, 1] and all(run.predictions for run in runs)


@pytest.mark.parametrize("log", ["training.log", "progress.csv"])
def test_a_log_beside_events_is_part_of_their_run(log: str, tmp_path: Path) -> None:
    events(tmp_path / "a/train", "epoch_loss")
    events(tmp_path / "a/validation", "epoch_loss")
    put(tmp_path / "a" / log, "epoch,loss\n0,0.5\n1,0.25\n")
    run = one(tmp_path)
    assert set(run.metrics) == {"train/epoch_loss", "validation/epoch_loss", "loss"}
    assert len(run.files) == 3


def test_a_table_of_runs_beside_events_is_none_of_their_run(tmp_path: Path) -> None:
    events(tmp_path)
    put(tmp_path / "runs.csv", "seed,acc\n0,1\n1,2\n")
    put(tmp_path / "artifacts/log.csv")
    assert [run.name for run in found(tmp_path)] == [tmp_path.name, "runs.csv:2", "runs.csv:3"]


def test_a_trackers_folder_and_a_table_of_the_same_runs_are_both_given(tmp_path: Path) -> None:
    put(tmp_path / "wandb/offline-run-1-abc/run-abc.wandb", a_log([{"loss": 1}]))
    put(tmp_path / "runs.csv", "seed,loss\n3,1\n")
    assert [run.name for run in found(tmp_path)] == ["runs.csv:2", "wandb/offline-run-1-abc"]
