"""Images that a user's function returns, and what is said where it returns something else."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from paribus.data.dataset import prepare
from paribus.data.images import Originals
from paribus.data.own import open_own
from paribus.errors import DataError, StudyError
from paribus.study.data import OwnData
from paribus.study.read import code_named, parse_study, read_study, require_permission
from paribus.study.spec import Study
from paribus.study.trust import changed_since_trusted, trust

HEAD = "import numpy as np\ndraw = np.random.default_rng(0)\n"
X = "draw.integers(0, 256, (24, 9, 7, 3), np.uint8)"
Y = "np.arange(24) % 2"

Write = Callable[[str], OwnData]


@pytest.fixture
def module(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a module, each another one, whose `images` is the source."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])

    def write(text: str) -> OwnData:
        name = f"my_data_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        (tmp_path / f"{name}.py").write_text(HEAD + text)
        return OwnData(source=f"{name}:images", size=8)

    yield write
    for name in [name for name in sys.modules if name.startswith("my_data_")]:
        del sys.modules[name]


def returning(values: str) -> str:
    return f"def images():\n    return {values}\n"


def refused(data: OwnData) -> str:
    with pytest.raises(DataError) as error:
        open_own(data)
    return str(error.value).removeprefix(f"{data.source}: ")


# ---- what it may return ---------------------------------------------------------------------


def test_arrays_of_images_and_labels(module: Write) -> None:
    originals = open_own(module(returning(f"{X}, {Y}")))
    pixels = np.random.default_rng(0).integers(0, 256, (24, 9, 7, 3), np.uint8)
    assert all(np.array_equal(originals.read(i), pixels[i]) for i in range(24))
    assert originals.classes == ("0", "1")
    assert originals.labels.tolist() == [0, 1] * 12
    assert originals.part.tolist() == [""] * 24
    assert (originals.channels, originals.group) == (3, None)


@pytest.mark.parametrize(
    "x",
    [
        "np.arange(24 * 63).reshape(24, 9, 7) % 255",
        "(np.arange(24 * 63).reshape(24, 1, 9, 7) % 255).astype(float)",
        "(np.arange(24 * 63).reshape(24, 9, 7, 1) % 255) / 255",
        "(np.arange(24 * 63).reshape(24, 9, 7) % 255).tolist()",
    ],
)
def test_real_ones_channels_first_and_lists_are_the_same_images(x: str, module: Write) -> None:
    originals = open_own(module(returning(f"{x}, {Y}")))
    assert np.array_equal(originals.read(3), (np.arange(63) + 189).reshape(9, 7, 1) % 255)


def test_splits_and_groups(module: Write) -> None:
    split = "['train', 'train', 'val', 'val', 'test', 'test'] * 4"
    data = module(returning(f"{X}, {Y}, {split}, [i // 2 for i in range(24)]"))
    dataset, originals = prepare(data)
    assert (
        originals.part.tolist()
        == ["train"] * 2 + ["validation"] * 2 + ["test"] * 2 + (originals.part.tolist()[6:])
    )
    assert [len(part) for part in vars(dataset.splits).values()] == [8, 8, 8]
    assert dataset.group is not None and dataset.group.tolist() == [i // 2 for i in range(24)]


DATASET = """
import torch
from torch.utils.data import TensorDataset

def images():
    torch.manual_seed(3)
    x = torch.rand(24, 3, 9, 7)
    dataset = TensorDataset(x, torch.arange(24) % 2)
    dataset.classes = ["cat", "dog"]
    return dataset
