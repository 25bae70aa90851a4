"""Train: learn the colour of one film from its targets."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from unfade import __version__, media
from unfade.errors import MatchError
from unfade.film.balance import Balances
from unfade.film.model import HeldOut, LossCurve, TrainedModel
from unfade.film.project import WORKING_SPACE
from unfade.film.target import Targets
from unfade.film.work import Job
from unfade.network import save_baseline, save_model
from unfade.network.files import MODEL_SCHEMA
from unfade.review.chart import loss_picture
from unfade.train.calibrate import with_uncertainty
from unfade.train.checkpoint import load_checkpoint, save_checkpoint
from unfade.train.contact_sheet import ContactSheets, is_due
from unfade.train.learn import (
    State,
    held_out_error,
    learn,
    pixels_error,
    residual_of,
    start,
)
from unfade.train.lesson import Lesson, prepare
from unfade.train.samples import Picture, picture
from unfade.train.start_from import Earlier, load_earlier

CHECKPOINT = "checkpoint.safetensors"
MODEL = "model.safetensors"
BASELINE = "baseline.safetensors"

SHEET_ROWS = 4
"""Pictures of a contact sheet: one that is held out, the others from over the film."""


def run(job: Job) -> None:
    """Trains the model of a film and writes it with its loss curve and contact sheets.

    Raises:
        MatchError: no target has the role "train".
    """
    targets = job.load(Targets)
    train = _pictures(job, targets, "train")
    held_out = _pictures(job, targets, "holdout")
    if not train:
        raise MatchError(
            f"{job.root / Targets.PLACE}: holds no training pair; add one with [[pair]] or a "
            f"better [reference]"
        )
    earlier, balances = _earlier(job), job.load(Balances).shots
    lesson = prepare(train, held_out, job.project.train, balances, job.progress.track)
    shown = [*held_out[:1], *train[:: max(1, len(train) // SHEET_ROWS)]][:SHEET_ROWS]
    state = _learn(job, lesson, shown, earlier)
    _finish(job, lesson, state, targets, earlier)


def _pictures(job: Job, targets: Targets, role: str) -> list[Picture]:
    """The targets of one role on the model's raster."""
    folder = (job.root / Targets.PLACE).parent
    return [
        picture(
            media.read_picture(str(folder / target.source), WORKING_SPACE),
            media.read_picture(str(folder / target.truth), WORKING_SPACE),
            media.read_plane(folder / target.weight),
            target.pair,
        )
        for target in targets.targets
        if target.pair.role == role
    ]


def _learn(job: Job, lesson: Lesson, shown: Sequence[Picture], earlier: Earlier | None) -> State:
    """Trains from the last checkpoint, if there is one of the same settings and targets."""
    settings = job.project.train
    folder = job.folder("train")
    key = _key(job, earlier)
    state = load_checkpoint(folder / CHECKPOINT, key)
    if state is None:
        for sheet in folder.glob("sheet-*.png"):
            sheet.unlink()
        state = start(lesson.train, lesson.held_out, settings, earlier.weights if earlier else None)
    sheets = ContactSheets(lesson.model, shown)
    total = -(-(settings.steps - state.step) // settings.checkpoint)
    states = learn(state, lesson.train, lesson.held_out, settings)
    for reached in job.progress.track(states, "Training", total):
        if is_due(state.step, reached.step, settings.contact_sheet):
            media.write_png(folder / f"sheet-{reached.step:06d}.png", sheets.draw(reached))
        state = reached
        save_checkpoint(folder / CHECKPOINT, state, key)
    return state


def _earlier(job: Job) -> Earlier | None:
    """The model to start from, if the project names one."""
    settings = job.project.train
    if settings.start_from is None:
        return None
    return load_earlier(Path(job.resolve(settings.start_from)), settings.size)


def _finish(
    job: Job, lesson: Lesson, state: State, targets: Targets, earlier: Earlier | None
) -> None:
    """Writes the best model, its loss curve and its record."""
    folder = job.folder("train")
    model = lesson.model
    errors = _held_out_errors(state, lesson)
    seed = job.project.train.seed
    best = with_uncertainty(
        model.with_residual(residual_of(state.best, model.size)),
        lesson.train,
        lesson.held_out,
        seed,
    )
    frames = {
        role: tuple(t.pair.source for t in targets.targets if t.pair.role == role)
        for role in ("train", "holdout")
    }
    facts = {
        "film": job.project.film.title,
        "unfade": __version__,
        "steps": state.step,
        "best_step": state.best_step,
        "seed": seed,
        "started_from": earlier.id if earlier else None,
        "train_frames": frames["train"],
        "holdout_frames": frames["holdout"],
        "held_out_ciede2000": errors[0].ciede2000 if errors else None,
    }
    model_id = save_model(folder / MODEL, best, facts)
    save_baseline(folder / BASELINE, model.baseline)
    baseline_error = errors[1] if errors else None
    curve = LossCurve(
        points=state.points, baseline=baseline_error.ciede2000 if baseline_error else None
    )
    media.write_png(folder / "loss.png", loss_picture(curve.points, curve.baseline))
    job.save(curve)
    job.save(
        TrainedModel(
            id=model_id,
            size=model.size,
            parameters=sum(p.numel() for p in best.residual.parameters()),
            steps=state.step,
            best_step=state.best_step,
            colorspace=WORKING_SPACE,
            file=MODEL,
            baseline_file=BASELINE,
            train_frames=frames["train"],
            holdout_frames=frames["holdout"],
            held_out=errors[0] if errors else None,
            baseline_held_out=baseline_error,
            faded_held_out=errors[2] if errors else None,
            started_from=earlier.id if earlier else None,
        )
    )


def _held_out_errors(state: State, lesson: Lesson) -> tuple[HeldOut, HeldOut, HeldOut] | None:
    """The held-out error of the best model, of the baseline, and of the faded source."""
    pixels = lesson.held_out
    if pixels is None:
        return None
    return (
        held_out_error(residual_of(state.best, lesson.model.size), pixels),
        pixels_error(pixels.base_cbcr, pixels),
        pixels_error(pixels.source_cbcr, pixels),
    )


def _key(job: Job, earlier: Earlier | None) -> str:
    """Stands for all that training depends on."""
    made_from = [
        (job.root / kind.PLACE).read_text(encoding="utf-8") for kind in (Targets, Balances)
    ]
    settings = job.project.train.model_dump_json()
    facts = [__version__, MODEL_SCHEMA, settings, earlier.id if earlier else "", *made_from]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
