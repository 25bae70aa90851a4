"""The record of a master."""

from fractions import Fraction

from unfade.film.clip import Area, Clip, Clips
from unfade.film.time import FrameRange
from unfade.project.settings import ClipSection, FilmSection, Project, ReferenceSection
from unfade.render.record import film_entries


def test_the_record_holds_the_rotation_of_the_scan() -> None:
    clip = Clip(
        path="scan.%04d.dpx",
        kind="sequence",
        frames=FrameRange(first=1, last=2),
        rate=Fraction(24),
        width=64,
        height=64,
        pixel_aspect=Fraction(1),
        orientation=6,
        colorspace="ACEScg",
        live_area=Area(x=0, y=0, width=64, height=64),
    )
    project = Project(
        film=FilmSection(title="x"),
        source=ClipSection(path="scan.%04d.dpx"),
        reference=(ReferenceSection(path="b", name="b"),),
    )
    turned = film_entries(project, Clips(source=clip), [], "model")
    assert turned["unfade:sourceTurned"] == "turn-90"
    upright = clip.model_copy(update={"orientation": 1})
    assert "unfade:sourceTurned" not in film_entries(project, Clips(source=upright), [], "model")
