"""Documents agree with film.toml: the keys they name exist, and their defaults are the code's."""

import re
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from unfade.commands.new_project import _PROVISIONAL_FACTS
from unfade.film.clip import Clip
from unfade.film.damage import Damage, DamagedFrames
from unfade.film.time import FrameRange
from unfade.project.file import parse_project
from unfade.project.settings import Project
from unfade.project.template import TemplateElement, project_text

from ..fixtures import make_clip

ROOT = Path(__file__).parents[2]
MINIMAL = '[film]\ntitle = "x"\n[source]\npath = "a"\n[reference]\npath = "b"\n'
DEFAULTS: dict[str, Any] = parse_project(MINIMAL, Path("film.toml")).model_dump(by_alias=True)
PAGES = sorted((*ROOT.glob("decisions/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"))


def rows_of_knobs() -> list[tuple[str, str]]:
    """Keys and their defaults in the table of decision 18."""
    text = (ROOT / "decisions/18-knobs-of-training.md").read_text()
    rows = re.findall(r"^\|[^|]*\| `train\.(\w+)`[^|]*\|([^|]*)\|", text, re.MULTILINE)
    return [(key, default.strip()) for key, default in rows]


@pytest.mark.parametrize(("key", "documented"), rows_of_knobs())
def test_decision_18_has_the_defaults_of_the_code(key: str, documented: str) -> None:
    default = DEFAULTS["train"][key]
    assert documented == {False: "off", True: "on", None: ""}.get(default, str(default))


def test_the_table_of_decision_18_is_found() -> None:
    assert {"steps", "batch", "learning_rate"} <= {key for key, _ in rows_of_knobs()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_keys_that_pages_name_exist(page: Path) -> None:
    sections = "|".join(name for name in DEFAULTS if name != "film")
    for section, key in re.findall(rf"`({sections})\.([a-z_]+)\b[^`(]*`", page.read_text()):
        if key in ("stage", "py", "md", "toml"):
            continue
        found = Project.model_fields.get(section) or Project.model_fields[f"{section}_"]
        kinds = re.findall(r"(\w+Section)", str(found.annotation))
        assert kinds, section
        keys = DEFAULTS[section] if isinstance(DEFAULTS[section], dict) else DEFAULTS[section][0]
        assert key in keys, f"{page.name}: there is no {section}.{key}"


def clip() -> Clip:
    return make_clip(
        "a",
        FrameRange(first=0, last=9),
        720,
        576,
        kind="movie",
        rate=Fraction(25),
        colorspace="ACEScg",
    )


def test_settings_in_comments_of_the_template_are_valid() -> None:
    text = project_text("x", TemplateElement("a", "a", clip()), [TemplateElement("b", "b", clip())])
    for line in text.splitlines():
        setting = re.match(r"# ((\w+) = [^#]*|\[\w+\])", line)
        # TIFF is another choice than a strict EXR.
        if setting and "[[pair]]" not in line and "strict" not in line:
            text = text.replace(line, setting[1])
    text = text.replace("# [[pair]]", "[[pair]]")
    project = parse_project(text, Path("film.toml"))
    assert project.film.ocio == "house.ocio"
    assert project.pair[0].reference == "painted.png"
    assert project.deliver.movie == "prores"


def test_values_in_the_template_are_the_defaults() -> None:
    text = project_text("x", TemplateElement("a", "a", clip()), [])
    fields = tomllib.loads(text)
    for section in ("curate", "train", "render"):
        for key, value in fields[section].items():
            assert DEFAULTS[section][key] == value


def test_a_fault_of_several_lines_stays_in_its_comment() -> None:
    hole = DamagedFrames(first=3, last=3, fault="cannot be read (no end\nof\x0bfile)")
    damaged = clip().model_copy(update={"damage": Damage(frames=(hole,))})
    text = project_text("x", TemplateElement("a", "a", damaged), [])
    assert "damaged" not in tomllib.loads(text)["source"]
    assert "3: cannot be read (no end of file)" in text


def test_every_fact_that_may_be_left_to_fill_in_has_an_example() -> None:
    element = TemplateElement(
        "a", "a", clip(), dict.fromkeys(_PROVISIONAL_FACTS, "the files do not say")
    )
    text = project_text("x", element, [])
    for key in _PROVISIONAL_FACTS:
        assert f'{key} = "?"' in text
