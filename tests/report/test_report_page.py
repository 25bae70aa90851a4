import re
from fractions import Fraction
from html.parser import HTMLParser
from typing import Any

import pytest
import torch

from unfade.film.alignment import Alignment, Alignments
from unfade.film.clip import Area, Clip, Clips
from unfade.film.figures import HeldOutFigures, ShotFigures
from unfade.film.method import ChosenMethod, MethodErrors, Methods, ShotMethod
from unfade.film.model import HeldOut, LossCurve, LossPoint, ShotModel
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.rendering import PredictedError
from unfade.film.report import Measure, Report
from unfade.film.shot import Shot
from unfade.film.target import Target, Targets
from unfade.film.time import FrameRange
from unfade.project.settings import DeliverSection, Project
from unfade.report.figures import figure, file_name, method_reason
from unfade.report.page import Comparison, PageContent, report_page, with_credits

from ..fixtures import (
    make_alignment,
    make_clip,
    make_model,
    make_outlier,
    make_rendered_frame,
    make_rendering,
)

PAINTED = Pair(
    source=12,
    picture="/home/someone/painted/12.png",
    shot=1,
    kind="constructed",
    aligned=True,
    chosen_by="person",
    note="Jacket after the lobby card",
)
HELD_OUT = Pair(source=15, reference=115, of="dvd", shot=1, role="holdout")


def picture(level: float) -> torch.Tensor:
    return torch.full((3, 8, 12), level)


def clip(path: str) -> Clip:
    return make_clip(
        path,
        FrameRange(first=10, last=19),
        12,
        8,
        kind="movie",
        rate=Fraction(25),
        pixel_aspect=Fraction(64, 45),
    )


def alignment(pair: Pair) -> Alignment:
    return make_alignment(
        pair,
        Area(x=0, y=0, width=12, height=8),
        kind="affine",
        residual=0.27,
        residual_p95=0.9,
        inliers=100,
    )


def content(**changes: Any) -> PageContent:
    shot = Shot(number=1, frames=FrameRange(first=10, last=19))
    error = HeldOut(ciede2000=12.5, chroma=0.03)
    fields: dict[str, Any] = {
        "project": Project.model_validate(
            {
                "film": {"title": "Reel <1> & friends"},
                "source": {"path": "/home/someone/scan.mov"},
                "reference": {"path": "/home/someone/dvd.mkv"},
                "deliver": {"institution": "An Archive", "note": "Print of 1978"},
            }
        ),
        "clips": Clips(
            source=clip("/home/someone/scan.mov"), references={"dvd": clip("/mnt/dvd.mkv")}
        ),
        "pair_list": PairList(
            shots=(shot,),
            pairs=(PAINTED, HELD_OUT),
            rejected=(
                Rejection(pair=Pair(source=17, reference=117, of="dvd", shot=1), reason="A flash"),
            ),
        ),
        "alignments": Alignments(
            crop=Area(x=0, y=0, width=12, height=8),
            admitted=(alignment(PAINTED), alignment(HELD_OUT)),
            rejected=(
                Rejection(
                    pair=Pair(source=11, reference=9, of="dvd", shot=1), reason="Too far off"
                ),
            ),
        ),
        "targets": Targets(
            targets=(
                Target(pair=PAINTED, source="s", truth="t", weight="w", sha256="5ca1ab1e" * 8),
            ),
            luma_parity=0.0,
        ),
        "model": make_model(
            id="0123456789ab",
            parameters=4321,
            steps=3000,
            best_step=2500,
            train_frames=(12,),
            holdout_frames=(15,),
            shot_models=(
                ShotModel(shot=1, film=1.5, own=1.2, kept=True),
                ShotModel(shot=2, film=1.0, own=0.98, kept=False),
            ),
        ),
        "rendering": make_rendering(
            (make_rendered_frame(10),),
            model_id="0123456789ab",
            version=3,
        ),
        "curve": LossCurve(points=(LossPoint(step=1, loss=0.1),), baseline=None),
        "report": Report(
            verdict="review",
            reasons=("Look at <this>.",),
            measures=(
                Measure(name="held_out_of_lut", value=0.95, unit="times", limit=0.9, ok=False),
                Measure(name="something_new", value=3.0, unit="frames"),
            ),
        ),
        "held_out": [
            HeldOutFigures(
                frame=15, shot=1, faded=error, lut=error, model=HeldOut(ciede2000=0.77, chroma=0.01)
            )
        ],
        "shots": [
            ShotFigures(
                shot=shot,
                rendered=1,
                training_pairs=1,
                held_out_pairs=1,
                predicted=1.234,
                beyond=0.126,
                luma_max=0.0002,
                luma_mean=0.00001,
                flicker=None,
                flicker_source=None,
            )
        ],
        "comparisons": [Comparison(10, 1, picture(0.2), picture(0.4), picture(0.1), picture(0.3))],
        "held_out_sheet": picture(0.5),
        "date": "2001-02-03",
        "versions": {"torch": "9.9"},
    }
    return PageContent(**(fields | changes))


