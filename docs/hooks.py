"""What the site has beside docs/, and how its pages show what a code host shows by itself.

mkdocs calls these functions while it builds (mkdocs.yml).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from mkdocs.structure.files import File, Files

from paribus.report.charts.svg import inlined

DOCS = Path(__file__).parent
ROOT = DOCS.parent

#: Folders of committed results that pages link to; here each becomes a page that lists its files.
LISTED = ("tables",)


def on_files(files: Files, config: Any) -> Files:
    """Add the changes, the studies and lists of folders."""
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8").replace("](docs/", "](")
    added = {"changes.md": changes}
    for study in sorted((ROOT / "studies").rglob("*.yaml")):
        added[study.relative_to(ROOT).as_posix()] = study.read_text("utf-8")
    for folder in sorted({Path(file.src_uri).parent for file in files}):
        if folder.name in LISTED:
            added[f"{folder.as_posix()}/index.md"] = _listed(folder, files)
    for name, content in added.items():
        files.append(File.generated(config, name, content=content))
    return files


def _listed(folder: Path, files: Files) -> str:
    """A page that lists the files of a folder."""
    inside = sorted(f.src_uri for f in files if Path(f.src_uri).parent == folder)
    lines = [f"- [{Path(name).name}]({Path(name).name})" for name in inside]
    title = f"{folder.parent.name}: {folder.name}"
    return "\n".join([f"# {title}\n", "[Back to the study](../README.md)\n", *lines, ""])


#: A link to such a folder, and one that leads out of docs/.
_FOLDER = re.compile(rf"\]\(((?:[\w.-]+/)*(?:{'|'.join(LISTED)}))/?\)")
_OUTSIDE = re.compile(r"\]\((?:\.\./)+(CHANGELOG\.md|studies/[^)]+)\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links to folders to their lists, and links out of docs/ to where those files are now."""
    up = "../" * page.file.src_uri.count("/")
    markdown = _FOLDER.sub(r"](\1/index.md)", markdown)
    return _OUTSIDE.sub(lambda m: f"]({up}{m[1].replace('CHANGELOG', 'changes')})", markdown)


_CHART = re.compile(r'<img alt="[^"]*" src="([^"]+\.svg)" ?/?>')


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Put charts into the page itself, so that they have its colors in the dark, too.

    Not those of reports, which are many.
    """
    if page.file.src_uri.endswith("report.md"):
        return html
    beside = DOCS / Path(page.file.src_uri).parent
    return _CHART.sub(lambda m: _inlined(beside / m[1]), html)


def _inlined(chart: Path) -> str:
    svg = ET.fromstring(chart.read_text("utf-8"))
    width = int(svg.get("width", "0"))
    svg.set("style", f"min-width: {width * 2 // 3}px; max-width: {width}px")
    prefix = re.sub(r"\W+", "-", chart.relative_to(DOCS).with_suffix("").as_posix())
    return f'<span class="chart">{inlined(svg, prefix, svg.get("aria-label", ""))}</span>'
