"""A plan's outlook: each setting's engine, why, the time of all, and whether images are there."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from faults.here import Here, in_this_process
from paribus.errors import EngineError, SettingsError
from paribus.execution import engines, estimate, gpus
from paribus.execution.place import Outcome, Task
from paribus.execution.rehearsal import Rehearsal
from paribus.records.types import EngineFacts
from paribus.study.spec import Study

Build = Callable[..., Study]


@pytest.fixture(autouse=True)
def here() -> Iterator[None]:
    """Without worker processes, and as short as can be."""
    with in_this_process():
        yield


def test_each_setting_has_its_engine_and_its_times(small_study: Build, native: EngineFacts) -> None:
    study = small_study(engine="torch", variations={"native": {"engine": "native"}})
    outlook = estimate.estimate(study, None, 1)
    assert [(s.engine, s.why) for s in outlook.settings] == [
        ("torch", "as the study asks"),
        ("native", "as the study asks"),
    ]
    times = outlook.times
    assert times.training == pytest.approx(sum(s.run_seconds for s in outlook.settings))
    assert times.analysis == pytest.approx(sum(s.analysis_seconds for s in outlook.settings))
    parts = (times.start, times.training, times.analysis, times.report)
    assert outlook.seconds == pytest.approx(sum(parts)) and min(parts) > 0
    assert 0 < outlook.idle_seconds <= outlook.seconds


def test_every_process_rehearses_and_shares_the_runs(
    small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    performed: list[tuple[str, int]] = []

    class Counted(Here):
        def perform(self, tasks: Sequence[Task], *rest: Any) -> list[Outcome]:
            performed.extend(task.run.key for task in tasks)
            return super().perform(tasks, *rest)

    monkeypatch.setattr(gpus, "Workers", Counted)
    outlook = estimate.estimate(small_study(seeds=2), None, 4)
    assert [name for name, _ in performed] == ["baseline", "l2"] * 2
    each = [s.run_seconds for s in outlook.settings]
    assert outlook.times.training == pytest.approx(2 * sum(each) / 4)


@pytest.mark.parametrize(
    ("looks", "until_decided"), [(2, False), ({"until": "decided", "looks": [3, 5]}, True)]
)
def test_runs_of_added_seeds_are_the_most(
    small_study: Build, looks: Any, until_decided: bool
) -> None:
    outlook = estimate.estimate(small_study(seeds=looks), None, 1)
    assert outlook.until_decided is until_decided
    assert len(outlook.runs) == 2 * (5 if until_decided else 2)


def test_what_is_not_downloaded_is_said_and_isn_t_downloaded(
    small_study: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARIBUS_CACHE", str(tmp_path / "cache"))
    study = small_study(data={"source": "stl10"}, variations={})
    outlook = estimate.estimate(study, None, 1)
    assert (outlook.download, outlook.missing, outlook.images) == (330, "", ())
    assert (outlook.sizes.training, outlook.sizes.test) == (5000, 5000)
    outlook = estimate.estimate(study, tmp_path, 1)
    assert outlook.download == 0
    assert f"`paribus data fetch stl10 --data-dir {tmp_path}` downloads" in outlook.missing
    assert [*tmp_path.iterdir()] == []


def test_a_published_set_that_is_not_there_is_planned_by_its_known_sizes(
    small_study: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARIBUS_CACHE", str(tmp_path / "empty"))
    study = small_study(data={"source": "cifar10"}, variations={})
    sizes = estimate.estimate(study, None, 1).sizes
    assert (sizes.training, sizes.validation, sizes.test) == (45_000, 5_000, 10_000)
    assert (sizes.shape, sizes.classes) == ((3, 32, 32), 10)
    outlook = estimate.estimate(study, tmp_path, 1)
    assert outlook.missing.startswith(f"CIFAR-10 isn't complete in {tmp_path}; ")
    assert outlook.missing.endswith("downloads about 170 MB")


def test_a_plan_says_what_is_noticed_of_networks(
    small_study: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("planned_net.py").write_text(
        "from torch import nn\n\n"
        "def net(channels, height, width, classes):\n"
        "    layers = nn.Flatten(), nn.LazyLinear(classes), nn.Softmax(dim=1)\n"
        "    return nn.Sequential(*layers)\n"
    )
    study = small_study(network="planned_net:net", engine="torch", variations={})
    (note,) = estimate.estimate(study, None, 1).notes
    assert note.startswith("baseline: Its outputs are nonnegative and sum to 1")


def test_a_plan_that_can_not_be_kept_is_refused(
    small_study: Build, native: EngineFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_objection", lambda *_: "conv2 has stride 2")
    with pytest.raises(EngineError, match="can't train baseline: conv2 has stride 2"):
        estimate.estimate(small_study(engine="native", variations={}), None, 1)


def test_a_setting_whose_process_ends_in_a_rehearsal_is_named(
    small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(task: Rehearsal, tell: object) -> Outcome:
        return Outcome(task.run, "failed", 0.1, "its process was killed")

    monkeypatch.setattr(Rehearsal, "perform", killed)
    with pytest.raises(SettingsError, match="its process was killed"):
        estimate.estimate(small_study(epochs=1), None, 1)
