import hashlib
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor

from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.balance import IDENTITY_BALANCE, FilmBalance
from unfade.film.clip import Area, Clips
from unfade.film.damage import Damage, DamagedFrames
from unfade.film.model import LossCurve, LossPoint
from unfade.film.pair import Pair, PairList
from unfade.film.rendering import SUFFIXES, PredictedError, RenderedFrame, Rendering
from unfade.film.report import Report
from unfade.film.shot import Shot
from unfade.film.target import Target, Targets
from unfade.film.time import FrameRange
from unfade.film.used_frames import UsedFrames
from unfade.film.working_space import WORKING_SPACE
from unfade.media import FrameTags, read_picture, write_dpx, write_exr
from unfade.media import write_master as write_master_file
from unfade.model.chroma_model import ErrorMap
from unfade.project.settings import Project
from unfade.validate import stage
from unfade.validate.frame_pictures import COMPARISON_WIDTH_PX
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

from ..fixtures import make_clip, make_model, make_rendered_frame, make_rendering, run_anew

FRAMES = FrameRange(first=101, last=106)
LIVE = Area(x=4, y=2, width=40, height=28)
HEIGHT, WIDTH = 32, 48
GAIN, LUT_GAIN = 0.99, 0.8
"""Shares of the true chroma that the stand-ins for model and baseline predict."""


SURE = PredictedError(mean=0.01, p95=0.01, beyond=0.0)
"""Predicted error of a frame like the pairs."""


