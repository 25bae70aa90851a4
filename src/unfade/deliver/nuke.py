"""A Nuke script that reads original, recovered and reference and shows them beside each other.

Files are read raw and converted to the working space by OCIOFileTransform nodes with files beside
the script, so that the colour management of Nuke's project changes nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from unfade.color.rec709 import CB_SCALE, CR_SCALE, KB, KG, KR
from unfade.film.clip import Area
from unfade.film.file_pattern import parse_file_pattern
from unfade.film.time import FrameRange

SCRIPT_VERSION = "13.0 v1"
"""Oldest Nuke that the script is meant for: the first with the Inference node."""

COLUMN_PX, ROW_PX = 220, 90
"""Distances of nodes in the node graph, wide enough for their names."""

TO_YCBCR = (
    (KR, KG, KB),
    (-KR / CB_SCALE, -KG / CB_SCALE, (1 - KB) / CB_SCALE),
    ((1 - KR) / CR_SCALE, -KG / CR_SCALE, -KB / CR_SCALE),
)
"""R'G'B' to Y'CbCr of Rec.709."""

TO_RGB = (
    (1.0, 0.0, CR_SCALE),
    (1.0, -KB * CB_SCALE / KG, -KR * CR_SCALE / KG),
    (1.0, CB_SCALE, 0.0),
)
"""Y'CbCr of Rec.709 to R'G'B'."""

NOTE = (
    "Made by Unfade, and not tried in Nuke.\n"
    "All nodes below a conversion hold R'G'B' of {space}: view them without a viewer process.\n"
    "Rebuilt has the luma of the original and the chroma of the masters; Difference is black up to "
    "the rounding of the files.\n"
    "A model of the folder models (.pt, by CatFileCreator) belongs below LiveArea; channels in and "
    "out are rgba.red, rgba.green, rgba.blue."
)
"""Text of the note in the node graph."""

Value = str | int | float | Sequence[Sequence[float]]


@dataclass(frozen=True)
class Footage:
    """Frames of one file or sequence.

    `path` leads from the folder of the script, a movie or a pattern. `conversion` is the path of
    the conversion to the working space; none for frames that are in it. Frames of a movie count
    from 0.
    """

    path: str
    frames: FrameRange
    conversion: str | None
    is_movie: bool = False


@dataclass(frozen=True)
class NukeContent:
    """Everything that the script shows. `masters` are in the order of their frames. `live_area`
    counts lines from the top."""

    name: str
    rate: float
    width: int
    height: int
    pixel_aspect: float
    live_area: Area
    space: str
    lut: str
    original: Footage
    masters: Sequence[Footage]
    references: Mapping[str, Footage] = field(default_factory=dict)


class _Script:
    """Nodes in the order in which Nuke reads them: each takes its inputs from a stack."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def node(self, kind: str, name: str, inputs: Iterable[str] = (), /, **knobs: Value) -> str:
        """Adds a node, with its inputs by their names, the first as input 0.

        Returns:
            Its name.
        """
        names = list(inputs)
        self.lines += [f"push $N{one}" for one in reversed(names)]
        self.lines.append(f"{kind} {{")
        self.lines += [f" {knob} {_value(value)}" for knob, value in knobs.items()]
        self.lines += [f" inputs {len(names)}", f" name {name}", "}", f"set N{name} [stack 0]"]
        return name

    def at(self, column: int, row: int) -> dict[str, int]:
        """The place of a node in the node graph."""
        return {"xpos": column * COLUMN_PX, "ypos": row * ROW_PX}


def nuke_script(content: NukeContent) -> str:
    """The script, to be saved in the folder from which the paths of `content` lead."""
    script = _Script()
    script.lines += ["#! Nuke -nx", f"version {SCRIPT_VERSION}", *_root(content)]
    original = _read(script, "Original", content.original, 0)
    recovered = _masters(script, content.masters)
    rebuilt = _rebuilt(script, original, recovered)
    difference = script.node(
        "Merge2", "Difference", (recovered, rebuilt), operation="difference", **script.at(2, 6)
    )
    wipe = _wipe(script, original, recovered)
    lut = script.node(
        "OCIOFileTransform", "Lut", (original,), file=_path(content.lut), **script.at(0, 3)
    )
    area = content.live_area
    bottom = content.height - area.y - area.height
    box = f"{{{area.x} {bottom} {area.x + area.width} {bottom + area.height}}}"
    script.node("Crop", "LiveArea", (original,), box=_Raw(box), reformat="true", **script.at(-1, 3))
    references = [
        _read(script, f"Reference{number}", footage, 2 + number, label)
        for number, (label, footage) in enumerate(content.references.items(), start=1)
    ]
    shown = (wipe, recovered, original, rebuilt, difference, lut, *references)
    script.node("Viewer", "Viewer1", shown, **script.at(1, 8))
    note = NOTE.format(space=content.space)
    script.lines += ["StickyNote {", " inputs 0", " name Note", f" label {_quoted(note)}"]
    script.lines += [f" xpos {-3 * COLUMN_PX}", " ypos 0", "}"]
    return "\n".join(script.lines) + "\n"


