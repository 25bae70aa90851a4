"""Text of a new film.toml: the keys that people change most, each with a comment."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from unfade.film.clip import Clip
from unfade.film.values import TO_FILL_IN
from unfade.film.wording import counted

_TEMPLATE = """\
# A film for Unfade. Paths are relative to this file. A key that is not here has its default; an
# unknown key is an error that names the nearest key that exists.

[film]
title = {title}
# ocio = "house.ocio"           # another OpenColorIO config: a file, or ocio://...

[source]                        # the faded scan: its luma is kept
path = {source_path}
{source_facts}{reference}
# [ingest]
# balance = "dyes"              # undoes the estimated losses of dyes for the model's eyes

[curate]
pairs_per_shot = 4              # frames that the model learns from; usually 4 to 9 a shot
holdout_per_shot = 1            # frames that choose the checkpoint and that training never sees
test_per_shot = 1               # frames that only measure the result

[train]
size = "medium"                 # small, medium or large
# start_from = "earlier.safetensors"   # model file whose networks these start from

[render]
# format = "tiff"               # 16 bits; or "dpx" with bits = 10; only EXR keeps highlights
# strict = true                 # EXR as in SMPTE ST 2065-4, not compressed
colorspace = "ACES2065-1"       # any name of the OpenColorIO config
compression = "zip"             # lossless; "dwaa" takes a fifth of the space and changes luma
version = 1
# naming = "film"               # one sequence; the default "shot" is one for each shot

# [deliver]
# institution = "Film Archive"
# restorationist = "Name"
# movie = "prores"              # review movies; the default is "h264", "none" writes none

# A pair that you fix replaces the machine's choice. 'unfade pairs export' writes frames as pictures
# to paint on, and 'unfade pairs add' takes them back:
#
# [[pair]]
# source = {some_frame}
# reference = "painted.png"     # a picture, or a frame number of the reference
# colorspace = "ACEScg"         # of a picture whose file does not name it
# kind = "constructed"          # the default is "direct"
# role = "train"                # or "holdout", "test"
# aligned = true                # it lies as it should; align does not move it
# note = "Jacket after the lobby card"
"""

_REFERENCE = """
[reference]                     # the copy with good colour: its chroma is learned
path = {path}
{facts}"""

_ONE_OF_SEVERAL = """
[[reference]]                   # a copy with good colour; each pair takes the best
name = {name}
path = {path}
{facts}"""

_NO_REFERENCE = """
# There is nothing to take colour from yet. Where there is a copy with good colour, name it here;
# else state colours of frames, 'unfade construct', or paint frames: 'unfade pairs export', then
# 'unfade pairs add'.
#
# [reference]
# path = "dvd.mkv"
"""

_COMMENT_COLUMN = 32
"""Column at which comments start, characters, so that they stand in line."""

_EXAMPLES = {
    "colorspace": 'a name of the OpenColorIO config, for example "ACEScct"',
    "rate": 'for example "24000/1001"',
    "pixel_aspect": 'width / height, for example "1/1"',
    "orientation": '"as-stored" or "turn-90" and the like',
    "range": '"full" or "limited"',
    "matrix": '"bt601" or "bt709"',
}
_DENSITIES = 'film densities are "ADX10" or "ADX16" where the scanner follows ACES'


@dataclass(frozen=True)
class TemplateElement:
    """A clip of a new film.toml. `to_fill_in` holds the keys that a person has to fill in, each
    with what its files say about it."""

    name: str
    path: str
    clip: Clip
    to_fill_in: Mapping[str, str] = field(default_factory=dict)


def project_text(title: str, source: TemplateElement, references: Sequence[TemplateElement]) -> str:
    """The text of a film.toml.

    Args:
        title: title of the film.
        source: the faded scan.
        references: the copies with good colour; may be empty.
    """
    form = _REFERENCE if len(references) < 2 else _ONE_OF_SEVERAL
    sections = [
        form.format(path=quoted(one.path), name=quoted(one.name), facts=_facts(one))
        for one in references
    ]
    return _TEMPLATE.format(
        title=quoted(title),
        source_path=quoted(source.path),
        source_facts=_facts(source),
        reference="".join(sections) or _NO_REFERENCE,
        some_frame=source.clip.frames.first,
    )


def quoted(text: str) -> str:
    """A text as a TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _facts(element: TemplateElement) -> str:
    """Lines about a clip: keys where a person may know better, comments for the rest."""
    clip = element.clip
    size = f"{clip.width} x {clip.height} pixels"
    found = {
        "colorspace": (clip.colorspace, "any name of the OpenColorIO config"),
        "rate": (f"{clip.rate.numerator}/{clip.rate.denominator}", "frames a second"),
    }
    lines = [f"# found: {counted(len(clip.frames), 'frame')}, {size}, {clip.codec}"]
    if clip.fields_evidence:
        line = f"# fields = {quoted(clip.fields)}"
        lines.append(_with_comment(line, f"found: {clip.fields_evidence}"))
    if clip.damage:
        caveat = " ".join(clip.damage.caveat().split())
        found_damage = f'or "skip"; else an error: {caveat}'
        lines.append(_with_comment('# damaged = "hold"', found_damage))
    lines += [f"# {' '.join(remark.split())}" for remark in clip.remarks]
    lines += [
        _setting(key, value, remark, is_assumed=key in clip.assumed)
        for key, (value, remark) in found.items()
        if key not in element.to_fill_in
    ]
    lines += [_blank(key, known) for key, known in element.to_fill_in.items()]
    area = f"# live_area = [0, 0, {clip.width}, {clip.height}]"
    lines.append(_with_comment(area, "x, y, width, height; else found"))
    return "\n".join(lines) + "\n"


def _setting(key: str, value: str, remark: str, *, is_assumed: bool) -> str:
    """A line with a key; an assumed value stays a comment until a person confirms it."""
    line = f"{key} = {quoted(value)}"
    if not is_assumed:
        return _with_comment(line, remark)
    return _with_comment(f"# {line}", "assumed: the files do not say; take the first '#' off if so")


def _blank(key: str, known: str) -> str:
    """A line with a key that a person has to fill in."""
    known = " ".join(known.split())
    example = _DENSITIES if "Printing density" in known else _EXAMPLES[key]
    return _with_comment(f'{key} = "{TO_FILL_IN}"', f"fill in, because {known}; {example}")


def _with_comment(line: str, comment: str) -> str:
    return f"{line + ' ':<{_COMMENT_COLUMN}}# {comment}"
