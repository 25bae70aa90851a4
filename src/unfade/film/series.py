"""The films of a series: reels of one title, whose pairs train one model.

Training tells their shots and frames apart by numbers that count on from film to film. The film
that is trained keeps its own numbers; those of films before it are negative.
"""

from unfade.film.noun import Noun
from unfade.film.target import Target, Targets, UnpairedFrame

FRAMES_A_FILM = 2**32
"""Frame numbers between two films of a series: more than `MAX_FRAME` of film.toml."""

SHOTS_A_FILM = 2**20
"""Shot numbers between two films of a series: more shots than frames of a day."""


class SeriesFilm(Noun):
    """Another film of the series, from whose pairs the model learned, too.

    `name` is that of its folder. `train_frames` and `holdout_frames` are those of its pairs, in its
    own numbers. `targets_sha256` is the SHA-256 of its list of targets, which has the digests of
    their pictures.
    """

    name: str
    train_frames: tuple[int, ...]
    holdout_frames: tuple[int, ...]
    targets_sha256: str


def is_own_shot(shot: int) -> bool:
    """Whether a shot is of the film that is trained, and not of another one of its series."""
    return 0 <= shot < SHOTS_A_FILM


def frame_in_film(frame: int) -> int:
    """The number of a frame in its own film, which is the same in the training of every film."""
    return frame % FRAMES_A_FILM


def numbered(targets: Targets, place: int, folder: str) -> Targets:
    """The targets of another film of a series, with numbers of their own and whole paths.

    Args:
        targets: of the other film.
        place: its place in the series, less that of the film that is trained.
        folder: of its targets.
    """
    frames, shots = place * FRAMES_A_FILM, place * SHOTS_A_FILM

    def of_target(one: Target) -> Target:
        pair = one.pair.model_copy(
            update={"source": one.pair.source + frames, "shot": one.pair.shot + shots}
        )
        names = {name: f"{folder}/{getattr(one, name)}" for name in ("source", "truth", "weight")}
        return one.model_copy(update={"pair": pair, **names})

    def of_frame(one: UnpairedFrame) -> UnpairedFrame:
        numbers = {"frame": one.frame + frames, "shot": one.shot + shots}
        return one.model_copy(update={**numbers, "source": f"{folder}/{one.source}"})

    return targets.model_copy(
        update={
            "targets": tuple(map(of_target, targets.targets)),
            "between": tuple(map(of_frame, targets.between or ())),
        }
    )
