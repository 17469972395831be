"""Study files whose code the user has allowed to run, remembered by the SHA-256 of every file."""

from collections.abc import Iterator
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ValidationError

from paribus.errors import TrustError
from paribus.io.disk import private, write_file
from paribus.io.reading import UnfitError, file_sha256, read_whole, shared
from paribus.study.code import code_files, trainer_files
from paribus.study.data import OwnData
from paribus.study.networks import OwnNetwork
from paribus.study.plan import settings
from paribus.study.scripted import ScriptedStudy
from paribus.study.spec import Study

#: Bytes of the list.
LARGEST = 1 << 24


class Trusted(BaseModel):
    """File -> SHA-256, of each trusted study by its path: the study's own, and its code's."""

    studies: dict[str, dict[str, str]] = {}


def trusted() -> Trusted:
    """What is trusted.

    Raises:
        TrustError: the list can't be believed, since others can write to it, or be read.
    """
    file = _file()
    try:
        for place in (file, file.parent):
            if others := shared(place):
                raise TrustError(f"{place}: expected a place of yours alone, got {others}")
        return Trusted.model_validate_json(read_whole(file, LARGEST))
    except UnfitError:
        return Trusted()
    except ValidationError:
        raise TrustError(f"{file}: not a list of trusted studies. Delete it") from None


def trust(path: Path, study: Study | ScriptedStudy) -> dict[str, str]:
    """Remember a study and its code as they are now; gives the files.

    Raises:
        TrustError: as `trusted`.
        DiskError: the list can't be written.
    """
    files = _files(path, study)
    _write(trusted().studies | {str(path.absolute()): files})
    return files


def revoke(path: Path) -> None:
    """Forget a study.

    Raises:
        TrustError: it isn't trusted.
    """
    studies = trusted().studies
    if studies.pop(str(path.absolute()), None) is None:
        raise TrustError(f"{path}: expected a trusted study; `paribus trust` lists them")
    _write(studies)


def changed_since_trusted(path: Path, study: Study | ScriptedStudy) -> list[str] | None:
    """The files that were changed, added or removed since; None for a study never trusted."""
    before = trusted().studies.get(str(path.absolute()))
    if before is None:
        return None
    now = _files(path, study)
    return sorted(file for file in {*before, *now} if before.get(file) != now.get(file))


def _files(path: Path, study: Study | ScriptedStudy) -> dict[str, str]:
    code = {file.absolute() for file in _code(study)}
    return {str(file): file_sha256(file) for file in (path.absolute(), *sorted(code))}


def _code(study: Study | ScriptedStudy) -> Iterator[Path]:
    if isinstance(study, ScriptedStudy):
        for setting in settings(study):
            yield from trainer_files(setting.trainer)
        return
    networks = [setting.config.network for setting in settings(study)]
    kinds = [network.kind for network in networks if isinstance(network, OwnNetwork)]
    if isinstance(study.data, OwnData):
        kinds.append(study.data.source)
    yield from code_files(kind.partition(":")[0] for kind in kinds)


def _write(studies: dict[str, dict[str, str]]) -> None:
    with private():
        write_file(_file(), Trusted(studies=studies).model_dump_json(indent=1).encode())


def _file() -> Path:
    return platformdirs.user_config_path("paribus") / "trusted.json"
