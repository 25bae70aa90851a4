import re
from dataclasses import replace
from typing import Any

import pytest

from unfade.film.bookmark import Bookmarks
from unfade.film.clip import Clips
from unfade.film.damage import Damage, DamagedFrames
from unfade.film.dismissal import Dismissals
from unfade.film.figures import HeldOutFigures
from unfade.film.method import ChosenMethod, MethodErrors, Methods, ShotMethod
from unfade.film.model import HeldOut, LossCurve
from unfade.film.rendering import PredictedError
from unfade.project.settings import DeliverSection
from unfade.report.figures import figure, file_name, method_reason
from unfade.report.page import SECTIONS, report_page, with_people

from ..fixtures import (
    make_bookmark,
    make_dismissal,
    make_model,
    make_outlier,
    make_rendered_frame,
)
from .conftest import Reader, clip, constructed_view, content, improved


def test_page_loads_nothing_from_outside() -> None:
    html = report_page(content())
    reader = Reader(html)

    assert reader.open == []
    pictures = [address for address in reader.addresses if not address.startswith("#")]
    assert len(pictures) == 2 + 5 + 2 + 2 + 4 + 2 + 1
    assert all(address.startswith("data:image/jpeg;base64,") for address in pictures)
    assert not re.search(r"url\(|@import|<script [^>]*src|<link|(src|href)=\"http", html)


def test_every_link_leads_to_a_section() -> None:
    html = report_page(improved())
    anchors = {address for address in Reader(html).addresses if address.startswith("#")}
    assert anchors <= {f"#{name}" for name in SECTIONS}
    assert all(f'id="{anchor[1:]}"' in html for anchor in anchors)
    assert {*re.findall(r'<section id="([\w-]+)"', html)} == {anchor[1:] for anchor in anchors}


def test_page_shows_file_names_but_no_folders() -> None:
    html = report_page(content())

    assert "/home" not in html
    assert "/mnt" not in html
    for name in ("scan.mov", "dvd.mkv", "12.png"):
        assert name in html


def test_people_are_named_only_on_the_page_of_a_bag() -> None:
    html, deliver = report_page(content()), content().project.deliver
    assert "An Archive" not in html
    none = Dismissals(), Bookmarks()
    text = Reader(with_people(html, deliver, "approved by A & B", *none)).text
    assert "Decision approved by A & B" in text
    assert "Institution An Archive" in text
    assert "Print of 1978" in text
    assert "Restorationist" not in text
    named = with_people(html, DeliverSection(note="<b> & more"), "", *none)
    assert "&lt;b&gt; &amp; more" in named


def test_notes_of_people_are_listed_and_escaped_on_the_page_of_a_bag() -> None:
    html, deliver = report_page(content()), DeliverSection()
    assert "are listed on the page of a delivery" in Reader(html).text
    none = with_people(html, deliver, "", Dismissals(), Bookmarks())
    assert "Nobody set a bookmark or dismissed an outlier." in Reader(none).text
    marks = (
        make_bookmark(frame=17, note="later", by=""),
        make_bookmark(frame=12, note="<script>sky</script>\x1b[2J\u202egreen", by="A & B"),
    )
    entries = (make_dismissal(reason="a <b>gate</b>"), make_dismissal(withdrawn=True))
    people = Dismissals(entries=entries), Bookmarks(marks=marks)
    page = with_people(html, deliver, "", *people)
    assert not re.search(r"<script>sky|<b>gate|[\x1b\u202e]", page)
    text = Reader(page).text
    assert "12 <script>sky</script> [2J green A & B 2026-11-30 12:00:00+01:00 17 later" in text
    words = "wrong colour 1 10 to 12 {} {} Ada Byron 2026-11-30 12:00:00+01:00 000000000000"
    assert words.format("dismissed", "a <b>gate</b>") in text
    assert words.format("opened again", "right") in text
    assert "are listed on the page" not in text


