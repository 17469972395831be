"""`paribus.streams`: generators for people's own scripts, and hashes that prove what was drawn."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import random
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from noisy import Noisy
from paribus import Streams, streams
from paribus.errors import StreamsError
from paribus.generators import FILE, SEED, finish

seeds = st.integers(0, 2**40)
names = st.from_regex(r"[a-z0-9_.-]{1,8}", fullmatch=True).filter(lambda name: name != "global")
kinds = st.sampled_from(["numpy", "torch", "python"])


def numbers(of: Streams, kind: str, name: str, *detail: str | int) -> list[float]:
    """Some numbers from a generator, as its library draws them."""
    generator: Any = getattr(of, kind)(name, *detail)
    if kind == "torch":
        drawn: list[float] = torch.rand(4, generator=generator).tolist()
        return drawn
    return [generator.random() for _ in range(4)]


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave the global generators and torch's switches alone, and nothing to write at exit."""
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()
    yield
    torch.set_rng_state(before[0])
    np.random.set_state(before[1])
    random.setstate(before[2])
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic = False
    finish()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that Paribus would name."""
    monkeypatch.setenv(FILE, str(tmp_path / "streams.json"))
    return tmp_path / "streams.json"


def content(file: Path) -> Any:
    return json.loads(file.read_text())


# Numbers


@given(seeds, kinds, names)
def test_one_seed_and_name_give_the_same_numbers(seed: int, kind: str, name: str) -> None:
    assert numbers(streams(seed), kind, name) == numbers(streams(seed), kind, name)


@given(seeds, kinds, st.lists(names, min_size=2, max_size=2, unique=True))
def test_another_name_gives_other_numbers(seed: int, kind: str, two: list[str]) -> None:
    assert numbers(streams(seed), kind, two[0]) != numbers(streams(seed), kind, two[1])


@given(seeds, kinds, names)
def test_another_seed_gives_other_numbers(seed: int, kind: str, name: str) -> None:
    assert numbers(streams(seed), kind, name) != numbers(streams(seed + 1), kind, name)


@given(seeds, st.lists(st.tuples(kinds, names), min_size=1, max_size=6, unique=True))
def test_what_a_stream_gives_does_not_depend_on_the_others(
    seed: int, asked: list[tuple[str, str]]
) -> None:
    together = streams(seed)
    alone = {each: numbers(streams(seed), *each) for each in asked}
    assert {each: numbers(together, *each) for each in reversed(asked)} == alone


def test_streams_of_different_kinds_and_details_are_unrelated() -> None:
    of = streams(1)
    drawn = [
        of.numpy("a").random(4000),
        of.numpy("a", 1).random(4000),
        of.numpy("a", 2).random(4000),
        torch.rand(4000, generator=of.torch("a")).numpy(),
        torch.rand(4000, generator=of.torch("a", 1)).numpy(),
        np.array([of.python("a").random() for _ in range(4000)]),
        streams(2).numpy("a").random(4000),
    ]
    off_diagonal = np.corrcoef(drawn)[np.triu_indices(len(drawn), 1)]
    assert np.abs(off_diagonal).max() < 0.08  # 5 standard errors of 1/sqrt(4000)


@pytest.mark.parametrize("kind", ["numpy", "torch", "python"])
def test_one_name_is_one_generator(kind: str) -> None:
    of = streams(3)
    assert getattr(of, kind)("order", 1) is getattr(of, kind)("order", 1)
    assert getattr(of, kind)("order", 1) is not getattr(of, kind)("order", 2)
    assert numbers(of, kind, "x") != numbers(of, kind, "x")  # it goes on


def test_numbers_stay_what_they_were_when_records_were_written() -> None:
    # A change here would unpair new runs from the records that lie on users' disks.
    of = streams(3)
    assert of.numpy("order").integers(10**9) == 308565212
    assert torch.randint(10**9, (), generator=of.torch("order")).item() == 103599318
    assert of.python("order").randrange(10**9) == 720210066


def test_the_seed_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SEED, "12")
    assert streams().seed == 12
    assert streams(3).seed == 3
    assert streams(np.int64(4)).seed == 4  # type: ignore[arg-type]


def test_without_a_seed_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SEED, raising=False)
    with pytest.raises(StreamsError, match=r"no PARIBUS_SEED: write paribus\.streams\(seed\)"):
        streams()
    monkeypatch.setenv(SEED, "many")
    with pytest.raises(StreamsError, match=r"PARIBUS_SEED: expected a whole number .*'many'"):
        streams()


@pytest.mark.parametrize("seed", [-1, 0.5, "3"])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(StreamsError, match="whole number from 0"):
        streams(seed)


@pytest.mark.parametrize("name", ["", "a b", "a\n", "a/b", None, "a:b"])
def test_a_name_that_could_be_mistaken_for_another_is_refused(name: Any) -> None:
    with pytest.raises(StreamsError, match="expected a stream's name"):
        streams(1).numpy(name)
    with pytest.raises(StreamsError, match="expected a stream's name"):
        streams(1).numpy("a", name or "")


def test_the_name_of_the_global_generators_is_taken() -> None:
    with pytest.raises(StreamsError, match="take another"):
        streams(1).torch("global")


# JAX


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX isn't installed")
def test_a_key_for_jax_is_fixed_by_seed_and_name() -> None:
    # In a process of its own: after JAX was imported, every fork warns.
    code = """
