"""What only studies of scripts have: the command, its files, its streams, what failed runs said."""

from collections.abc import Iterator

from paribus.names import safe_name
from paribus.narrative import words
from paribus.report.blocks import Block, Cell, Code, Paragraph, Table, note
from paribus.results import Results
from paribus.study.scripted import ScriptedStudy
from paribus.study.trainer import GIVEN, Call, Command

#: Failed runs whose output is shown, files and streams that tables list, and letters of a command.
MOST_OUTPUTS, MOST_ROWS, LONGEST = 8, 30, 80


def made_by(study: ScriptedStudy) -> str:
    """What makes the runs: "`python train.py --seed {seed}`"."""
    if isinstance(study.trainer, Call):
        return f"the function {safe_name(study.trainer.call.removeprefix(GIVEN))}"
    command = " ".join(study.trainer.command.split())
    return safe_name(command if len(command) <= LONGEST else f"{command[: LONGEST - 3]}...")


def output(results: Results) -> Iterator[Block]:
    """The last lines that failed runs printed."""
    told = [
        (record, record.facts.failure.output)
        for record in results.failed
        if record.facts.failure is not None and record.facts.failure.output
    ]
    if not told:
        return
    yield Paragraph("The last lines that failed runs printed.")
    for record, text in told[:MOST_OUTPUTS]:
        yield Code(f"{safe_name(record.facts.setting)}, seed {record.facts.seed}", text)
    left = len(told) - MOST_OUTPUTS
    more = f" {words.count(left, 'more run')} failed." if left > 0 else ""
    yield note(f"All that a run printed is in work/SETTING/seed-N/output.txt.{more}")


def drawn_streams(results: Results) -> Iterator[Block]:
    """In how many seeds each variation drew the same from each stream as the baseline."""
    baseline = safe_name(results.baseline.name)
    proved = [of.setting for of in results.drawn if of.is_proof]
    if len(proved) == len(results.drawn):
        yield Paragraph(
            f"Proved by hashes: in every seed, each variation drew the very same numbers as "
            f"{baseline} from at least one stream."
        )
    else:
        others = [safe_name(of.setting) for of in results.drawn if not of.is_proof]
        yield Paragraph(
            f"For {words.listed(others)}, pairing is declared by equal seeds, not proved: no "
            f"stream was drawn from alike in {baseline} and there in every seed."
        )
    yield note(
        "The scripts draw from paribus.streams, which writes down a SHA-256 of what was drawn from "
        "each stream. Equal hashes mean that two runs drew the very same numbers; what they drew "
        "from other generators isn't known."
    )
    names = list(dict.fromkeys(name for of in results.drawn for name in of.equal))[:MOST_ROWS]
    yield Table(
        f"Seeds in which a variation drew the same as {baseline}",
        ("Stream", *(safe_name(of.setting) for of in results.drawn)),
        [
            (
                safe_name(name),
                [
                    Cell(f"{of.equal[name]} of {of.seeds}" if name in of.equal else words.NONE)
                    for of in results.drawn
                ],
            )
            for name in names
        ],
    )
    for of in results.drawn:
        for whose, own in ((of.setting, of.only_here), (results.baseline.name, of.only_baseline)):
            if own:
                streams = words.listed([safe_name(name) for name in own[:MOST_ROWS]])
                yield Paragraph(f"Only {safe_name(whose)} drew from {streams}.")
        if of.without:
            seeds = words.count(of.without, "seed")
            yield Paragraph(f"{safe_name(of.setting)}: {seeds} without hashes of both runs.")


def depends(results: Results) -> Iterator[Block]:
    """The files that the runs depend on, each with its SHA-256, as the last run had it."""
    files = {name: digest for r in results.records for name, digest in r.facts.files.items()}
    if not files:
        yield note("No file is known that the runs depend on; `trainer.depends` can name some.")
        return
    rows = [(safe_name(name), [Cell(digest[:16])]) for name, digest in list(files.items())]
    yield Table("Files that decide the runs", ("File", "SHA-256"), rows[:MOST_ROWS], numeric=False)
    if (left := len(rows) - MOST_ROWS) > 0:
        yield note(f"{left:,} more are in the records.")


def again(study: ScriptedStudy) -> tuple[str, str]:
    """How to run it again, and what has to be there for that."""
    if isinstance(study.trainer, Command):
        place = "Start it in the folder in which its command works."
        return "paribus run study.yaml --allow-code", f"It runs the command: read it first. {place}"
    if study.trainer.call.startswith(GIVEN):
        name = study.trainer.call.removeprefix(GIVEN)
        call = f'paribus.run(paribus.read_study("study.yaml"), "out", train={safe_name(name)})'
        return call, "The function is that of the script or notebook that began the study."
    return "paribus run study.yaml --allow-code", "It runs the function: read it first."
