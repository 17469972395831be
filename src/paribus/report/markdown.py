"""The report as Markdown, with its charts and images in files beside it."""

import html
import re
from collections.abc import Callable, Container, Sequence

from paribus.names import in_print, printable, safe_class
from paribus.narrative import words
from paribus.narrative.numbers import PERCENT
from paribus.report import blocks

#: Marks of Markdown, and what would make a link of an address.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&$!]|:(?=//)|(?<=www)\.)")

#: What would begin a list or underline a heading, unless it begins a number.
_AT_THE_START = re.compile(r"^(\s*)([-+=])(?!\d)|^(\s*\d+)([.)])(?=\s|$)")

#: Whether an image lies beside the report; None leaves all images out and says so.
Kept = Callable[[str], bool] | None


def markdown(
    title: str,
    lead: str,
    sections: Sequence[blocks.Section],
    kept: Kept,
    drawings: Container[str],
) -> str:
    """The whole report; figures are linked as `figures/<name>.svg`, images as `images/...`.

    A figure without drawings is told in words.
    """
    parts = [f"# {escape(title)}", escape(lead)]
    for section in sections:
        parts.append(f'<a id="{section.anchor}"></a>\n\n## {escape(section.title)}')
        parts += [escape(section.says)] if section.says else []
        parts += [_block(block, kept, drawings) for block in section.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is, whatever it holds."""
    return _AT_THE_START.sub(r"\1\3\\\2\4", _SPECIAL.sub(r"\\\1", in_print(text)))


def _block(block: blocks.Block, kept: Kept, drawings: Container[str]) -> str:
    match block:
        case blocks.Paragraph():
            return _paragraph(block)
        case blocks.Heading():
            return f"### {escape(block.text)}"
        case blocks.Alert():
            items = [f"> - {escape(item)}" for item in block.items]
            return "\n".join([f"> **{escape(block.title)}**", ">", *items])
        case blocks.Legend():
            return "; ".join(f"{escape(word)}: {escape(text)}" for word, _, text in block.items)
        case blocks.Points():
            return "\n".join(
                f"- **{escape(point.says)}** {escape(point.evidence)} "
                f"[{escape(point.place)}](#{point.link})"
                for point in block.points
            )
        case blocks.Table():
            return table(block)
        case blocks.Folded():
            inside = "\n\n".join(_block(each, kept, drawings) for each in block.blocks)
            return (
                f"<details><summary>{html.escape(in_print(block.title))}</summary>\n\n"
                f"{inside}\n\n</details>"
            )
        case blocks.Columns():
            return "\n\n".join(
                _block(each, kept, drawings) for part in block.parts for each in part
            )
        case blocks.Figure():
            return _figure(block, drawings)
        case blocks.Matrix():
            return _figure(block.figure, drawings)
        case blocks.Gallery():
            return _gallery(block, kept)
        case blocks.Sheet():
            caption = escape(block.caption)
            there = kept is not None and kept(block.file)
            return f"![{caption}](images/{block.file})\n\n{caption}" if there else ""
        case blocks.Explorer():
            return (
                "The explorer is in `report.html`; `tables/failures.csv` lists every failed case."
            )
        case blocks.Code():
            return _code(block)


def _paragraph(block: blocks.Paragraph) -> str:
    text = escape(block.text)
    if block.strong:
        text = f"**{text}**"
    if block.link:
        text += f" [{escape(block.place)}](#{block.link.partition('?')[0]})"
    return text


def table(shown: blocks.Table) -> str:
    """A table with its caption, and its footnotes below it."""
    rule = ["---", *(["---:" if shown.numeric else "---"] * (len(shown.head) - 1))]
    rows = [
        [escape(name), *(_cell(cell, shown.marks(cell)) for cell in cells)]
        for name, cells in shown.rows
    ]
    lines = [[escape(title) for title in shown.head], rule, *rows]
    whole = "\n".join([f"{escape(shown.caption)}:", "", *(_line(line) for line in lines)])
    notes = [f"<sup>{n}</sup> {escape(text)}" for n, text in enumerate(shown.notes, 1)]
    return "\n\n".join([whole, *notes])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: blocks.Cell, marks: str) -> str:
    text = escape(cell.text)
    if cell.strong and text:
        text = f"**{text}**"
    if cell.link:
        text = f"[{text}](#{cell.link})"
    if cell.anchor:
        text = f'<a id="{cell.anchor}"></a>{text}'
    if marks:
        text += f"<sup>{marks}</sup>"
    return f"{text} ({escape(cell.detail)})" if cell.detail else text


def _figure(figure: blocks.Figure, drawings: Container[str]) -> str:
    shown = escape(figure.description)
    if f"{figure.name}-w" in drawings:
        shown = f"![{shown}](figures/{figure.name}.svg)"
    return f"{shown}\n\n{escape(figure.caption)}"


def _gallery(gallery: blocks.Gallery, kept: Kept) -> str:
    head = ["True class", "Taken for", "Probabilities", "Wrong in", "Nearest", "Image"]
    rows = [_facts(shown) for shown in gallery.cases]
    note = "The images are left out here: they may not be published.\n\n"
    if kept is not None:
        note = ""
        head += ["Original", "As the network saw it"]
        for row, shown in zip(rows, gallery.cases, strict=True):
            for what, name in (("original", shown.case.original), ("seen", shown.case.seen)):
                row.append(f"![{what}](images/{name})" if kept(name) else "missing")
    return note + "\n".join(_line(line) for line in [head, ["---"] * len(head), *rows])


def _facts(shown: blocks.Shown) -> list[str]:
    case = shown.case
    true, predicted = escape(safe_class(case.true)), escape(safe_class(case.predicted))
    probabilities = words.NONE
    if case.has_probabilities:
        probabilities = (
            f"{true} {PERCENT.value(case.true_probability)}, "
            f"{predicted} {PERCENT.value(case.predicted_probability)}"
        )
    wrong = f"{case.wrong} of {words.count(case.seeds, 'seed')}: {escape(shown.votes)}"
    if shown.suspicion:
        wrong += f". {escape(shown.suspicion)}"
    nearest = ", ".join(escape(near.label) for near in shown.nearest) or words.NONE
    image = f"{case.index}: {escape(shown.file)}" if shown.file else str(case.index)
    return [true, predicted, probabilities, wrong, nearest, image]


def _code(code: blocks.Code) -> str:
    text = "\n".join(map(printable, code.text.split("\n")))
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    whole = f"{escape(code.label)}:\n\n{fence}\n{text}\n{fence}"
    return f"{whole}\n\n{escape(code.note)}" if code.note else whole