def _root(content: NukeContent) -> list[str]:
    first, last = content.masters[0].frames.first, content.masters[-1].frames.last
    width, height = content.width, content.height
    shape = f"{width} {height} 0 0 {width} {height} {content.pixel_aspect:.10g} {content.name}"
    return [
        "Root {",
        " inputs 0",
        f" frame {first}",
        f" first_frame {first}",
        f" last_frame {last}",
        " lock_range true",
        f" fps {content.rate:.10g}",
        f" format {_quoted(shape)}",
        "}",
    ]


def _read(script: _Script, name: str, footage: Footage, column: int, label: str = "") -> str:
    """Read, and the conversion to the working space."""
    is_converted = footage.conversion is not None
    script.node(
        "Read",
        f"Read{name}" if is_converted else name,
        **_read_knobs(footage),
        label=_quoted(label),
        **script.at(column, 0),
    )
    if footage.conversion is None:
        return name
    return _converted(script, name, f"Read{name}", footage.conversion, column)


def _converted(script: _Script, name: str, read: str, conversion: str, column: int) -> str:
    return script.node(
        "OCIOFileTransform", name, (read,), file=_path(conversion), **script.at(column, 2)
    )


def _read_knobs(footage: Footage) -> dict[str, Value]:
    shift = 1 if footage.is_movie else 0
    first, last = footage.frames.first, footage.frames.last
    knobs: dict[str, Value] = {
        "file": _path(_pattern(footage)),
        "first": first + shift,
        "last": last + shift,
        "before": "black",
        "after": "black",
        "origfirst": first + shift,
        "origlast": last + shift,
        "origset": "true",
        "on_error": "black",
        "raw": "true",
    }
    if footage.is_movie:
        # Nuke counts the frames of a movie from 1.
        knobs |= {"frame_mode": "expression", "frame": _quoted("frame+1")}
    return knobs


def _pattern(footage: Footage) -> str:
    """The path with a placeholder that Nuke reads, ``%07d``."""
    pattern = None if footage.is_movie else parse_file_pattern(footage.path)
    if pattern is None:
        return footage.path
    return f"{pattern.prefix}%0{pattern.width}d{pattern.suffix}"


def _masters(script: _Script, masters: Sequence[Footage]) -> str:
    """The masters of all shots, by a switch that changes at the first frame of each."""
    reads = [
        script.node(
            "Read", f"ReadRecovered{number}", **_read_knobs(one), **script.at(1 + number, -2)
        )
        for number, one in enumerate(masters, start=1)
    ]
    keys = " ".join(f"x{one.frames.first} {index}" for index, one in enumerate(masters))
    is_converted = masters[0].conversion is not None
    name = "Masters" if is_converted else "Recovered"
    which = _Raw(f"{{{{curve K {keys}}}}}")
    script.node("Switch", name, reads, which=which, **script.at(1, 0))
    if masters[0].conversion is None:
        return name
    return _converted(script, "Recovered", name, masters[0].conversion, 1)


def _rebuilt(script: _Script, original: str, recovered: str) -> str:
    """Luma of the original, chroma of the masters."""
    for name, source, column in (("Luma", original, 1), ("Chroma", recovered, 2)):
        script.node("ColorMatrix", name, (source,), matrix=TO_YCBCR, **script.at(column, 3))
    script.node(
        "Copy",
        "LumaToMasters",
        ("Chroma", "Luma"),
        from0="rgba.red",
        to0="rgba.red",
        **script.at(2, 4),
    )
    return script.node(
        "ColorMatrix", "Rebuilt", ("LumaToMasters",), matrix=TO_RGB, **script.at(2, 5)
    )


def _wipe(script: _Script, original: str, recovered: str) -> str:
    """The original left of a line, the masters right of it; `split` moves the line."""
    script.node(
        "Expression",
        "WipeMask",
        (original,),
        expr3=_quoted("x < width * split"),
        addUserKnob=_Raw("{20 Wipe}\n addUserKnob {7 split R 0 1}\n split 0.5"),
        **script.at(-1, 5),
    )
    return script.node(
        "Keymix", "Wipe", (recovered, original, "WipeMask"), channels="rgb", **script.at(0, 6)
    )


class _Raw(str):
    """The text of a value as the script has it."""


def _path(path: str) -> "_Raw":
    """A path from the folder of the script, which Nuke evaluates."""
    literal = path.replace("\\", "\\\\").replace("[", "\\[").replace("$", "\\$")
    return _quoted(f"[file dirname [value root.name]]/{literal}")


def _quoted(text: str) -> "_Raw":
    """A word of Tcl in quotes, which gives the text when the script is read."""
    escaped = re.sub(r'[\\"\[$]', r"\\\g<0>", text).replace("\n", "\\n")
    return _Raw(f'"{escaped}"')


def _value(value: Value) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    rows = "\n".join("     {" + " ".join(f"{one:.10g}" for one in row) + "}" for row in value)
    return "{\n" + rows + "\n }"
