"""The films of a series: reels of one title, whose pairs train one model.

In training, numbers of shots and frames count on from film to film. The film that is trained keeps
its own numbers; those of films before it are negative.
"""

from unfade.film.noun import Noun
from unfade.film.wording import counted

FRAMES_A_FILM = 2**32
"""Frame numbers between two films of a series: more than `MAX_FRAME` of film.toml."""

SHOTS_A_FILM = 2**20
"""Shot numbers between two films of a series: more than the frames of 12 hours."""


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

    def in_words(self) -> str:
        """Such as "12 training pairs and 3 hold-out pairs of reel1"."""
        train = counted(len(self.train_frames), "training pair")
        return f"{train} and {counted(len(self.holdout_frames), 'hold-out pair')} of {self.name}"


def is_own_shot(shot: int) -> bool:
    """Whether a shot is of the film that is trained, and not of another one of its series."""
    return 0 <= shot < SHOTS_A_FILM


def frame_in_film(frame: int) -> int:
    """The number of a frame in its own film, which is the same in the training of every film."""
    return frame % FRAMES_A_FILM
