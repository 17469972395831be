"""A process that has tasks performed by Slurm: `slurm_head.py OUT '{"seeds": 4, ...}'`.

It prints what it hears, a JSON list a line, and stops at SIGTERM and SIGHUP as the command does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from paribus.cli.studies import stopped_by_signals
from paribus.events import Event
from paribus.execution.place import Outcome
from paribus.io.lock import held
from paribus.places.settings import SlurmSettings
from paribus.places.slurm import SlurmPlace
from places.trivial import counts


def heard(event: Event) -> None:
    print(json.dumps(["event", type(event).__name__, str(event)]), flush=True)


def ended(outcome: Outcome) -> None:
    print(json.dumps(["ended", outcome.status, outcome.run.key[1], outcome.message]), flush=True)


def main(out: Path, seeds: int, settings: dict[str, Any], **how: Any) -> None:
    with (
        stopped_by_signals(),
        SlurmPlace(out, SlurmSettings(**settings), "counting") as place,
        held(out) as place.hold,
    ):
        place.perform(counts(out.absolute(), seeds, **how), heard, ended)


if __name__ == "__main__":
    main(Path(sys.argv[1]), **json.loads(sys.argv[2]))
