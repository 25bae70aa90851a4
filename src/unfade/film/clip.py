"""A clip: moving pictures as they lie on disk, and how they are to be read."""

from bisect import bisect_right
from typing import Literal, get_args

from pydantic import Field, model_validator

from unfade.film.cadence import Cadence
from unfade.film.noun import Artefact, Noun
from unfade.film.time import ExactFraction, FrameRange, parse_timecode, timecode_after

ClipKind = Literal["sequence", "movie", "still"]
FieldOrder = Literal["progressive", "top", "bottom", "film"]

Matrix = Literal["bt601", "bt709"]
"""The weights of red, green and blue in a movie's luma: those of ITU-R BT.601 or BT.709."""

_FIELD_WORDS = {
    "progressive": "progressive",
    "top": "interlaced, top field first",
    "bottom": "interlaced, bottom field first",
    "film": "film in fields",
}

CodeRange = Literal["full", "limited"]
"""Which integer codes are black and white: all of them, or 16 to 235 of 8 bits and the like."""

Orientation = Literal[
    "as-stored",
    "mirror",
    "turn-180",
    "flip",
    "mirror-turn-270",
    "turn-90",
    "mirror-turn-90",
    "turn-270",
]
"""What is done to the stored picture to show it: left and right are swapped by "mirror", top and
bottom by "flip", turns are degrees clockwise. In the order of the TIFF orientations 1 to 8."""

SOURCE_PROXY = "01-ingest/source-proxy.npy"
"""In the work directory: the source's live area in small, uint8 (frames, h, 128, 3), display."""


def reference_proxy(name: str) -> str:
    """Where the same of a reference is."""
    return f"01-ingest/reference-{name}-proxy.npy"


def orientation_number(word: Orientation) -> int:
    """The TIFF orientation that a word stands for, 1 to 8."""
    return get_args(Orientation).index(word) + 1


def orientation_word(number: int) -> Orientation:
    """The word for a TIFF orientation of 1 to 8."""
    word: Orientation = get_args(Orientation)[number - 1]
    return word


class Area(Noun):
    """A rectangle of pixels: `x`, `y` of its top left pixel, `width`, `height`."""

    x: int = Field(ge=0)
    y: int = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class Video(Noun):
    """How a movie's Y'CbCr is to be read."""

    matrix: Matrix
    range: CodeRange


class TimecodeJump(Noun):
    """A frame whose timecode does not go on from the frame before; none where it has none."""

    frame: int
    timecode: str | None


class Clip(Noun):
    """Moving pictures on disk.

    `path` is a movie file, a still, or a sequence pattern such as ``scan/reel1.%06d.dpx``;
    absolute, but in the artefact as film.toml has it.
    Frames of a sequence keep the numbers of their files; those of a movie start at 0.
    `orientation` says how the stored raster is turned to be shown, 1 to 8 as in TIFF and EXIF; all
    that is read is turned upright. `width` and `height` are of the upright picture, in pixels;
    `pixel_aspect` is width / height of one of them. `colorspace` is an OpenColorIO name. `fields`
    says how the stored picture is woven: of two instants with the "top" or "bottom" field first,
    which is deinterlaced when it is read; or of fields of "film", which are matched as `cadence`
    says. `fields_evidence` is what the pictures and the header showed of that, in words; empty for
    stills.
    `cadence` tells of each frame of `frames` which film frame it shows; none where nothing was
    found out.
    `live_area` is where the picture is, without sprockets, sound track and borders.
    `timecode` is of the first frame of `frames`, as ``"01:00:00:00"`` or, where it drops frames,
    ``"01:00:00;00"``; none where the files hold none. `timecode_jumps` are where it does not count
    on, in order, as at the splices of a scan of several rolls.
    `code_range` is of the integers of stills and of R'G'B' movies; that of others is in `video`.
    `remarks` are what a person is to know of how the clip is read: what its files say that is not
    followed, a sentence each.
    `random_access` says that every frame of a movie was found, when it was gone through, where the
    index of its packets has it, so that it can be read without all before it.
    `assumed` names facts that the files do not say and that nobody said: "colorspace", "rate".
    `ignored` names the channels that are not read, such as alpha.
    """

    path: str
    kind: ClipKind
    frames: FrameRange
    rate: ExactFraction
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    pixel_aspect: ExactFraction
    orientation: int = Field(default=1, ge=1, le=8)
    colorspace: str
    fields: FieldOrder = "progressive"
    fields_evidence: str = ""
    video: Video | None = None
    codec: str = ""
    live_area: Area
    cadence: Cadence | None = None
    timecode: str | None = None
    timecode_jumps: tuple[TimecodeJump, ...] = ()
    code_range: CodeRange = "full"
    remarks: tuple[str, ...] = ()
    random_access: bool = False
    ignored: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _cadence_fits(self) -> "Clip":
        if self.cadence is not None and len(self.cadence.weave) != len(self.frames):
            raise ValueError("'cadence' is not of as many frames as the clip")
        return self

    @model_validator(mode="after")
    def _timecode_exists(self) -> "Clip":
        for timecode in (self.timecode, *(jump.timecode for jump in self.timecode_jumps)):
            if timecode is not None:
                parse_timecode(timecode, self.rate)
        return self

    def film_frames(self) -> list[int]:
        """The numbers of frames that show each film frame once and whole, in order."""
        if self.cadence is None:
            return list(self.frames.frames())
        return [self.frames.first + place for place in self.cadence.film_frames()]

    def all_remarks(self) -> tuple[str, ...]:
        """What a person is to know of how the clip is read, what is assumed included."""
        values = {"colorspace": f"colour space {self.colorspace}", "rate": f"{self.rate} a second"}
        words = " and ".join(values[name] for name in self.assumed)
        return (*self.remarks, *([f"assumed, as its files do not say: {words}"] if words else []))

    def repeat_counts(self) -> list[int]:
        """For how many frames each of `film_frames` is shown from there on."""
        return [1] * len(self.frames) if self.cadence is None else self.cadence.repeat_counts()

    def fields_in_words(self) -> str:
        """How the stored picture is woven, and why it is taken to be so."""
        why = f" ({self.fields_evidence})" if self.fields_evidence else ""
        return _FIELD_WORDS[self.fields] + why

    def fields_message(self) -> str:
        """`fields_in_words`, and what to do where that is wrong; empty for stills."""
        if not self.fields_evidence:
            return ""
        was_set = self.fields_evidence.startswith("as film.toml says")
        remedy = "; set fields = 'progressive' for it in film.toml if that is wrong"
        return self.fields_in_words() + ("" if was_set or self.fields == "progressive" else remedy)

    def timecode_of(self, frame: int) -> str | None:
        """The timecode of a frame, none where it has none."""
        start = TimecodeJump(frame=self.frames.first, timecode=self.timecode)
        places = [jump.frame for jump in self.timecode_jumps]
        run = (start, *self.timecode_jumps)[bisect_right(places, frame)]
        if run.timecode is None:
            return None
        return timecode_after(run.timecode, frame - run.frame, self.rate)


class Clips(Artefact):
    """What ingest found: the scan, and the references by their names, as film.toml has them."""

    SCHEMA = "Clips.2"
    PATH = "01-ingest/clips.json"

    source: Clip
    references: dict[str, Clip] = Field(default_factory=dict)
