"""A clip: moving pictures on disk, and how to read them."""

from bisect import bisect_right
from typing import Literal, get_args

from pydantic import Field, model_validator

from unfade.film.cadence import Cadence
from unfade.film.damage import Damage
from unfade.film.noun import Artefact, FileName, Noun
from unfade.film.time import ClipFrames, ExactFraction, parse_timecode, timecode_after

ClipKind = Literal["sequence", "movie", "still"]
AssumedFact = Literal["colorspace", "rate"]
FieldOrder = Literal["progressive", "top", "bottom", "film"]
"""How the fields of a frame relate: see `Clip`."""

YCbCrMatrix = Literal["bt601", "bt709"]
"""The Y'CbCr matrix of a movie: that of ITU-R BT.601 or of BT.709."""

_FIELD_WORDS = {
    "progressive": "progressive",
    "top": "interlaced, top field first",
    "bottom": "interlaced, bottom field first",
    "film": "film in fields",
}

CodeRange = Literal["full", "limited"]
"""The integer codes of black and white: the first and the last code, or 16 and 235 of 8 bits."""

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
"""The change that shows a stored picture upright: "mirror" swaps left and right, "flip" swaps top
and bottom, turns are degrees clockwise. In the order of the TIFF orientations 1 to 8."""

SOURCE_PROXY = "01-ingest/source-proxy.npy"
"""Path, in the work directory, of the source's proxy: the live area 128 pixels wide, uint8
(frames, h, 128, 3), display values."""


def reference_proxy(name: str) -> str:
    """The path, in the work directory, of a reference's proxy, of the same kind."""
    return f"01-ingest/reference-{name}-proxy.npy"


def orientation_number(word: Orientation) -> int:
    """The TIFF orientation, 1 to 8, of a word."""
    return get_args(Orientation).index(word) + 1


def orientation_word(number: int) -> Orientation:
    """The word of a TIFF orientation, 1 to 8."""
    word: Orientation = get_args(Orientation)[number - 1]
    return word


class Area(Noun):
    """A rectangle of pixels: `x` and `y` of its top left pixel, `width` and `height`."""

    x: int = Field(ge=0)
    y: int = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class Video(Noun):
    """How to convert a movie's Y'CbCr to R'G'B'."""

    matrix: YCbCrMatrix
    range: CodeRange


class TimecodeJump(Noun):
    """A frame whose timecode does not follow that of the frame before.

    `timecode` is None if the frame has none.
    """

    frame: int
    timecode: str | None