"""


def test_a_torch_dataset_of_tensors_with_the_names_of_its_classes(module: Write) -> None:
    originals = open_own(module(DATASET))
    torch.manual_seed(3)
    expected = TensorDataset(torch.rand(24, 3, 9, 7), torch.arange(24) % 2)
    for i in range(24):
        pixels = (expected[i][0] * 255).round().byte().permute(1, 2, 0).numpy()
        assert np.array_equal(originals.read(i), pixels)
    assert originals.classes == ("cat", "dog")
    assert originals.labels.tolist() == [0, 1] * 12


def test_a_dataset_that_is_there_already_with_pillows_images_of_several_sizes(
    module: Write,
) -> None:
    data = module(
        "from PIL import Image\n"
        "class Mine:\n"
        "    def __len__(self): return 24\n"
        "    def __getitem__(self, i): return Image.new('P', (8 + i, 9)), 'ab'[i % 2]\n"
        "class Holder:\n"
        "    whole = Mine()\n"
        "images = Holder.whole\n"
    )
    text = refused(data)  # all are black
    assert text.startswith("expected images of whole numbers")
    data = module(
        "from PIL import Image\n"
        "class Mine:\n"
        "    def __len__(self): return 24\n"
        "    def __getitem__(self, i):\n"
        "        return Image.new('RGB', (8 + i, 9), (i, 2, 3)), 'ab'[i % 2]\n"
        "images = Mine()\n"
    )
    originals = open_own(data)
    assert [originals.read(i).shape for i in (0, 23)] == [(9, 8, 3), (9, 31, 3)]
    assert originals.classes == ("a", "b")
    assert prepare(data)[0].shape == (3, 8, 8)


def test_what_it_draws_and_prints_is_under_control(
    module: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "import random, torch\ndef images():\n    print('hello')\n"
    text += "    x = np.random.random((24, 9, 7)) * random.random() * float(torch.rand(()))\n"
    data = module(text + f"    return x, {Y}\n")
    one, other = open_own(data), open_own(data)
    assert one.fingerprint == other.fingerprint
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\nhello\n")


# ---- fingerprint ----------------------------------------------------------------------------


def test_what_it_returns_decides_the_fingerprint_and_its_text_does_not(module: Write) -> None:
    def opened(text: str) -> Originals:
        return open_own(module(text))

    x = "np.arange(24 * 63, dtype=np.uint8).reshape(24, 9, 7)"
    same = {
        opened(returning(f"{x}, {Y}")).fingerprint,
        opened(f"# {x}\n" + returning(f"{x}, {Y}")).fingerprint,
    }
    assert len(same) == 1
    split = "['train', 'test'] * 12"
    others = [
        f"{x}[::-1], {Y}",
        f"{x}, ({Y})[::-1]",
        f"{x}, {Y}, {split}",
        f"{x}, {Y}, {split}, {Y}",
        f"{x}.reshape(24, 7, 9), {Y}",
    ]
    prints = same | {opened(returning(each)).fingerprint for each in others}
    assert len(prints) == 6


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ("3", "expected images and labels, (x, y)"),
        (f"({X},)", "expected images and labels, (x, y)"),
        (f"{X}[..., 0, 0], {Y}", "expected images of the shape (n, height, width)"),
        (f"{X}, ({Y})[:5]", "expected 24 labels, got the shape (5,)"),
        (f"{X}, {Y} / 1", "expected whole numbers or names as labels, got float64"),
        (f"{X} - 300., {Y}", "expected images of whole numbers from 0 to 255"),
        (f"{X}, {Y} * 0", "expected 2 to 1,000 different classes, got 1"),
        (f"{X}, {Y}, ['fold 1'] * 24", "expected train, val or test as splits, got fold 1"),
        (f"{X}, {Y}, ['test'] * 24", "expected images of the split train, got none"),
        (f"{X}, {Y}, ['train'] * 3", "expected 24 splits, got the shape (3,)"),
        ("[['a']], [0]", "expected numbers as images, got <U1"),
    ],
)
def test_something_else_is_refused_in_words(values: str, why: str, module: Write) -> None:
    assert refused(module(returning(values))).startswith(why)


def test_errors_of_the_users_code_are_one_line_with_its_place(
    module: Write, tmp_path: Path
) -> None:
    data = module("def images():\n    raise RuntimeError('no disk')\n")
    file = tmp_path / f"{data.source.partition(':')[0]}.py"
    assert refused(data) == f"RuntimeError: no disk ({file}:4)"
    assert "SyntaxError" in refused(module("def images(:"))
    assert refused(module("def other(): pass\n")).endswith("has no 'images'")
    missing = OwnData(source="not_there_at_all:images")
    assert refused(missing) == "ModuleNotFoundError: No module named 'not_there_at_all'"


# ---- in a study -----------------------------------------------------------------------------


STUDY = """
name: Mine
data: {{source: "{source}", size: 8}}
network: mlp
epochs: 1
"""


def test_a_study_that_names_it_needs_permission_until_it_is_trusted(
    module: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    data = module(returning(f"{X}, {Y}"))
    path = tmp_path / "study.yaml"
    path.write_text(STUDY.format(source=data.source))
    study = read_study(path)
    assert isinstance(study, Study)
    assert study.data == data
    assert code_named(study) == [f"baseline names {data.source}"]
    with pytest.raises(StudyError, match=r"data\.source: baseline names .*allow-code"):
        require_permission(study, path)
    assert str(tmp_path / f"{data.source.partition(':')[0]}.py") in trust(path, study)
    assert changed_since_trusted(path, study) == []
    with (tmp_path / f"{data.source.partition(':')[0]}.py").open("a") as file:
        file.write("# changed\n")
    assert changed_since_trusted(path, study) != []


def test_wrong_keys_and_sources_are_named() -> None:
    with pytest.raises(StudyError) as error:
        parse_study(STUDY.format(source="mine:images").replace("size", "sice"), "s.yaml")
    assert "data.sice: unknown key 'sice'; did you mean 'size'? Valid: source, size" in str(
        error.value
    )
    with pytest.raises(StudyError, match=r"expected one of digits, .*package\.module:function"):
        parse_study(STUDY.format(source="digit"), "s.yaml")
    with pytest.raises(StudyError, match="expected a mapping with 'source'"):
        parse_study(STUDY.format(source="x").replace('source: "x", ', ""), "s.yaml")
