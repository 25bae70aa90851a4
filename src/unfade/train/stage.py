"""Train: fit the model of one film to its targets."""

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path

from torch import Tensor

from unfade import __version__, media
from unfade.drawing.chart import loss_picture
from unfade.errors import MatchError
from unfade.film.balance import FilmBalance
from unfade.film.method import Methods
from unfade.film.model import ShotModel
from unfade.film.pair import PairList, PairRole
from unfade.film.target import Target, Targets, UnpairedFrame
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.model import ChromaModel, save_baseline, save_model
from unfade.model.checkpoints import checkpoint_ids, save_checkpoints
from unfade.model.device import map_networks, network_device
from unfade.model.files import MODEL_SCHEMA
from unfade.model.raster import to_raster
from unfade.train.contact_sheet import ContactSheets, PreviewFrame, draw_carried, is_due
from unfade.train.data.pixels import TrainingPicture
from unfade.train.data.series import model_of_film
from unfade.train.data.stored_pictures import TargetPictures, UnpairedFrames
from unfade.train.fit.calibrate import with_uncertainty
from unfade.train.fit.checkpoint import load_checkpoint, save_checkpoint
from unfade.train.fit.loop import State, learn, residual_of, start
from unfade.train.fit.shot_networks import PixelsOfShots
from unfade.train.fit.start_from import EarlierModel, load_earlier
from unfade.train.method_choice import (
    BlockErrors,
    HeldOutPicture,
    block_errors,
    methods_by_errors,
)
from unfade.train.newest import CHECKPOINT, forget_closed_form, save_closed_form
from unfade.train.outcome import Outcome, curve_of, held_out_errors
from unfade.train.stop import ends_at, forget_other_stops, is_stopped
from unfade.train.training_set import TrainingSet, prepare
from unfade.train.units import kept_networks, shot_units
from unfade.work.job import Job
from unfade.work.memory import return_freed_memory
from unfade.work.series import Series, load_series
from unfade.work.units import results

CARRIED = "carried.png"
MODEL = "model.safetensors"
BASELINE = "baseline.safetensors"
CHECKPOINTS = "checkpoints.safetensors"
"""Files in the folder of the stage."""

SHEET_ROWS = 4
"""Pictures of a contact sheet: one hold-out pair and training pairs spread over the film. More rows
would not fit a screen."""


def run(job: Job) -> None:
    """Trains the model of a film; writes it, its loss curve and its contact sheets.

    Raises:
        MatchError: no target has the role "train".
        ProjectError: 'train.start_from' names no model of this size, or 'film.series' no film.
        WorkError: another film of the series has no targets.
    """
    targets, previews = job.load(Targets), _previews(job)
    if not targets.with_role("train"):
        raise MatchError(
            f"{job.root / Targets.PATH}: holds no training pair; add one with [[pair]] or a "
            f"better [reference]"
        )
    series, earlier = load_series(job), _earlier_model(job)
    key = _key(job, earlier, series)
    forget_other_stops(job, key)
    forget_closed_form(job.folder("train"))
    training_set = _prepare(job, series, targets)
    return_freed_memory()
    _draw_carried(job, training_set)
    shown = (_pictures(job, targets, role) for role in ("train", "holdout"))
    sheets = ContactSheets(training_set.model, _of_sheet(*shown), previews)
    state = _learn(job, training_set, sheets, earlier, key)
    return_freed_memory()
    model, shot_models = _complete(job, training_set, state, targets)
    pairs = [target.pair for target in targets.targets]
    errors = held_out_errors(model, training_set.held_out) if training_set.held_out else None
    started_from = earlier.id if earlier else None
    forget_other_stops(job, key)
    stopped = is_stopped(job, key)
    outcome = Outcome(
        state,
        training_set,
        model,
        shot_models,
        pairs,
        started_from,
        errors,
        stopped,
        series.records(),
    )
    _save(job, outcome)


