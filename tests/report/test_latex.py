"""LaTeX shows every text as it is, and tables as booktabs has them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.report import latex
from paribus.report.blocks import Cell, Table
from paribus.report.latex import escape
from paribus.report.sections.cells import SIGNS
from report.reports import HOSTILE
from report.typeset import ENGINES, compiled, text_of

#: All that `escape` may write beside plain letters.
COMMAND = re.compile(
    r"\\(?:text\w+|c|ldots)\{\}|\\[{}%&_#$,]|\$(?:-|\\[a-z]+)\$|~|[-',]\{\}(?=[-',])"
    r"|\\paribusletter\{.\}\{U\+[0-9A-F]+\}",
    re.DOTALL,
)
ASCII = "".join(map(chr, range(32, 127)))

#: Latin letters of both fonts.
LATIN = "".join(map(chr, range(0xC0, 0x180)))
SIGNS_SHOWN = "".join(SIGNS.values()) + "±×÷≤≥√∞→●·…–—−’"  # noqa: RUF001


def sample(**how: object) -> Table:
    rows = [
        ("main", [Cell("45.9 ± 0.8 %"), Cell("baseline")]),
        ("l2_x", [Cell("−1.2 [−1.9, 0.1]", "p = 0.03", strong=True), Cell("○", notes=("A & B",))]),  # noqa: RUF001
    ]
    return Table("Accuracy, 95 % interval", ("Setting", "Accuracy", "Verdict"), rows, **how)  # type: ignore[arg-type]


def document(folder: Path, *body: str) -> Path:
    path = folder / "paper.tex"
    path.write_text(latex.document("Title", "Lead", [("Section", body)]), "utf-8")
    return path


@given(st.text())
def test_nothing_of_any_text_is_left_that_tex_would_read_as_a_command(text: str) -> None:
    plain = COMMAND.sub("", escape(text))
    assert not set(plain) & set(r"\{}%&_#$~^<>|`" + '"')
    assert plain.isprintable()


@given(st.text(st.sampled_from("-',")))
def test_signs_are_not_joined_to_others(text: str) -> None:
    assert escape(text).replace("{}", "") == text
    assert not re.search(r"--|''|,,", escape(text))


@pytest.mark.parametrize("engine", ENGINES)
def test_tex_shows_every_text_as_it_is(engine: str, tmp_path: Path) -> None:
    texts = (ASCII, *HOSTILE, " ".join(LATIN), SIGNS_SHOWN)
    written = [rf"{escape(text)}\par" for text in texts]
    shown = text_of(compiled(document(tmp_path, *written), engine, tmp_path))
    shown = re.sub("\\s", "", shown).replace("\N{MINUS SIGN}", "-").replace("\u2019", "'")
    assert re.sub(r"\s", "", ASCII) in shown
    for text in ("<script>document.title='run'</script>", "|`*_pipe_*`|", "U+72ACU+3068U+732B"):
        assert text in shown
    # Later letters may be set as a letter and its accent, which pdftotext finds apart.
    assert [letter for letter in LATIN if letter < "\u0100" and letter not in shown] == []
    assert "U+0126" in shown  # pdfLaTeX has no font for it


@pytest.mark.parametrize("engine", ENGINES)
def test_tex_sets_tables_whose_texts_are_hostile(engine: str, tmp_path: Path) -> None:
    names = (*HOSTILE, "[1ex]", "*", r"\end{tabular}", "a\n\n\\par b", "^^M%")
    few = [(name, [Cell(name, name, True, notes=(name,)), Cell("[0, 1]")]) for name in names]
    tables = [
        Table(names[0], ("[", names[1], "*"), few),
        Table(names[0], ("", *names), [(names[2], [Cell("1") for _ in names])]),
        Table(names[3], ("[", names[1], "*"), few * 8, numeric=False),
    ]
    written = [latex.table(table, f"t{n}") for n, table in enumerate(tables)]
    assert [r"\begin{longtable}" in text for text in written] == [False, False, True]
    compiled(document(tmp_path, *written), engine, tmp_path)


def test_a_table_is_one_of_booktabs_with_caption_label_and_footnotes() -> None:
    lines = latex.table(sample(), "answer").splitlines()
    assert lines[0] == r"% \usepackage{amssymb, array, booktabs}"
    rules = [line for line in lines if re.fullmatch(r"\\(top|mid|bottom)rule", line)]
    assert rules == [r"\toprule", r"\midrule", r"\bottomrule"]
    assert r"\caption{Accuracy, 95 \% interval.}\label{tab:answer}\smallskip" in lines
    assert lines[lines.index(r"\toprule") + 1] == r"Setting & Accuracy & Verdict \\"
    assert r"$\circ$\textsuperscript{1} \\" in latex.table(sample(), "answer")
    assert r"\textsuperscript{1}~A \& B\par" in lines
    assert not any("|" in line or r"\hline" in line for line in lines)


def test_numbers_are_flush_right_and_words_are_not() -> None:
    assert r"\begin{tabular}{@{}lrl@{}}" in latex.table(
        Table("", ("", "a", "b"), [("x", [Cell("−1"), Cell("up")])]),  # noqa: RUF001
        "t",
    )
    assert r"\begin{tabular}{@{}ll@{}}" in latex.table(
        Table("", ("", "a"), [("x", [Cell("1")])], numeric=False), "t"
    )


def test_what_is_too_wide_wraps_and_an_interval_does_not_break() -> None:
    words = " ".join(["word"] * 60)
    text = latex.table(Table("", ("", "a"), [("x", [Cell(f"{words} [1, 2]", "so")])]), "t")
    assert r"p{0." in text and r"[1,~2]\newline so" in text
    assert "p{" not in latex.table(sample(), "t")


def test_titles_turn_where_only_they_are_too_wide() -> None:
    classes = [f"a class {n}" for n in range(12)]
    table = Table("", ("", *classes), [("x", [Cell(str(n)) for n in range(12)])])
    assert latex.table(table, "t").count(r"\rotatebox{90}{a class") == 12
    few = Table("", ("", *classes[:3]), [("x", [Cell("1")] * 3)])
    assert "rotatebox" not in latex.table(few, "t")


def test_a_long_table_runs_over_pages_with_its_titles() -> None:
    rows = [(f"class {n}", [Cell(str(n))]) for n in range(100)]
    text = latex.table(Table("Classes", ("Class", "n"), rows), "classes")
    assert r"\begin{longtable}" in text and r"\begin{table}" not in text
    assert text.count(r"Class & n \\") == 2  # on the first page, and on all later ones