def test_page_says_if_only_a_part_of_the_film_is_rendered() -> None:
    assert (
        "Frames 1, a part of the film: frames 10 to 10 of 10 to 19"
        in Reader(report_page(content())).text
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
        "Recovered error relative to the LUT baseline 0.95 times 0.9 no",
        "something new 3 frames",
        "15 1 12.50 12.50 0.77 0.06 0.0300 0.0300 0.0100 3 frames, near direct",
        "1 training pair (0 direct, 1 constructed), 1 hold-out pair, 0 test pairs.",
        "s001 10 to 19 1 0 + 1 constructed 1 1.23 13 % 0.00020 0.000010 - -",
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
        "Luma matches within tolerance not measured",
        "Clear improvement on the baseline not met",
        "The only hold-out frame lies within half a second of a training pair",
        "a pure power of 2.4 with the primaries of BT.709 and white D65",
        "Skin tones 20.0 % 9.00 2.50 1.50",
        "Neutrals 0.1 % - - -",
        "Frame 15, shot 1: CIEDE2000 12.50 recovered, 12.50 LUT baseline, 12.50 scan",
        "Shot s001, frame 15, a hold-out pair",
        "Skin tones 20.0 % 9.00 2.50 1.25",
        "First frame 10 1.75 0.0034 0.0012",
        "Frame 10, shot 1, predicted 1.00",
    ],
)
def test_page_shows(words: str) -> None:
    assert words in Reader(report_page(content())).text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"held_out": []}, "There is no hold-out pair"),
        ({"curve": LossCurve(points=(), baseline=None)}, "4,321 parameters"),
        ({"comparisons": []}, "Hold-out pairs"),
        ({"held_out_views": [], "shot_views": [], "worst": [], "kinds": []}, "Hold-out pairs"),
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
    row = "s001 LUT better beyond chance on the hold-out pairs of the shot"
    assert row in Reader(page).text
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


def test_diagnoses_and_rounds_have_a_place() -> None:
    text = Reader(report_page(improved())).text
    assert "Crops disagree. One is smaller. What helps: unfade pairs drop" in text
    assert "It ended because no pair is left that would help." in text
    assert "1 5 0.90 0.95 0 accept 12 (the shot has no pair)" in text
    assert "2 8 0.93 undone 14 (bleed)" in text
    assert "Diagnoses" not in Reader(report_page(content())).text


def test_a_shot_without_a_pair_says_that_it_has_no_reference() -> None:
    view = content().shot_views[0]
    bare = replace(view, role=None, four_way=(*view.four_way[:2], view.four_way[3]))
    assert "No reference: the shot has no pair" in report_page(content(shot_views=[bare]))
    assert "No reference" not in report_page(content())


def test_scopes_without_a_hold_out_pair_are_those_of_the_comparisons() -> None:
    page = report_page(content(held_out=[], held_out_views=[]))
    assert "Scan: scopes of frame 10" in page
    assert "scopes of frame 10" not in report_page(content())


def test_damaged_frames_are_a_caveat() -> None:
    hole = DamagedFrames(first=12, last=13, fault="cannot be read (<eof>)")
    damage = Damage(frames=(hole,), setting="hold")
    source = clip("/home/someone/scan.mov").model_copy(update={"damage": damage})
    words = "damaged frames that show the nearest good frame (12 to 13: cannot be read (<eof>))."
    assert words in Reader(report_page(content(clips=Clips(source=source)))).text
    assert "damaged frames" not in Reader(report_page(content())).text


def test_points_of_a_constructed_frame_are_listed_and_its_sheet_is_shown() -> None:
    plain = report_page(content())
    page = report_page(content(constructed=[constructed_view(12), constructed_view(14)]))
    assert "<lobby>" not in page
    assert page.count("data:image/jpeg") == plain.count("data:image/jpeg") + 2
    text = Reader(page).text
    assert "Frame 12: 1 focal point by Ada & Co: a <lobby> card (1)." in text
    assert (
        "Frame 12: point 2 (#00c040, a <lobby> card, by Ada & Co) was left out, because the others "
        "say #353939."
    ) in text
    assert "Frame 12, mean uncertainty of chroma 0.016 of its range" in text
    assert "Not shown" not in text
    assert "Constructed frames" not in Reader(plain).text


def test_sheets_that_the_page_leaves_out_are_named() -> None:
    views = [constructed_view(12), constructed_view(14, is_shown=False)]
    text = Reader(report_page(content(constructed=views))).text
    assert "Not shown, because less uncertain: frames 14." in text


def test_errors_on_constructed_pairs_stand_apart() -> None:
    (direct,) = content().held_out
    error = HeldOut(ciede2000=20.0, chroma=0.1)
    constructed = HeldOutFigures(17, 1, error, error, error, "constructed")
    text = Reader(report_page(content(held_out=[direct, constructed]))).text
    assert "direct 1 12.50 12.50 0.77 constructed 1 20.00 20.00 20.00" in text
    assert "all means below are over direct pairs alone" in text
    assert "1 s001 1 0 + 1 constructed 1 12.50 12.50 0.77 1.23" in text, "the scene"
    alone = Reader(report_page(content(held_out=[constructed]))).text
    assert "1 s001 1 0 + 1 constructed 1 20.00 20.00 20.00, constructed 1.23" in alone
    assert "By kind of reference" not in Reader(report_page(content())).text
