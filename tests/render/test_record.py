"""The record of a master."""

from unfade.film.clip import Clips
from unfade.film.time import FrameRange
from unfade.project.settings import FilmSection, Project, ReferenceSection, SourceSection
from unfade.render.record import film_entries

from ..fixtures import make_clip


def test_the_record_holds_the_rotation_of_the_scan() -> None:
    clip = make_clip(
        "scan.%04d.dpx", FrameRange(first=1, last=2), 64, 64, orientation=6, colorspace="ACEScg"
    )
    project = Project(
        film=FilmSection(title="x"),
        source=SourceSection(path="scan.%04d.dpx"),
        reference=(ReferenceSection(path="b", name="b"),),
    )
    turned = film_entries(project, Clips(source=clip), [], "model")
    assert turned["unfade:sourceTurned"] == "turn-90"
    upright = clip.model_copy(update={"orientation": 1})
    assert "unfade:sourceTurned" not in film_entries(project, Clips(source=upright), [], "model")