import json, jax, paribus
a, b = paribus.streams(3), paribus.streams(3)
key = a.jax("dropout")
assert key is a.jax("dropout")
assert (jax.random.key_data(key) == jax.random.key_data(b.jax("dropout"))).all()
assert (jax.random.uniform(key, (4,)) != jax.random.uniform(a.jax("dropout", 1), (4,))).any()
assert [*a.drawn()] == ["jax dropout"]
resumed = paribus.streams(3)
resumed.load_state_dict(json.loads(json.dumps(a.state_dict())))
assert resumed.drawn() == a.drawn() != b.drawn()
"""
    done = script(code, {"JAX_PLATFORMS": "cpu"})
    assert (done.returncode, done.stderr) == (0, "")


def test_without_jax_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StreamsError, match="pip install jax"):
        streams(3).jax("dropout")


# Hashes


@given(seeds, kinds, names, st.integers(0, 30), st.integers(0, 30))
def test_hashes_are_equal_exactly_if_as_much_was_drawn(
    seed: int, kind: str, name: str, one: int, other: int
) -> None:
    hashes = []
    for count in (one, other):
        of = streams(seed)
        getattr(of, kind)(name)
        for _ in range(count):
            numbers(of, kind, name)
        hashes.append(of.drawn().get(f"{kind} {name}"))
    assert (hashes[0] == hashes[1]) == (one == other)


def draw_a_half_word(of: Streams) -> None:
    of.numpy("x").integers(2**32, dtype=np.uint32)  # the other half waits in a buffer


def draw_one_normal_number(of: Streams) -> None:
    of.python("x").gauss(0, 1)  # a second one waits


@pytest.mark.parametrize("draw", [draw_a_half_word, draw_one_normal_number])
def test_numbers_that_wait_in_a_buffer_are_part_of_a_hash(draw: Callable[[Streams], None]) -> None:
    once, twice = streams(1), streams(1)
    draw(once)
    draw(twice)
    assert once.drawn() == twice.drawn()
    draw(twice)
    assert once.drawn() != twice.drawn()


def test_a_generator_that_nothing_was_drawn_from_proves_nothing() -> None:
    of = streams(1)
    of.torch("order"), of.numpy("noise"), of.python("crop")
    assert of.drawn() == {}


def test_hashes_tell_seeds_and_names_apart() -> None:
    a, b, c = streams(1), streams(2), streams(1)
    for of, name in ((a, "x"), (b, "x"), (c, "y")):
        numbers(of, "numpy", name)
    assert len({*a.drawn().values(), *b.drawn().values(), *c.drawn().values()}) == 3


def test_one_hash_covers_all_details_of_a_name() -> None:
    both = [streams(1), streams(1)]
    for of in both:
        for epoch in (1, 2, 3):
            numbers(of, "torch", "order", epoch)
    assert [*both[0].drawn()] == ["torch order"]
    assert both[0].drawn() == both[1].drawn()
    numbers(both[0], "torch", "order", 2)
    assert both[0].drawn() != both[1].drawn()


# The global generators


def global_numbers() -> tuple[float, float, float]:
    return torch.rand(()).item(), np.random.random(), random.random()


def test_global_generators_are_seeded_by_the_seed_and_the_epoch() -> None:
    drawn = []
    for seed, epoch in ((1, 1), (1, 2), (2, 1), (1, 1)):
        streams(seed).seed_globals(epoch)
        drawn.append(global_numbers())
    assert drawn[0] == drawn[3]
    assert len({number for each in drawn[:3] for number in each}) == 9


def test_what_was_drawn_before_an_epoch_does_not_shift_it_but_is_in_the_hash() -> None:
    more, less = streams(1), streams(1)
    drawn = []
    for of in (more, less):
        of.seed_globals(1)
        torch.rand(3 if of is more else 4)
        of.seed_globals(2)
        drawn.append(global_numbers())
        hashes = of.drawn()
        assert [*hashes] == ["numpy global", "python global", "torch global"]
        assert hashes == of.drawn()
        drawn.append(hashes)  # type: ignore[arg-type]
    assert drawn[0] == drawn[2]
    a, b = more.drawn(), less.drawn()
    assert (a["torch global"], a["numpy global"]) != (b["torch global"], b["numpy global"])
    assert a["numpy global"] == b["numpy global"]


def test_seeding_them_under_one_name_again_loses_nothing() -> None:
    hashes = []
    for count in (1, 2):
        of = streams(1)
        of.seed_globals()
        torch.rand(count)
        of.seed_globals()
        torch.rand(5)
        hashes.append(of.drawn()["torch global"])
    assert hashes[0] != hashes[1]


# DataLoader


def passes(seed: int, workers: int, start: str | None = None) -> tuple[list[Any], dict[str, str]]:
    of = streams(seed)
    loader = DataLoader(
        Noisy(of),
        batch_size=4,
        shuffle=True,
        num_workers=workers,
        multiprocessing_context=start,
        **of.loader_kwargs("order"),
    )
    rows = [[column.tolist() for column in batch] for _ in range(2) for batch in loader]
    return rows, of.drawn()


def order(rows: list[Any]) -> list[int]:
    return [number for row in rows for number in row[0]]


def test_a_loader_gives_one_order_whatever_its_workers() -> None:
    alone, hashes = passes(1, 0)
    forked, forked_hashes = passes(1, 2, "fork")
    assert order(alone) == order(forked)
    assert hashes["torch order"] == forked_hashes["torch order"]
    assert sorted(order(alone)[:24]) == [*range(24)]
    assert order(alone)[:24] != order(alone)[24:]
    assert order(passes(2, 0)[0]) != order(alone)


def test_workers_draw_the_same_however_they_are_started_and_no_two_alike() -> None:
    forked, _ = passes(1, 2, "fork")
    spawned, _ = passes(1, 2, "spawn")
    assert forked == spawned
    for column in range(1, 5):
        noise = [value for row in forked for value in row[column]]
        assert len({*noise}) == len(noise) == 48  # neither two workers nor two epochs alike


# Resuming


def epoch(of: Streams, number: int) -> None:
    """What a script draws in an epoch."""
    of.seed_globals(number)
    global_numbers()
    numbers(of, "torch", "order")
    draw_a_half_word(of)
    draw_one_normal_number(of)
    numbers(of, "python", "crop", number)


def begun(epochs: int) -> Streams:
    of = streams(5)
    numbers(of, "torch", "init")
    for number in range(1, epochs + 1):
        epoch(of, number)
    return of


def as_json(state: dict[str, Any]) -> Any:
    return json.loads(json.dumps(state))


def as_torch(state: dict[str, Any]) -> Any:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)  # noqa: TID251


@pytest.mark.parametrize("kept", [as_json, as_torch])
@given(before=st.integers(0, 3), after=st.integers(0, 3))
@settings(deadline=None, max_examples=10)
def test_a_resumed_script_ends_with_the_hashes_of_one_that_ran_on(
    kept: Callable[[dict[str, Any]], Any], before: int, after: int
) -> None:
    checkpoint = kept(begun(before).state_dict())
    whole = begun(before + after)
    last = global_numbers(), numbers(whole, "torch", "order"), numbers(whole, "numpy", "x")
    epoch(resumed := streams(5), 9)  # whatever it did before it looked for a checkpoint
    resumed.load_state_dict(checkpoint)
    for number in range(before + 1, before + after + 1):
        epoch(resumed, number)
    if before + after:  # else the global generators aren't ours
        again = global_numbers(), numbers(resumed, "torch", "order"), numbers(resumed, "numpy", "x")
        assert again == last
        assert resumed.drawn() == whole.drawn()


def test_generators_that_a_script_holds_already_are_moved() -> None:
    whole = begun(2)
    resumed = streams(5)
    held = resumed.torch("order"), resumed.numpy("x"), resumed.python("x")
    resumed.load_state_dict(as_json(whole.state_dict()))
    assert held[0] is resumed.torch("order")
    for kind, name in (("torch", "order"), ("numpy", "x"), ("python", "x")):
        assert numbers(resumed, kind, name) == numbers(whole, kind, name)
    assert resumed.drawn() == whole.drawn()


def test_a_checkpoint_of_another_seed_is_refused() -> None:
    with pytest.raises(StreamsError, match="expected generators of seed 5, got those of seed 6"):
        streams(5).load_state_dict(streams(6).state_dict())


@pytest.mark.parametrize(
    "wrong",
    [
        {"states": None},
        {"states": {"torch order": "abc"}},
        {"states": {"numpy x": 3}},
        {"global_states": 3},
        {"ended": 3},
    ],
)
def test_a_state_that_is_none_is_refused_in_words(wrong: dict[str, Any]) -> None:
    of = begun(1)
    with pytest.raises(StreamsError, match="begin without this checkpoint"):
        of.load_state_dict({**of.state_dict(), **wrong})


# The file


def test_hashes_are_written_when_a_run_ends(file: Path) -> None:
    of = begun(2)
    assert not file.exists()
    finish()
    assert content(file) == {"seed": 5, "drawn": of.drawn()}
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_saving_again_replaces_what_was_saved(file: Path) -> None:
    of = begun(1)
    of.save()
    epoch(of, 2)
    of.save()
    assert content(file)["drawn"] == of.drawn()


def test_several_objects_of_a_run_lose_nothing(file: Path) -> None:
    first, second = begun(1), streams(5)
    numbers(second, "torch", "init")
    numbers(second, "torch", "init")
    first.save()
    second.save()
    numbers(second, "numpy", "late")
    finish()
    both = sorted([first.drawn()["torch init"], second.drawn()["torch init"]])
    drawn = content(file)["drawn"]
    assert drawn["torch init"] == " ".join(both)
    assert drawn["torch order"] == first.drawn()["torch order"]
    assert drawn["numpy late"] == second.drawn()["numpy late"]


def test_the_order_in_which_processes_end_makes_no_difference(tmp_path: Path) -> None:
    code = "import paribus; [paribus.streams(1).{0}('a').random() for _ in range({1})]"
    contents = []
    for number, turns in enumerate([(("numpy", 1), ("python", 2)), (("python", 2), ("numpy", 1))]):
        file = tmp_path / f"{number}.json"
        for kind, count in turns:
            script(code.format(kind, count), {FILE: str(file)})
        contents.append(content(file))
    assert contents[0] == contents[1]
    assert len(contents[0]["drawn"]["python a"].split()) == 2


def test_processes_that_end_at_once_lose_nothing(file: Path) -> None:
    code = "import paribus; paribus.streams(1).python('p{0}').random()"
    started = [subprocess.Popen([sys.executable, "-c", code.format(number)]) for number in range(8)]
    assert [each.wait(timeout=300) for each in started] == [0] * 8
    assert [*content(file)["drawn"]] == [f"python p{number}" for number in range(8)]


def test_a_fork_writes_nothing(file: Path) -> None:
    code = """