class ChromaFraction:
    """Stand-in for a model: predicts a share of the true chroma."""

    def __init__(self, share: float) -> None:
        self.share = share

    def predict(self, source_rgb: Tensor, shot: int) -> Tensor:
        y = luma(source_rgb)
        return limit_chroma(y, self.share * true_chroma(y))

    def inputs_of_frame(self, source_rgb: Tensor, shot: int) -> Tensor:
        return source_rgb

    def predict_error(self, source_rgb: Tensor) -> ErrorMap:
        """A large error in the left quarter."""
        ciede2000 = torch.ones(1, *source_rgb.shape[1:])
        ciede2000[..., : source_rgb.shape[2] // 4] = 20.0
        return ErrorMap(ciede2000, torch.zeros_like(ciede2000))


def true_chroma(y: Tensor) -> Tensor:
    return torch.cat([0.2 * (0.5 - y), 0.3 * (y - 0.4)])


def faded(frame: int) -> Tensor:
    y = torch.linspace(0.02, 0.9, WIDTH).expand(1, HEIGHT, WIDTH).roll(frame, dims=2)
    return ycbcr_to_rgb(torch.cat([y, torch.zeros_like(y), 0.05 * y]))


def recovered(source_rgb: Tensor, share: float = GAIN) -> Tensor:
    cbcr = ChromaFraction(share).predict(source_rgb, 1)
    return ycbcr_to_rgb(torch.cat([luma(source_rgb), cbcr]))


def make_job(root: Path, **render: object) -> Job:
    project = Project.model_validate(
        {
            "film": {"title": "Reel"},
            "source": {"path": "scan.%04d.dpx"},
            "reference": {"path": "dvd.mkv"},
            "render": render,
        }
    )
    return Job(project, root, SilentProgress())


def save_artefacts(job: Job, rendered: list[RenderedFrame], targets: list[Target]) -> None:
    clip = make_clip(
        job.root / "scan.%04d.dpx", FRAMES, WIDTH, HEIGHT, pixel_aspect=Fraction(2), live_area=LIVE
    )
    shots = (
        Shot(number=1, frames=FrameRange(first=101, last=103)),
        Shot(number=2, frames=FrameRange(first=104, last=106)),
    )
    job.save(Clips(source=clip))
    job.save(PairList(shots=shots, pairs=tuple(target.pair for target in targets)))
    job.save(Alignments(crop=LIVE.model_copy(update={"x": 0, "y": 0}), admitted=()))
    job.save(FilmBalance(grade=IDENTITY_BALANCE))
    job.save(Targets(targets=tuple(targets), luma_parity=0.0))
    job.save(UsedFrames(pairs=()))
    job.save(LossCurve(points=(LossPoint(step=1, loss=0.1, held_out=1.0),), baseline=2.0))
    job.save(make_model(id="0" * 12, train_frames=(101,), holdout_frames=(102,)))
    job.save(
        make_rendering(
            rendered,
            colorspace=job.project.render.colorspace,
            compression=job.project.render.compression,
            format=job.project.render.format,
            bits=job.project.render.bits,
        )
    )


def write_target(job: Job, source_rgb: Tensor, weight: float = 1.0) -> Target:
    folder = job.folder("target")
    live = source_rgb[:, LIVE.y : LIVE.y + LIVE.height, LIVE.x : LIVE.x + LIVE.width]
    for name, pixels in (("source", live), ("truth", recovered(live, 1.0))):
        write_exr(folder / f"{name}.exr", pixels, colorspace=WORKING_SPACE, half=False)
    weights = torch.full((1, LIVE.height, LIVE.width), weight)
    write_exr(folder / "weight.exr", weights, colorspace=WORKING_SPACE)
    pair = Pair(source=102, reference=2, of="dvd", shot=1, role="holdout")
    names = {name: f"{name}.exr" for name in ("source", "truth", "weight")}
    return Target(pair=pair, sha256="0" * 64, **names)


def write_master(job: Job, frame: int, rgb: Tensor) -> RenderedFrame:
    settings = job.project.render
    path = job.folder("render") / f"reel.{frame:07d}{SUFFIXES[settings.format]}"
    cut = write_master_file(path, rgb, settings, {}, FrameTags(), job.colors)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    shot = 1 + (frame > 103)
    facts = {"file": path.name, "sha256": digest, "cut": cut, "predicted_error": SURE}
    return make_rendered_frame(frame, shot=shot, **facts)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A well rendered film of two shots with one hold-out pair."""
    monkeypatch.setattr(stage, "load_chosen", lambda *where: ChromaFraction(GAIN))
    monkeypatch.setattr(stage, "load_baseline", lambda path: ChromaFraction(LUT_GAIN))
    return build(make_job(tmp_path))


def build(job: Job) -> Job:
    job.root.mkdir(exist_ok=True)
    rendered = []
    for frame in FRAMES.frames():
        path = job.root / f"scan.{frame:04d}.dpx"
        write_dpx(path, faded(frame))
        source_rgb = read_picture(path, WORKING_SPACE)
        rendered.append(write_master(job, frame, recovered(source_rgb)))
    target = write_target(job, read_picture(job.root / "scan.0102.dpx", WORKING_SPACE))
    save_artefacts(job, rendered, [target])
    return job


def value_of(report: Report, name: str) -> float:
    return next(measure.value for measure in report.measures if measure.name == name)


def test_a_good_rendering_is_accepted_and_shown(job: Job) -> None:
    run_anew("validate", job)

    report = job.load(Report)
    assert report.verdict == "accept"
    assert value_of(report, "held_out_chroma_error_lut") == pytest.approx(
        20 * value_of(report, "held_out_chroma_error"), rel=0.05
    )
    assert value_of(report, "frames_checked") == 6
    folder = job.folder("validate")
    stills = {path.name for path in folder.glob("*.png")}
    assert {"before-after.png", "held-out.png", "loss.png"} <= stills
    assert len([name for name in stills if name.startswith("split-")]) == 4
    assert str(job.root) not in (folder / "report.html").read_text(encoding="utf-8")


def test_hold_out_pairs_are_scored_without_pictures(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_anew("validate", job)
    monkeypatch.setattr(stage, "scored_pair", None)
    monkeypatch.setattr(stage, "held_out_result", None)
    (figures,) = stage.score_hold_outs(job)
    assert figures.model.ciede2000 == value_of(job.load(Report), "held_out_ciede2000")
    assert (figures.frame, figures.shot) == (102, 1)


def test_faded_error_is_that_of_the_scan_itself(job: Job) -> None:
    run_anew("validate", job)

    source = read_picture(job.folder("target") / "source.exr", WORKING_SPACE)
    y, truth = luma(source), true_chroma(luma(source))
    expected = (rgb_to_ycbcr(source)[1:] - limit_chroma(y, truth)).abs().mean()
    measured = value_of(job.load(Report), "held_out_chroma_error_faded")
    assert measured == pytest.approx(float(expected), rel=0.02)


def test_stills_have_square_pixels(job: Job) -> None:
    run_anew("validate", job)

    split = read_picture(next(job.folder("validate").glob("split-*.png")), WORKING_SPACE)
    assert split.shape[1] < COMPARISON_WIDTH_PX * LIVE.height / (2 * LIVE.width) + 90


def test_a_pixel_of_wrong_luma_rejects(job: Job) -> None:
    rendering = job.load(Rendering)
    rgb = recovered(read_picture(job.root / "scan.0105.dpx", WORKING_SPACE))
    rgb[:, 10, 20] += 0.01
    write_master(job, 105, rgb)
    job.save(rendering)

    run_anew("validate", job)

    report = job.load(Report)
    assert report.verdict == "reject"
    assert value_of(report, "luma_excess_max") == pytest.approx(0.01, rel=0.1)


def test_lossy_masters_have_limits_of_their_own(tmp_path: Path, job: Job) -> None:
    (tmp_path / "lossy").mkdir()
    lossy = build(make_job(tmp_path / "lossy", compression="dwaa"))

    run_anew("validate", lossy)

    report = lossy.load(Report)
    assert report.verdict == "accept"
    assert "luma_excess_max" not in {measure.name for measure in report.measures}
    assert value_of(report, "luma_mean_difference") > 0


@pytest.mark.parametrize(
    "render",
    [
        {"format": "tiff"},
        {"format": "dpx", "bits": 10},
        {"format": "dpx", "bits": 16, "colorspace": "ADX16"},
        {"strict": True},
    ],
    ids=lambda render: "-".join(str(value) for value in render.values()),
)
def test_each_format_is_held_to_its_own_rounding(
    tmp_path: Path, job: Job, render: dict[str, object]
) -> None:
    other = build(make_job(tmp_path / "other", **render))

    run_anew("validate", other)

    report = other.load(Report)
    assert value_of(report, "luma_excess_max") == 0
    cut = sum(frame.cut for frame in other.load(Rendering).frames)
    assert report.verdict == ("review" if cut else "accept")


def test_clipped_values_ask_for_a_review(tmp_path: Path, job: Job) -> None:
    other = build(make_job(tmp_path / "other", format="tiff"))
    cut = sum(frame.cut for frame in other.load(Rendering).frames)
    assert cut > 0

    run_anew("validate", other)

    report = other.load(Report)
    assert report.verdict == "review"
    start = f"{cut} values of the frames lie outside 0 to 1 and were clipped"
    assert [reason.startswith(start) for reason in report.reasons] == [True]


def test_missing_frames_are_counted_within_the_range_asked_for(job: Job) -> None:
    rendering = job.load(Rendering)
    job.save(rendering.model_copy(update={"frames": rendering.frames[:4]}))

    run_anew("validate", job)
    assert value_of(job.load(Report), "frames_missing") == 2

    limited = make_job(job.root, last=104)
    run_anew("validate", limited)
    assert value_of(limited.load(Report), "frames_missing") == 0

    hole = DamagedFrames(first=104, last=105, fault="missing")
    for setting, missing in (("hold", 2), ("skip", 1)):
        damage = Damage(frames=(hole,), setting=setting)
        source = job.load(Clips).source.model_copy(update={"damage": damage})
        job.save(Clips(source=source))
        run_anew("validate", job)
        assert value_of(job.load(Report), "frames_missing") == missing


def test_without_hold_out_the_verdict_is_review(job: Job) -> None:
    job.save(Targets(targets=(), luma_parity=0.0))

    run_anew("validate", job)

    report = job.load(Report)
    assert report.verdict == "review"
    assert "unproven" in report.reasons[0]


def test_error_names_a_hold_out_pair_of_zero_weight(job: Job) -> None:
    write_target(job, faded(102), weight=0.0)

    with pytest.raises(WorkError, match="source frame 102"):
        run_anew("validate", job)


def test_error_names_a_master_of_another_size(job: Job) -> None:
    write_master(job, 103, torch.zeros(3, 16, 16))

    with pytest.raises(WorkError, match=r"0000103\.exr: frame 103 is 16 x 16 pixels"):
        run_anew("validate", job)


def test_a_rendering_without_frames_is_an_error(job: Job) -> None:
    rendering = job.load(Rendering)
    job.save(rendering.model_copy(update={"frames": ()}))

    with pytest.raises(WorkError, match="holds no frame"):
        run_anew("validate", job)


def test_stills_of_an_older_run_are_removed(job: Job) -> None:
    stale = job.folder("validate") / "split-000001.png"
    stale.write_bytes(b"old")

    run_anew("validate", job)

    assert not stale.exists()


def test_outliers_have_a_kind_a_place_and_a_sheet(job: Job) -> None:
    rendering = job.load(Rendering)
    unsure = PredictedError(mean=9.0, p95=9.0, beyond=0.5)
    frames = [
        one.model_copy(update={"predicted_error": unsure if one.frame in (102, 103) else SURE})
        for one in rendering.frames
    ]
    job.save(rendering.model_copy(update={"frames": tuple(frames)}))
    run_anew("validate", job)
    (run,) = [one for one in job.load(Report).outliers if one.kind == "unseen colour"]
    assert (run.kind, run.shot, run.first, run.last) == ("unseen colour", 1, 102, 103)
    assert "9.0 CIEDE2000" in run.why
    assert run.mend is None, "no reference shows the frames"
    quarter = LIVE.model_copy(update={"width": LIVE.width // 4})
    assert (run.box, run.ciede2000) == (quarter, None), "where the model expects the error"
    assert run.mask == "outlier-000102.png"
    folder = job.folder("validate")
    assert read_picture(folder / "outliers.png").shape[2] > 1000
    frames = [one.model_copy(update={"predicted_error": SURE}) for one in frames]
    job.save(rendering.model_copy(update={"frames": tuple(frames)}))
    run_anew("validate", job)
    assert not [one for one in job.load(Report).outliers if one.kind == "unseen colour"]
