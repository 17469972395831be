"""Tables and figures as LaTeX, with booktabs: pdfLaTeX and XeLaTeX both set what stands here.

Text is escaped, whatever it holds. A letter that pdfLaTeX's fonts don't have is shown by its
code; `\\paribusletter` has both, for documents whose fonts have it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from paribus.names import printable
from paribus.narrative.words import MINUS, NO_BREAK, NONE
from paribus.report.blocks import Cell, Row, Table
from paribus.report.tabular import LINE, Columns, columns

#: What TeX reads as a command, and what its fonts have in another place.
_SPECIAL = {
    **{sign: f"\\{sign}" for sign in "{}%&_#$"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': r"\textquotedbl{}",
}
_SIGNS = {
    MINUS: "$-$",
    "±": r"$\pm$",
    "\u00d7": r"$\times$",
    "÷": r"$\div$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "√": r"$\surd$",
    "∞": r"$\infty$",
    "→": r"$\rightarrow$",
    "▲": r"$\blacktriangle$",
    "▼": r"$\blacktriangledown$",
    "△": r"$\vartriangle$",
    "▽": r"$\triangledown$",
    "◆": r"$\blacklozenge$",
    "■": r"$\blacksquare$",
    "□": r"$\square$",
    "○": r"$\circ$",
    "●": r"$\bullet$",
    "✓": r"$\checkmark$",
    "✗": r"$\times$",
    "·": r"$\cdot$",
    "\u00b8": r"\c{}",
    "…": r"\ldots{}",
    NONE: r"\textendash{}",
    "—": r"\textemdash{}",
    "\u2019": "'",
    NO_BREAK: "~",
    "\u2009": r"\,",
    "\u202f": r"\,",
}
#: Letters of Latin that pdfLaTeX has no font for.
_NO_FONT = "ĦħĸĿŀŉŦŧſ"

#: Two signs that TeX would make one of.
_LIGATURE = re.compile(r"([-',])(?=\1)")

#: An interval, which stays on one line.
_INTERVAL = re.compile(r"\[(\S+), (\S+)\]")

#: What a row may not begin with: \\ would read it as its argument.
_ARGUMENT = ("[", "*")

#: A table of more lines runs over pages.
TALLEST = 60

#: Packages that only some tables need, by what they need them for.
_PACKAGES = {"graphicx": r"\rotatebox", "longtable": r"\begin{longtable}"}

#: Commands of our own that only some files need; a document may define them otherwise.
_COMMANDS = {
    r"\paribusletter": r"\providecommand{\paribusletter}[2]{#2}",
    r"\paribusstack": r"\providecommand{\paribusstack}[3]"
    r"{\begin{tabular}[t]{@{}#1@{}}#2\\#3\end{tabular}}",
}


def escape(text: str) -> str:
    """Text that LaTeX shows as it is, whatever it holds."""
    letters = unicodedata.normalize("NFC", printable(text))
    return _LIGATURE.sub(r"\1{}", "".join(map(_letter, letters)))


def _letter(letter: str) -> str:
    if known := _SPECIAL.get(letter) or _SIGNS.get(letter):
        return known
    if letter.isascii() or ("\u00a1" <= letter <= "\u017f" and letter not in _NO_FONT):
        return letter
    if unicodedata.category(letter) == "Zs":
        return " "
    return rf"\paribusletter{{{letter}}}{{U+{ord(letter):04X}}}"


def table(shown: Table, name: str) -> str:
    """A file that a document inputs, with the packages it needs in its first line."""
    layout = columns(shown)
    spaced = any(cell.detail for _, cells in shown.rows for cell in cells)
    between = "\n\\addlinespace\n" if spaced else "\n"
    body = between.join(_row(shown, row, layout) for row in shown.rows)
    make = _long if sum(map(layout.height, shown.rows)) > TALLEST else _floating
    return _file(make(shown, name, layout, body))


def _file(body: str) -> str:
    needed = ["amssymb", "array", "booktabs"]
    needed += [package for package, sign in _PACKAGES.items() if sign in body]
    return "\n".join([f"% \\usepackage{{{', '.join(needed)}}}", *_defined(body), body, ""])


def _defined(body: str) -> list[str]:
    return [definition for command, definition in _COMMANDS.items() if command in body]


def _floating(shown: Table, name: str, layout: Columns, body: str) -> str:
    lines = [
        r"\begin{table}",
        r"\centering\footnotesize",
        _caption(shown.caption, f"tab:{name}") + r"\smallskip",
        rf"\begin{{tabular}}{{@{{}}{_specification(layout)}@{{}}}}",
        r"\toprule",
        _head(shown, layout),
        r"\midrule",
        body,
        r"\bottomrule",
        r"\end{tabular}",
        *_notes(shown),
        r"\end{table}",
    ]
    return "\n".join(lines)


def _long(shown: Table, name: str, layout: Columns, body: str) -> str:
    head = _head(shown, layout)
    lines = [
        r"\begingroup\footnotesize\setlength{\LTcapwidth}{\linewidth}",
        rf"\begin{{longtable}}{{@{{}}{_specification(layout)}@{{}}}}",
        _caption(shown.caption, f"tab:{name}") + r" \\",
        "\n".join([r"\toprule", head, r"\midrule", r"\endfirsthead"]),
        "\n".join([r"\toprule", head, r"\midrule", r"\endhead"]),
        r"\bottomrule \endfoot",
        body,
        r"\end{longtable}",
        *_notes(shown),
        r"\endgroup",
    ]
    return "\n".join(lines)


def _specification(layout: Columns) -> str:
    wrapped = rf">{{\raggedright\arraybackslash}}p{{{layout.limit / LINE:.3f}\linewidth}}"
    flush = ["r" if right else "l" for right in layout.right]
    return "".join(wrapped if layout.wraps(n) else each for n, each in enumerate(flush))


def _head(shown: Table, layout: Columns) -> str:
    first, *rest = map(escape, shown.head)
    turned = [rf"\rotatebox{{90}}{{{title}}}" for title in rest]
    return _line([first, *(turned if layout.turned else rest)])


def _caption(text: str, label: str) -> str:
    return f"\\caption{{{escape(text.rstrip('.'))}.}}\\label{{{label}}}"


def _notes(shown: Table) -> Iterator[str]:
    if shown.notes:
        yield r"\par\smallskip\raggedright"
    for number, text in enumerate(shown.notes, 1):
        yield rf"\textsuperscript{{{number}}}~{escape(text)}\par"


def _row(shown: Table, row: Row, layout: Columns) -> str:
    name, cells = row
    texts = [_cell(cell, shown.marks(cell)) for cell in cells]
    for n, cell in enumerate(cells):
        if cell.detail and layout.wraps(n + 1):
            texts[n] += rf"\newline {escape(cell.detail)}"
        elif cell.detail:
            side = "r" if layout.right[n + 1] else "l"
            texts[n] = rf"\paribusstack{{{side}}}{{{texts[n]}}}{{{escape(cell.detail)}}}"
    return _line([escape(name), *texts])


def _line(cells: Iterable[str]) -> str:
    line = " & ".join(cells)
    return f"{'{}' if line.startswith(_ARGUMENT) else ''}{line} \\\\"


def _cell(cell: Cell, marks: str) -> str:
    text = escape(_INTERVAL.sub(rf"[\1,{NO_BREAK}\2]", cell.text))
    if cell.strong and text:
        text = rf"\textbf{{{text}}}"
    return text + (rf"\textsuperscript{{{marks}}}" if marks else "")


def figure(name: str, caption: str) -> str:
    """A figure in its own size, that of `figures/<name>.pdf`."""
    lines = [
        r"\begin{figure}",
        r"\centering",
        rf"\includegraphics{{figures/{name}.pdf}}",
        _caption(caption, f"fig:{name}"),
        r"\end{figure}",
    ]
    return "\n".join(lines)


#: Floats stay where they are: there is no text for them to float in.
_PREAMBLE = r"""% Written by Paribus, which replaces it: copy what you want to edit.
\documentclass[10pt]{article}
\usepackage[a4paper, textwidth=176mm, textheight=250mm]{geometry}
\ifdefined\pdfminorversion
  \pdfminorversion=7
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
  \usepackage{mathptmx}
\fi
\usepackage{amssymb, array, booktabs, float, graphicx, longtable}
\floatstyle{plaintop}\restylefloat{table}\floatplacement{table}{H}
\floatplacement{figure}{H}
"""


def document(title: str, lead: str, parts: Iterable[tuple[str, Iterable[str]]]) -> str:
    """A document that compiles as it stands: sections, each with its title and what is in it."""
    body = [f"\\title{{{escape(title)}}}\\author{{}}\\date{{}}", r"\begin{document}", r"\maketitle"]
    body += [escape(lead)]
    for section, items in parts:
        body += [f"\\section*{{{escape(section)}}}", *items]
    text = "\n\n".join([*body, r"\end{document}"])
    return "\n".join([_PREAMBLE.rstrip(), *_defined(text), text, ""])
