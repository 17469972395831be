"""The images of a study's settings, ready before anything trains."""

from dataclasses import dataclass
from pathlib import Path

from paribus.data.dataset import Dataset, prepare
from paribus.data.images import Originals
from paribus.events import DataRead, FilesLeftOut, Watch
from paribus.study.plan import settings
from paribus.study.spec import Study


@dataclass(frozen=True)
class Prepared:
    """The images of one setting: as its networks see them, and as they come."""

    dataset: Dataset
    originals: Originals


def prepare_data(study: Study, data_dir: Path | None, watch: Watch) -> dict[str, Prepared]:
    """The images of every setting, by its name; settings that see the same share them.

    Raises:
        DataError: if images are missing, damaged or too few.
    """
    ready: dict[str, Prepared] = {}
    result = {}
    for setting in settings(study):
        key = setting.config.data.model_dump_json()
        if key not in ready:
            ready[key] = Prepared(
                *prepare(setting.config.data, data_dir, lambda *seen: watch(DataRead(*seen)))
            )
        result[setting.name] = ready[key]
    if left_out := result[study.baseline].dataset.unreadable:
        watch(FilesLeftOut(left_out))
    return result
