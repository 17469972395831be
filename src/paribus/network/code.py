"""What a network is made of beside Paribus: modules and files that it is given, in one digest."""

import functools
import hashlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from paribus.io.reading import UnfitError, file_sha256
from paribus.network.own import find
from paribus.network.pretrained import no_file, weights_file
from paribus.network.zoo import timm_version
from paribus.study.code import code_files
from paribus.study.networks import AnyNetwork, OwnNetwork, TimmNetwork


def code_digest(network: AnyNetwork) -> str | None:
    """SHA-256 over all files that building a network reads; None where it reads none.

    Of a user's network these are its module, every module that this imports, directly or not,
    outside the installed packages and Python's own, and every file that `arguments` name. Of timm,
    its version counts. Of any, `pretrained` does.

    Raises:
        NetworkError: if the network can't be imported, or there is no file of its weights.
        ReadError: if a file can't be read now.
    """
    digests = [*_of_code(network), *_of_weights(network)]
    # One file stands for itself, as in records from before more of them counted.
    if len(digests) > 1:
        return hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return digests[0] if digests else None


def _of_code(network: AnyNetwork) -> Iterator[str]:
    if isinstance(network, TimmNetwork):
        yield hashlib.sha256(f"timm {timm_version()}".encode()).hexdigest()
    elif isinstance(network, OwnNetwork):
        modules = (network.kind.partition(":")[0], _module_of(find(network.kind)))
        yield from map(
            file_sha256, dict.fromkeys((*code_files(modules), *_files(network.arguments)))
        )


def _of_weights(network: AnyNetwork) -> Iterator[str]:
    if network.pretrained is not None:
        try:
            yield file_sha256(weights_file(network.pretrained))
        except UnfitError as error:
            raise no_file(network, error) from None


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


def _module_of(function: Any) -> str:
    """The module that defines a network, which may be another than the one that names it."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(inspect.unwrap(function).__module__)