class Reader(HTMLParser):
    """Parses a page: its text, the addresses that it loads, and the elements left open."""

    VOID = frozenset({"meta", "img", "input", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_page_loads_nothing_from_outside() -> None:
    html = report_page(content())
    reader = Reader(html)

    assert reader.open == []
    assert len(reader.addresses) == 5
    assert all(address.startswith("data:image/jpeg;base64,") for address in reader.addresses)
    assert not re.search(r"url\(|@import|<script|<link", html)


def test_page_shows_file_names_but_no_folders() -> None:
    html = report_page(content())

    assert "/home" not in html
    assert "/mnt" not in html
    for name in ("scan.mov", "dvd.mkv", "12.png"):
        assert name in html


def test_people_are_named_only_on_the_page_of_a_bag() -> None:
    html, deliver = report_page(content()), content().project.deliver
    assert "An Archive" not in html
    text = Reader(with_credits(html, deliver, "approved by A & B")).text
    assert "Decision approved by A & B" in text
    assert "Institution An Archive" in text
    assert "Print of 1978" in text
    assert "Restorationist" not in text
    named = with_credits(html, DeliverSection(note="<b> & more"), "")
    assert "&lt;b&gt; &amp; more" in named


def test_page_says_if_only_a_part_of_the_film_is_rendered() -> None:
    assert (
        "Frames 1, a part of the film: 10 to 10 of 10 to 19" in Reader(report_page(content())).text
    )
    one = content().rendering.frames[0]
    frames = tuple(one.model_copy(update={"frame": frame}) for frame in range(10, 20))
    whole = content().rendering.model_copy(update={"frames": frames})
    assert "a part of the film" not in Reader(report_page(content(rendering=whole))).text


def test_page_escapes_what_people_wrote() -> None:
    html = report_page(content())

    assert "<1>" not in html
    assert "<this>" not in html
    assert "Reel <1> & friends" in Reader(html).text


@pytest.mark.parametrize(
    "words",
    [
        "Review",
        "0123456789ab",
        "Delivered error relative to the LUT baseline 0.95 times 0.9 no",
        "something new 3 frames",
        "15 1 12.50 12.50 0.77 0.06 0.0300 0.0300 0.0100",
        "s001 10 to 19 1 1 1 1.23 13 % 0.00020 0.000010",
        "17 1 frame 117 of dvd A flash",
        "11 1 frame 9 of dvd Too far off",
        "5ca1ab1e",
        "(12.png) is constructed, not archival: Jacket after the lobby card.",
        "was declared aligned by a person, so it was not registered.",
        "weights of step 2,500 were kept",
        "25 frames a second",
        "render.compression zip",
        "torch 9.9",
        "Training loss, logarithmic",
        "s001 own 1.50 1.20 0.80",
        "s002 film's 1.00 0.98 0.98",
    ],
)
def test_page_shows(words: str) -> None:
    assert words in Reader(report_page(content())).text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"held_out": [], "held_out_sheet": None}, "There is no hold-out pair"),
        ({"curve": LossCurve(points=(), baseline=None)}, "4,321 parameters"),
        ({"comparisons": []}, "Held-out frames"),
    ],
)
def test_page_is_complete_without_optional_parts(changes: dict[str, Any], words: str) -> None:
    assert words in Reader(report_page(content(**changes))).text