class Clip(Noun):
    """Moving pictures on disk.

    `path` is a movie file, a still, or a sequence pattern such as ``scan/reel1.%06d.dpx``;
    absolute in memory, as in film.toml in the artefact.
    `frames` of a sequence are the numbers of its files; frames of a movie count from 0.
    `orientation` is the TIFF and EXIF orientation, 1 to 8, of the stored raster; pictures are
    turned upright when they are read. `width` and `height` are those of the upright picture, in
    pixels. `pixel_aspect` is width / height of a pixel. `colorspace` is an OpenColorIO name.
    `fields` is "top" or "bottom", the first field in time, if the two fields of a frame show two
    instants; reading deinterlaces them. It is "film" if the fields show film frames; reading
    matches them by `cadence`. `fields_evidence` says, in words, from what `fields` was decided;
    it is empty for stills.
    `cadence` gives the film frame of each frame; None if it was not analysed.
    `live_area` is the picture without sprockets, sound track and borders.
    `timecode` is that of the first frame, ``"01:00:00:00"``, or ``"01:00:00;00"`` if it drops
    frames; None if the files have none. `timecode_jumps` lists, in order, the frames at which it
    does not count on, as at the splices of a scan of several rolls.
    `code_range` is that of stills and of R'G'B' movies; that of Y'CbCr movies is in `video`.
    `remarks` are sentences for people about how the clip is read, such as header values that are
    not followed.
    `random_access` is true if every frame of a movie was found where the index of its packets puts
    it, so that a frame can be read without decoding all frames before it.
    `assumed` names the facts, "colorspace" or "rate", that neither the files nor film.toml state.
    `ignored` names the channels that are not read, such as alpha.
    `damage` lists the frames of a sequence that are missing or cannot be used. Reading gives the
    picture of `shown_frame` in their place.
    """

    path: str
    kind: ClipKind
    frames: ClipFrames
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
    assumed: tuple[AssumedFact, ...] = ()
    damage: Damage = Damage()

    @property
    def is_sequential(self) -> bool:
        """Whether reading a frame decodes all frames before it."""
        return self.kind == "movie" and not self.random_access

    @model_validator(mode="after")
    def _cadence_fits(self) -> "Clip":
        if self.cadence is not None and len(self.cadence.weave) != len(self.frames):
            raise ValueError("'cadence' and 'frames' differ in length")
        return self

    @model_validator(mode="after")
    def _timecode_exists(self) -> "Clip":
        for timecode in (self.timecode, *(jump.timecode for jump in self.timecode_jumps)):
            if timecode is not None:
                parse_timecode(timecode, self.rate)
        return self

    def film_frames(self) -> list[int]:
        """Frame numbers of the first whole frame of each film frame, in order."""
        if self.cadence is None:
            return list(self.frames.frames())
        return [self.frames.first + index for index in self.cadence.film_frames()]

    def shown_frame(self, frame: int) -> int:
        """The frame whose picture a frame shows: its own unless it is damaged."""
        return self.damage.shown_frame(frame, self.frames.first)

    def held_frame(self, frame: int) -> int | None:
        """`shown_frame` of a damaged frame; None for a good one."""
        return self.shown_frame(frame) if frame in self.damage else None

    def all_remarks(self) -> tuple[str, ...]:
        """`remarks`, and a sentence about what is assumed."""
        values = {"colorspace": f"colour space {self.colorspace}", "rate": f"{self.rate} a second"}
        words = " and ".join(values[name] for name in self.assumed)
        return (*self.remarks, *([f"assumed, as its files do not say: {words}"] if words else []))

    def repeat_counts(self) -> list[int]:
        """For each of `film_frames`, the number of frames that show it, itself included."""
        return [1] * len(self.frames) if self.cadence is None else self.cadence.repeat_counts()

    def fields_in_words(self) -> str:
        """The field order in words, with its evidence in brackets."""
        evidence = f" ({self.fields_evidence})" if self.fields_evidence else ""
        return _FIELD_WORDS[self.fields] + evidence

    def fields_message(self) -> str:
        """`fields_in_words`, and what to do if that is wrong; empty for stills."""
        if not self.fields_evidence:
            return ""
        was_set = self.fields_evidence.startswith("as film.toml says")
        remedy = "; set fields = 'progressive' for it in film.toml if that is wrong"
        return self.fields_in_words() + ("" if was_set or self.fields == "progressive" else remedy)

    def timecode_of(self, frame: int) -> str | None:
        """The timecode of a frame; None if it has none."""
        start = TimecodeJump(frame=self.frames.first, timecode=self.timecode)
        jump_frames = [jump.frame for jump in self.timecode_jumps]
        run = (start, *self.timecode_jumps)[bisect_right(jump_frames, frame)]
        if run.timecode is None:
            return None
        return timecode_after(run.timecode, frame - run.frame, self.rate)

    def frames_from_midnight(self, frame: int) -> int:
        """The timecode of a frame as a number of frames from midnight; without timecode, the
        number of the frame."""
        timecode = self.timecode_of(frame)
        return frame if timecode is None else parse_timecode(timecode, self.rate)


class Clips(Artefact):
    """The clips that ingest probed: the scan, and the references by their names in film.toml."""

    SCHEMA = "Clips.3"
    PATH = "01-ingest/clips.json"

    source: Clip
    references: dict[FileName, Clip] = Field(default_factory=dict)
