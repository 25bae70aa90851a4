"""'render.use' of film.toml: a person decides which colour is delivered."""

from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
import torch

import unfade
from unfade import media
from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.film.model import TrainedModel
from unfade.model import load_baseline
from unfade.project.color_config import PINNED


@pytest.fixture(scope="module")
def ran(finished_film: Path) -> list[str]:
    """The stages that ran when a person chose the LUT."""
    place = finished_film / "film.toml"
    place.write_text(place.read_text().replace("[render]\n", '[render]\nuse = "lut"\n'))
    return unfade.open(finished_film).run()


@pytest.fixture
def film(finished_film: Path, ran: list[str]) -> unfade.Film:
    return unfade.open(finished_film)


def test_another_method_redoes_render_and_not_train(ran: list[str]) -> None:
    assert ran == ["render", "validate", "deliver"]


def colour_of_lut(film: unfade.Film, frame: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A frame of the scan, and luma of the scan with chroma of the report's LUT."""
    path = str(film.folder / f"scan/s.{frame:04d}.exr")
    source_rgb = media.read_picture(path, None, colors=PINNED)
    baseline = load_baseline(film.folder / "05-train/baseline.safetensors")
    y = luma(source_rgb)
    cbcr = limit_chroma(y, baseline.predict(source_rgb, 1))
    return source_rgb, ycbcr_to_rgb(torch.cat([y, cbcr]))


def test_masters_have_the_chroma_of_the_lut_at_source_luma(film: unfade.Film) -> None:
    """Near black the half floats of a master are coarse in the working space."""
    for frame, path in zip((2, 3, 4, 5), film.masters, strict=True):
        source_rgb, expected = colour_of_lut(film, frame)
        found = media.read_picture(str(path), None, colors=PINNED)
        bright = expected.amin(dim=0) > 0.2
        assert float(bright.float().mean()) > 0.5
        torch.testing.assert_close(found[:, bright], expected[:, bright], atol=2e-3, rtol=0)
        assert float((expected - source_rgb)[:, bright].abs().mean()) > 0.02


def test_python_gives_the_colour_of_the_masters(film: unfade.Film) -> None:
    source_rgb, expected = colour_of_lut(film, 2)
    array = np.ascontiguousarray(source_rgb.numpy().transpose(1, 2, 0))
    found = film.model.colour(array, shot=1).transpose(2, 0, 1)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_headers_say_the_method_and_who_chose_it(film: unfade.Film) -> None:
    spec = oiio.ImageInput.open(str(film.masters[0])).spec()
    assert spec["unfade:method"] == "lut"
    assert spec["unfade:methodChosenBy"] == "a person"


def test_the_figures_are_of_what_is_delivered(film: unfade.Film) -> None:
    figures = film.figures
    assert figures["held_out_of_lut"].value == 1.0
    delivered, lut = (
        figures[name].value for name in ("held_out_ciede2000", "held_out_ciede2000_lut")
    )
    assert delivered == lut
    trained = TrainedModel.from_json((film.folder / TrainedModel.PATH).read_text())
    assert trained.methods.of(1).errors is not None
    assert trained.methods.of(1).errors.lut == pytest.approx(lut, rel=1e-4)


def test_verdict_report_and_note_say_that_a_person_chose_the_lut(film: unfade.Film) -> None:
    assert film.report.verdict != "accept"
    sentence = "The LUT baseline is delivered for all shots, because a person chose it"
    assert any(reason.startswith(sentence) for reason in film.report.reasons)
    page = (film.folder / "07-validate/report.html").read_text()
    assert '<td>s001</td><td>LUT</td><td class="t">a person chose it' in page
    (note,) = (film.folder / "08-deliver").glob("*/data/validation-note.txt")
    assert "colour by LUT, chosen by a person: shots s001" in " ".join(note.read_text().split())


def test_an_unknown_method_is_refused(film: unfade.Film, tmp_path: Path) -> None:
    text = film.path.read_text().replace('use = "lut"', 'use = "best"')
    (tmp_path / "film.toml").write_text(text)
    with pytest.raises(unfade.UnfadeError, match=r"render\.use.*networks"):
        unfade.open(tmp_path)
