"""A process that has tasks performed by Ray: `ray_head.py OUT ADDRESS '{"seeds": 4, ...}'`.

It prints what it hears, a line each, and stops at SIGTERM and SIGHUP as the command does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from paribus.cli.studies import stopped_by_signals
from paribus.events import Event
from paribus.io.lock import held
from paribus.places.ray_place import RayPlace
from paribus.places.settings import RaySettings
from places.trivial import counts


def heard(event: Event) -> None:
    print(event, flush=True)


def main(out: Path, address: str | None, seeds: int, cpus: float = 1, **how: Any) -> None:
    with (
        stopped_by_signals(),
        RayPlace(out, address, RaySettings(cpus=cpus)) as place,
        held(out) as place.hold,
    ):
        place.perform(counts(out.absolute(), seeds, **how), heard, lambda outcome: None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] or None, **json.loads(sys.argv[3]))
