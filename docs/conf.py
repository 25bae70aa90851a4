"""How Sphinx builds the site: ``make docs``.

The pages are plain Markdown. The order of the pages is here, so that no page needs a directive.
"""

from pathlib import Path

from sphinx.application import Sphinx

project = "Unfade"
html_title = "Unfade"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["build"]
html_theme = "furo"
html_show_sphinx = False
html_copy_source = False
html_show_copyright = False
smartquotes = False
myst_heading_anchors = 3

STAGES = ("ingest", "curate", "align", "target", "train", "render", "validate", "deliver")
ORDER = {
    "First steps": ("first-hour",),
    "Stages": tuple(f"stages/{stage}" for stage in STAGES),
    "Reference": (
        "film-toml",
        "constructed-references",
        "reels",
        "studio",
        "python",
        "cluster",
        "colour",
        "troubleshooting",
        "moving-a-project",
        "glossary",
    ),
}


def add_contents(app: Sphinx, page: str, text: list[str]) -> None:
    """Adds the order of the pages to the first page."""
    if page != "index":
        return
    for caption, pages in ORDER.items():
        there = [one for one in pages if Path(app.srcdir, f"{one}.md").exists()]
        lines = [":hidden:", f":caption: {caption}", "", *there]
        text[0] += "\n```{toctree}\n" + "\n".join(lines) + "\n```\n"


def setup(app: Sphinx) -> None:
    app.connect("source-read", add_contents)