import os, sys, paribus
streams = paribus.streams(1)
streams.python("a").random()
if os.fork() == 0:
    streams.python("b").random()
    sys.exit(0)
os.wait()
"""
    script(code, {FILE: str(file)})
    assert [*content(file)["drawn"]] == ["python a"]


def test_workers_of_multiprocessing_write_nothing(file: Path) -> None:
    main = file.parent / "main.py"
    main.write_text(
        """
import multiprocessing, paribus
streams = paribus.streams(1)
streams.python("a").random()
if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=print)
    child.start()
    child.join()
    assert child.exitcode == 0
"""
    )
    subprocess.run([sys.executable, main], check=True, timeout=300)
    assert len(content(file)["drawn"]["python a"].split()) == 1


def test_a_file_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code = "import paribus; paribus.streams(1).python('a').random(); print('trained')"
    done = script(code, {FILE: str(tmp_path / "file" / "streams.json")})
    assert (done.returncode, done.stdout) == (0, "trained\n")
    assert "what was drawn wasn't written there" in done.stderr


def test_somebody_elses_file_stays(file: Path) -> None:
    for text in ("what?", "[1]", '{"seed": 3, "drawn": {"a": 1}}'):
        file.write_text(text)
        of = streams(1)
        numbers(of, "python", "a")
        with pytest.warns(UserWarning, match="wasn't written there"):
            of.save()
        assert file.read_text() == text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        finish()


def test_a_script_that_changes_its_folder_still_writes(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    code = "import os, paribus; paribus.streams(1).python('a').random(); os.chdir('elsewhere')"
    script(code, {FILE: "streams.json"}, cwd=tmp_path)
    assert [*content(tmp_path / "streams.json")["drawn"]] == ["python a"]


def test_without_paribus_a_script_works_and_writes_nothing(tmp_path: Path) -> None:
    code = """
import sys, paribus
streams = paribus.streams(3)
assert not {"numpy", "torch", "jax"} & {*sys.modules}
streams.torch("init"), streams.numpy("a"), streams.python("order")
streams.seed_globals(1)
streams.save()
"""
    done = script(code, {}, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not [*tmp_path.iterdir()]


def script(
    code: str, environment: dict[str, str], cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a script as Paribus does, or, with an empty environment, as people do."""
    plain = {key: value for key, value in os.environ.items() if key not in (SEED, FILE)}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=plain | environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# Determinism


def test_deterministic_algorithms_are_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    streams(1).deterministic()
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.deterministic and not torch.backends.cudnn.benchmark
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


@pytest.mark.parametrize("value", [None, "random"])
def test_hashes_that_only_the_command_can_fix_are_warned_of(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    monkeypatch.setenv("PYTHONHASHSEED", value or "")
    with pytest.warns(UserWarning, match="PYTHONHASHSEED=0"):
        streams(1).deterministic()
