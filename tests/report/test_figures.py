"""One figure by its name: shown in a notebook, and saved for slides and papers."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from paribus.errors import ChoiceError
from paribus.report.charts.drawing import ChartsError
from paribus.results import Results
from report.reports import results_of
from synthetic import make_records, make_study
from undrawn import drawn


@pytest.fixture(scope="module")
def results() -> Results:
    study = make_study(seeds=3, epochs=4)
    return results_of(study, make_records(study, images=60))


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("loss", "Mean validation loss of all settings: main is lowest"),
        ("learning-curves", "Mean validation loss of all settings: main is lowest"),
        ("loss-l2", "Loss of l2, mean over 3 seeds"),
        ("accuracy", "Test accuracy of each setting: main "),
        ("primary", "Test accuracy of each setting: main "),
        ("differences", "Difference in test accuracy from main, seed by seed"),
        ("comparisons", "Differences from the baseline with their intervals"),
        ("comparison", "Differences from the baseline with their intervals"),
        ("confusion", "Confusion matrix of main"),
        ("confusion-l2", "Confusion matrix of l2"),
        ("recall", ""),
    ],
)
def test_each_has_its_file_s_name_or_its_section_s(results: Results, name: str, shows: str) -> None:
    figure = results.figure(name)
    assert figure.description.replace("\u00a0", " ").startswith(shows)
    assert repr(figure) == f"<Figure {name!r}: {figure.description}>"


def test_another_name_is_refused_with_those_that_there_are(results: Results) -> None:
    with pytest.raises(ChoiceError) as error:
        results.figure("los")
    assert str(error.value).startswith(
        "no figure is called 'los'; did you mean 'loss'? Valid: primary, accuracy, differences, "
    )


def test_in_a_notebook_it_stands_with_its_caption_in_the_notebook_s_colors(
    results: Results,
) -> None:
    with drawn():
        html = results.figure("accuracy")._repr_html_()
    assert html.count("<svg") == 2 and "Each dot is a seed" in html
    assert "var(--blue)" in html and "light-dark(#0072b2, #4ea6df)" in html
    assert "<script" not in html


def test_it_is_saved_as_svg_pdf_and_png(results: Results, tmp_path: Path) -> None:
    with drawn():
        figure = results.figure("accuracy")
        files = {end: figure.save(tmp_path / f"a figure.{end}") for end in ("svg", "pdf", "PNG")}
    content = {end: file.read_bytes() for end, file in files.items()}
    assert content["svg"].decode() == figure.svg and figure.description in figure.svg
    assert content["pdf"].startswith(b"%PDF-")
    image = Image.open(BytesIO(content["PNG"]))
    assert image.format == "PNG" and image.width == pytest.approx(720 * 0.69 * 300 / 72, abs=2)


def test_another_kind_of_file_is_refused_and_not_made(results: Results, tmp_path: Path) -> None:
    with pytest.raises(ChoiceError, match=r"expected a name that ends in one of \.svg, \.pdf, "):
        results.figure("accuracy").save(tmp_path / "figure.jpg")
    assert not list(tmp_path.iterdir())


def test_where_charts_cannot_be_drawn_it_says_why(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> Mapping[str, object]:
        raise ChartsError("was ended by SIGTRAP")

    monkeypatch.setattr("paribus.report.figures.draw", refuse)
    with pytest.raises(ChartsError, match=r"^The figure can't be drawn: the process .* SIGTRAP$"):
        results.figure("loss")
