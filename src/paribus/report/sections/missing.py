"""What the records lack, and what can't be shown or tested because of it."""

from paribus.report.blocks import Paragraph, Section
from paribus.results import Results


def missing(results: Results) -> Section | None:
    """A sentence a part that some run lacks; None where all runs have all."""
    if not results.missing:
        return None
    return Section("missing", [Paragraph(sentence) for sentence in results.missing])
