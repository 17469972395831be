"""Where runs are made, as the user's own `paribus.toml` says it; a study never does.

The file is looked for in the current folder, then in the user's config folder. Where a run was
made must not decide what came out, so nothing of this enters a record's configuration.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)
from pydantic.functional_validators import AfterValidator

from paribus.errors import ParibusError, listed
from paribus.io.reading import UnfitError, read_whole
from paribus.names import printable
from paribus.study.faults import in_words

NAME = "paribus.toml"
#: Bytes of the file, far above any that somebody writes.
LARGEST = 100_000


class PlaceSettingsError(ParibusError):
    """A `paribus.toml` that says something else than where runs are made."""

    exit_code = 2


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _one_line(text: str) -> str:
    if not text.strip() or "\n" in text or text.startswith("-"):
        raise ValueError("a word that isn't empty and doesn't begin with '-'")
    return text


Word = Annotated[str, AfterValidator(_one_line)]


class SlurmSettings(_Section):
    """What each job asks Slurm for, and how runs are put into jobs; None leaves it to the site."""

    partition: Word | None = None
    account: Word | None = None
    time: PositiveInt | Word | None = None  # minutes, or as sbatch reads it: "1-12:00:00"
    memory: Word | None = None  # of a job, as "4G"
    cpus: PositiveInt = 1
    gpus: PositiveInt | None = None  # per run
    runs_per_job: PositiveInt = 1  # one after another
    at_once: PositiveInt | None = None  # jobs of the study that may run at once
    setup: tuple[str, ...] = Field((), strict=False)  # lines of shell before the worker starts
    scratch: Word | None = None  # a folder of each node, for a copy of what runs read


class RaySettings(_Section):
    """The Ray cluster, and what each run asks it for."""

    address: Word | None = None  # "auto", "host:port" or "ray://host:port"; None starts one here
    cpus: PositiveFloat = 1
    gpus: NonNegativeFloat = 0
    at_once: PositiveInt | None = None  # runs that may be under way at once
    shared: bool = False  # the folder of results is on a disk that all nodes share


class PlaceSettings(_Section):
    """A `paribus.toml`."""

    on: Literal["local", "slurm", "ray"] | None = None
    slurm: SlurmSettings = SlurmSettings()
    ray: RaySettings = RaySettings()


def read_settings(*, code: bool = False) -> PlaceSettings:
    """The user's settings; those that nothing is said of where there is no file.

    A file in the current folder may be a stranger's, as one beside a study that was downloaded:
    its `setup` lines, which a shell runs, count only with `code`, which the user has allowed.

    Raises:
        PlaceSettingsError: names every problem.
        ReadError: the file can't be read now.
    """
    here, own = Path(NAME), platformdirs.user_config_path("paribus") / NAME
    for file in (here, own):
        try:
            settings = _read(file, read_whole(file, LARGEST))
        except UnfitError:
            continue
        if settings.slurm.setup and file is here and not code:
            raise PlaceSettingsError(
                f"{file}: slurm.setup: lines of shell in a file of the current folder count only "
                f"for a study whose own code or command you have allowed. Keep them in {own}"
            )
        return settings
    return PlaceSettings()


def _read(file: Path, content: bytes) -> PlaceSettings:
    try:
        return PlaceSettings.model_validate(tomllib.loads(content.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PlaceSettingsError(f"{file}: not TOML: {printable(str(error))}") from None
    except ValidationError as error:
        lines = [f"{file}: {printable(line)}" for line in _problems(error)]
        raise PlaceSettingsError("\n".join(listed(lines))) from None


def _problems(error: ValidationError) -> Iterator[str]:
    for detail in error.errors():
        at = ".".join(map(str, detail["loc"]))
        yield f"{at}: {in_words(detail, _keys_beside(detail['loc'][:-1]))}"


def _keys_beside(section: tuple[Any, ...]) -> tuple[str, ...]:
    """The keys that may stand in a section."""
    model: type[BaseModel] = PlaceSettings
    for name in section:
        found = model.model_fields[name].annotation if name in model.model_fields else None
        models = [t for t in (found, *get_args(found)) if isinstance(t, type)]
        model = next((t for t in models if issubclass(t, BaseModel)), model)
    return tuple(model.model_fields)