def test_page_lists_outliers() -> None:
    error = PredictedError(mean=3.25, p95=5.0, beyond=0.25)
    frames = tuple(make_rendered_frame(n, predicted_error=error) for n in (10, 11))
    rendering = content().rendering.model_copy(update={"frames": frames})
    run = make_outlier(shot=1, first=10, last=11, worst=11, ciede2000=3.25)
    report = content().report.model_copy(update={"outliers": (run,)})
    text = Reader(report_page(content(rendering=rendering, report=report))).text
    assert "1 10 to 11 wrong colour 11 3.25 The colour is far off. 10 with 20 of dvd" in text
    assert "calibrated on the held-out frames" in text
    text = Reader(report_page(content(rendering=rendering, held_out=[]))).text
    assert "No frame is an outlier" in text
    assert "calibrated on the training pairs, and is too low there" in text


def test_page_shows_the_start_model_without_its_folder() -> None:
    project = content().project
    train = project.train.model_copy(update={"start_from": "/home/someone/a.safetensors"})
    html = report_page(content(project=project.model_copy(update={"train": train})))
    assert "a.safetensors" in html
    assert "/home" not in html


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234.0, "frames", "1,234"),
        (0.664, "CIEDE2000", "0.66"),
        (0.0, "of range", "0"),
        (0.0417, "of range", "0.0417"),
        (0.00013123, "of range", "0.00013"),
        (1.52e-5, "of range", "0.000015"),
        (2e-8, "of range, dwaa is lossy", "below 0.000001"),
        (0.9, "times", "0.9"),
    ],
)
def test_figures_have_the_digits_of_their_unit(value: float, unit: str, text: str) -> None:
    assert figure(value, unit) == text


@pytest.mark.parametrize("path", ["/a/b/reel.%06d.dpx", "reel.%06d.dpx", "C:\\a\\reel.%06d.dpx"])
def test_file_name_has_no_folder(path: str) -> None:
    assert file_name(path) == "reel.%06d.dpx"


def test_what_is_assumed_of_a_clip_is_on_the_page() -> None:
    scan = clip("/home/someone/scan.mov").model_copy(update={"assumed": ("colorspace", "rate")})
    dvd = clip("/mnt/dvd.mkv").model_copy(update={"remarks": ("a second film is left out",)})
    page = report_page(content(clips=Clips(source=scan, references={"dvd": dvd})))
    assert (
        f"<li>Faded scan: assumed, as its files do not say: colour space {scan.colorspace}" in page
    )
    assert "<li>Reference dvd: a second film is left out.</li>" in page
    assert "assumed, as" not in report_page(content())


def test_the_page_says_which_method_a_shot_has_and_why() -> None:
    errors = MethodErrors(networks=1.53, law=1.2, lut=1.14)
    film = ChosenMethod(method="networks", chosen_by="film", errors=errors)
    own = ShotMethod(shot=1, method="lut", chosen_by="shot", errors=errors)
    model = make_model(id="0123456789ab", methods=Methods(film=film, shots=(own,)))
    page = report_page(content(model=model))
    row = "<td>s001</td><td>LUT</td><td>better beyond chance on the hold-out pairs of the shot</td>"
    assert row in page
    assert '<td class="n">1.53</td><td class="n">1.20</td><td class="n">1.14</td>' in page
    assert "the film has no hold-out pair" in report_page(content())


@pytest.mark.parametrize(
    ("shot", "reason"),
    [
        (1, "better beyond chance on the hold-out pairs of the shot"),
        (2, "no other is better beyond chance on the hold-out pairs of the shot"),
        (3, "better beyond chance on the hold-out pairs of the film"),
    ],
)
def test_the_reason_of_a_method_names_the_pairs(shot: int, reason: str) -> None:
    """In a film of the LUT, shot 1 returns to the networks, and shot 2 keeps the LUT."""
    methods = Methods(
        film=ChosenMethod(method="lut", chosen_by="film"),
        shots=(
            ShotMethod(shot=1, method="networks", chosen_by="shot"),
            ShotMethod(shot=2, method="lut", chosen_by="shot"),
        ),
    )
    assert method_reason(methods, shot) == reason
