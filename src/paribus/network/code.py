"""What a user's network is made of: its own modules and the files it is given, in one digest."""

import ast
import functools
import hashlib
import inspect
import site
import sys
import sysconfig
from collections import deque
from collections.abc import Iterator
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

import paribus
from paribus.io.reading import file_sha256
from paribus.network.own import find
from paribus.study.config import LeNet5, OwnNetwork


def code_digest(network: LeNet5 | OwnNetwork) -> str | None:
    """SHA-256 over all files that building a user's network reads; None for LeNet-5.

    These are its module, every module that this imports, directly or not, outside the installed
    packages and Python's own, and every file that `arguments` name.

    Raises:
        NetworkError: if the network can't be imported.
        ReadError: if a file can't be read now.
    """
    if isinstance(network, LeNet5):
        return None
    files = dict.fromkeys((*_modules(network.kind), *_files(network.arguments)))
    digests = [file_sha256(file) for file in files]
    # One file stands for itself, as in records from before more of them counted.
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()
    )


def _files(argument: Any) -> Iterator[Path]:
    """The files that an argument names, anywhere inside it."""
    if isinstance(argument, dict):
        argument = list(argument.values())
    if isinstance(argument, list):
        for part in argument:
            yield from _files(part)
    elif isinstance(argument, str) and _is_file(Path(argument)):
        yield Path(argument)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no path at all: too long, or with a zero byte
        return False


def _modules(kind: str) -> Iterator[Path]:
    """The files of a network's module and of all that it imports, outside installed packages."""
    first = (kind.partition(":")[0], _module_of(find(kind)))
    waiting = deque((name, _loaded_file(name)) for name in dict.fromkeys(first))
    seen = set(first)
    while waiting:
        name, file = waiting.popleft()
        if file is None:
            continue
        yield file
        new = [other for other in dict.fromkeys(_imports(name, file)) if other not in seen]
        waiting.extend((other, _own_file(other)) for other in new)
        seen.update(new)


def _module_of(function: Any) -> str:
    """The module that defines a network, which may be another than the one that names it."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(inspect.unwrap(function).__module__)


def _loaded_file(name: str) -> Path | None:
    file = getattr(sys.modules.get(name), "__file__", None)
    return Path(file) if file else None


def _own_file(name: str) -> Path | None:
    """The file of a module; None if it is Python's own or installed, or there is none."""
    try:
        # Asking for `package.module` imports the package, so an installed one isn't asked.
        if not _is_own(find_spec(name.partition(".")[0])):
            return None
        spec = find_spec(name)
    except Exception:  # a package of the user's may raise anything
        return None
    return Path(spec.origin) if spec and spec.has_location and spec.origin else None


def _is_own(spec: Any) -> bool:
    if spec is None:
        return False
    places = [spec.origin] if spec.has_location else (spec.submodule_search_locations or [])
    return any(not _is_installed(Path(place)) for place in places)


def _is_installed(path: Path) -> bool:
    path = path.resolve()
    return any(path.is_relative_to(folder) for folder in _installed())


@functools.cache
def _installed() -> tuple[Path, ...]:
    """Where Python's own modules and installed packages lie, Paribus among them."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = [sysconfig.get_path(name) for name in names]
    folders += [*site.getsitepackages(), site.getusersitepackages()]
    return (Path(paribus.__file__).parent, *(Path(folder).resolve() for folder in folders))


def _imports(name: str, file: Path) -> Iterator[str]:
    """Names of the modules that a file imports anywhere, with the packages around them."""
    if file.suffix != ".py":
        return
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # found when the network is built, if it is used
        return
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _and_packages(alias.name)
        elif isinstance(node, ast.ImportFrom):
            source = _source(node, package)
            yield from _and_packages(source)
            yield from (f"{source}.{alias.name}" for alias in node.names)  # it may be a module


def _source(node: ast.ImportFrom, package: str) -> str:
    try:
        return resolve_name("." * node.level + (node.module or ""), package)
    except ImportError:  # it would fail where it stands, too
        return ""


def _and_packages(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))