def _prepare(job: Job, series: Series, targets: Targets) -> TrainingSet:
    """The training set of a film and of the others of its series, for which the balance of the
    first one counts: one model sees the same colour alike in all of them."""
    of_series = series.targets(targets)
    unpaired = None
    if of_series.between is not None:
        unpaired = UnpairedFrames(_between(job, of_series), partial(_read_unpaired, job))
    return prepare(
        _pictures(job, of_series, "train"),
        _pictures(job, of_series, "holdout"),
        job.project.train,
        series.grade or job.load(FilmBalance).grade,
        unpaired,
        job.progress.track,
        job.folder("train"),
    )


def _draw_carried(job: Job, training_set: TrainingSet) -> None:
    """Writes ``carried.png``, a sheet of some frames with carried chroma, or removes an old one."""
    path = job.folder("train") / CARRIED
    path.unlink(missing_ok=True)
    numbers = training_set.carried
    if numbers:
        some = numbers[:: max(1, len(numbers) // SHEET_ROWS)][:SHEET_ROWS]
        media.write_png(path, draw_carried(training_set.pictures, some))


def _pictures(job: Job, targets: Targets, role: PairRole) -> TargetPictures:
    """The targets of one role."""
    return TargetPictures(targets.with_role(role), partial(_read_target, job))


def _read_target(job: Job, target: Target) -> tuple[Tensor, Tensor, Tensor]:
    folder = (job.root / Targets.PATH).parent
    return (
        media.read_picture(str(folder / target.source), WORKING_SPACE),
        media.read_picture(str(folder / target.truth), WORKING_SPACE),
        media.read_plane(folder / target.weight),
    )


def _read_unpaired(job: Job, frame: UnpairedFrame) -> Tensor:
    folder = (job.root / Targets.PATH).parent
    return media.read_picture(str(folder / frame.source), WORKING_SPACE)


def _previews(job: Job) -> list[PreviewFrame]:
    """The frames of 'train.preview', in order; they are frames of the scan."""
    numbers = sorted({*job.project.train.preview})
    if not numbers:
        return []
    source, shots = job.clips().source, job.load(PairList).shots

    def read(number: int, source_rgb: Tensor) -> PreviewFrame:
        shot = next(one.number for one in shots if number in one.frames)
        return PreviewFrame(to_raster(crop(source_rgb, source.live_area)), number, shot)

    return list(media.map_frames(read, source, numbers, job.colors))


def _between(job: Job, targets: Targets) -> tuple[UnpairedFrame, ...]:
    """The frames that colour may be carried to; previews are not, because they are to show what
    training does not."""
    previews = job.project.train.preview
    return tuple(one for one in targets.between or () if one.frame not in previews)


def _of_sheet(train: TargetPictures, held_out: TargetPictures) -> list[TrainingPicture]:
    """The pictures of contact sheets: a hold-out pair, and training pairs spread over the film."""
    stride = max(1, len(train) // SHEET_ROWS)
    rows = [(held_out, index) for index in range(len(held_out))][:1]
    rows += [(train, index) for index in range(0, len(train), stride)]
    return [pictures[index] for pictures, index in rows[:SHEET_ROWS]]


def _learn(
    job: Job,
    training_set: TrainingSet,
    sheets: ContactSheets,
    earlier: EarlierModel | None,
    key: str,
) -> State:
    """Trains from the last checkpoint of the same settings and targets, or from the start.

    The loss curve is written at every checkpoint, and a person may end training at each.

    Sheets of kept checkpoints are drawn again, because the previews may be others.
    """
    settings = job.project.train
    folder = job.folder("train")
    state = load_checkpoint(folder / CHECKPOINT, key, settings.size)
    if state is None:
        for sheet in folder.glob("sheet-*.png"):
            sheet.unlink()
        state = start(
            training_set.train,
            training_set.choosing,
            settings,
            earlier.weights if earlier else None,
        )
    for step, weights in state.kept.items():
        if _sheet(job, step).exists():
            media.write_png(_sheet(job, step), sheets.draw(step, weights))
    save_closed_form(folder, training_set, key)
    job.save(curve_of(state, training_set))
    if state.step > 0 and ends_at(job, state.step, key):
        return state
    total = -(-(settings.steps - state.step) // settings.checkpoint)
    states = learn(state, training_set.train, training_set.choosing, settings)
    for next_state in job.progress.track(states, "Training", total):
        if is_due(state.step, next_state.step, settings):
            picture = sheets.draw(next_state.step, next_state.weights)
            media.write_png(_sheet(job, next_state.step), picture)
        state = next_state
        save_checkpoint(folder / CHECKPOINT, state, key)
        job.save(curve_of(state, training_set))
        if ends_at(job, state.step, key):
            break
    return state


def _sheet(job: Job, step: int) -> Path:
    return job.folder("train") / f"sheet-{step:06d}.png"


def _earlier_model(job: Job) -> EarlierModel | None:
    """The earlier model named by 'train.start_from'; none without that key."""
    settings = job.project.train
    if settings.start_from is None:
        return None
    return load_earlier(Path(job.resolve(settings.start_from)), settings.size)


def _complete(
    job: Job, training_set: TrainingSet, state: State, targets: Targets
) -> tuple[ChromaModel, tuple[ShotModel, ...]]:
    """The calibrated model with the shot networks that are kept and the method of each shot, and
    all comparisons of shot networks."""
    settings = job.project.train
    trials = []
    if settings.shot_models == "auto":
        units = shot_units(state.best, PixelsOfShots.of(training_set))
        trials = list(results(job, units, "Training shot networks"))
        return_freed_memory()
    model = replace(
        training_set.model.with_residual(residual_of(state.best, settings.size)),
        shot_networks=kept_networks(trials, settings.size),
        baseline=training_set.baseline,
    )
    model = replace(model, methods=_methods(job, model, targets))
    model = with_uncertainty(model, training_set.train, training_set.held_out)
    verdicts = [ShotModel.model_validate(one) for trial in trials for one in trial.facts]
    return model_of_film(model), tuple(verdicts)


def _methods(job: Job, model: ChromaModel, targets: Targets) -> Methods:
    """The method of each shot, by the hold-out pairs at the size of their targets."""

    def errors(target: Target) -> BlockErrors:
        picture = HeldOutPicture(target.pair.shot, *_read_target(job, target))
        found = block_errors(model, picture)
        return_freed_memory()
        return found

    held_out = targets.with_role("holdout")
    found = map_networks(errors, held_out)
    return methods_by_errors(
        job.progress.track(found, "Comparing networks, law and LUT", len(held_out))
    )


def _save(job: Job, outcome: Outcome) -> None:
    """Writes the model, its baseline, its loss curve and its record."""
    folder, curve = job.folder("train"), outcome.curve()
    facts = outcome.facts() | {
        "unfade": __version__,
        "seed": job.project.train.seed,
        "device": network_device().type,
    }
    model_id = save_model(folder / MODEL, outcome.model, facts)
    checkpoints = outcome.state.checkpoints()
    (folder / CHECKPOINTS).unlink(missing_ok=True)
    ids = {}
    if checkpoints:
        save_checkpoints(folder / CHECKPOINTS, checkpoints)
        ids = checkpoint_ids(folder / MODEL, folder / CHECKPOINTS, checkpoints)
    save_baseline(folder / BASELINE, outcome.training_set.baseline)
    media.write_png(folder / "loss.png", loss_picture(curve.points, curve.baseline))
    forget_closed_form(folder)
    job.save(curve)
    job.save(outcome.record(model_id, MODEL, BASELINE, ids, CHECKPOINTS if ids else None))


def _key(job: Job, earlier: EarlierModel | None, series: Series) -> str:
    """Digest of all that training depends on, by which a checkpoint is recognised.

    Of the previews only those count that would be learned from otherwise.
    """
    inputs = [(job.root / kind.PATH).read_text(encoding="utf-8") for kind in (Targets, FilmBalance)]
    settings = job.project.train.model_dump_json(exclude={"preview"})
    between = [str(one.frame) for one in _between(job, job.load(Targets))]
    facts = [__version__, MODEL_SCHEMA, settings, earlier.id if earlier else "", *inputs, *between]
    facts += series.facts()
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
