"""Nothing that is read can run: no unpickling, no evaluation, no unpacking under others' names."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FILES = sorted(
    path for folder in ("src", "benchmarks", "docs") for path in (REPOSITORY / folder).rglob("*.py")
)
#: Modules that run what they read.
MODULES = {
    "pickle", "_pickle", "cPickle", "pickletools", "cloudpickle", "dill", "jsonpickle", "joblib",
    "marshal", "shelve", "dbm", "code", "codeop", "xmlrpc", "commands", "imp",
}  # fmt: skip
#: Functions that do.
BUILTINS = {"eval", "exec", "compile", "__import__"}
#: Methods that do, or that write where an archive says; the last word of what is called.
METHODS = {
    "extractall", "extract", "unpack_archive", "read_pickle", "to_pickle", "loads_pickle",
    "full_load", "unsafe_load", "load_all", "popen",
}  # fmt: skip
#: Whole names.
NAMES = {
    "torch.load",
    "torch.jit.load",
    "torch.package",
    "torch.hub.load",
    "yaml.load",
    "os.system",
}
#: What a module may do all the same: tasks for a job, by a SHA-256 that the job was started with;
#: a function that Python was given, to a process that this one starts, through its standard input.
ALLOWED = {
    "places/slurm_packed.py": ["pickle"],
    "scripts/function.py": ["cloudpickle"] * 2,
    "scripts/calling.py": ["cloudpickle"],
}


def faults(source: str) -> Iterator[str]:
    """Every place of a module that could run what it reads."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (a.name for a in names if a.name.split(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module), names=names):
                if module.split(".")[0] in MODULES:
                    yield module
                yield from (n for a in names if (n := f"{module}.{a.name}") in NAMES)
            case ast.Call():
                yield from _call_faults(node)


def _call_faults(call: ast.Call) -> Iterator[str]:
    name, given = ast.unparse(call.func), {k.arg: ast.unparse(k.value) for k in call.keywords}
    last = name.rsplit(".", 1)[-1]
    if name in BUILTINS | NAMES or ("." in name and last in METHODS):
        yield name
    if name in {"np.load", "numpy.load"} and given.get("allow_pickle") != "False":
        yield f"{name} without allow_pickle=False"
    if given.get("allow_pickle") == "True" or given.get("shell") == "True":
        yield f"{name} with allow_pickle or shell"
    if last == "YAML" and given.get("typ") not in (None, "'rt'", "'safe'"):
        yield f"{name} of typ {given['typ']}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_module_runs_nothing_that_it_reads(path: Path) -> None:
    allowed = ALLOWED.get("/".join(path.parts[-2:]), [])
    assert list(faults(path.read_text("utf-8"))) == allowed


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import pickle as p",
        "from pickle import loads",
        "import shelve, json",
        "from joblib import load",
        "import marshal",
        "import torch\ntorch.load('x')",
        "from torch import load",
        "np.load('x')",
        "np.load('x', allow_pickle=True)",
        "np.load('x', None, True)",
        "np.lib.format.read_array(f, allow_pickle=True)",
        "yaml.load(text)",
        "YAML(typ='unsafe')",
        "eval(text)",
        "exec(text)",
        "__import__(name)",
        "archive.extractall()",
        "archive.extract(member, path)",
        "shutil.unpack_archive('x')",
        "pd.read_pickle('x')",
        "os.system(text)",
        "subprocess.run(text, shell=True)",
    ],
)
def test_the_search_finds_it(source: str) -> None:
    assert list(faults(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import marshal",
        "import shelve",
        "from joblib import load",
        "import torch\n\ntorch.load('x')",
        "eval('x')",
        "exec('x')",
        "import tarfile\n\ntarfile.open('x').extractall()",
    ],
)
def test_the_lint_rules_refuse_it(source: str) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "src/paribus/x.py", "-"]
    done = subprocess.run(
        command, input=source, capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    assert done.returncode == 1
    assert any(rule in done.stdout for rule in ("S202", "S301", "S302", "S307", "S102", "TID251"))
