"""A new film.toml, with a word on what people change most."""

from collections.abc import Sequence

from unfade.film.clip import Clip

_TEMPLATE = """\
# A film for Unfade. Paths are relative to this file. Every setting that is not here has a
# default; a key that does not exist is an error that names the nearest one that does.

[film]
title = {title}
# ocio = "house.ocio"           # another OpenColorIO config: a file, or ocio://...

[source]                        # the faded scan: its luma is kept
path = {source_path}
{source_facts}{reference}
# [ingest]
# balance = "none"              # the model sees the source in a neutral balance; "auto" finds it

[curate]
pairs_per_shot = 4              # frames that the model learns from; 4 to 9 a shot is usual
holdout_per_shot = 1            # frames that it is examined on and never sees

[train]
size = "medium"                 # small, medium or large
# start_from = "earlier.safetensors"   # the networks of an earlier film's model

[render]
# format = "tiff"               # 16 bits; or "dpx" with bits = 10; EXR alone keeps highlights
# strict = true                 # EXR as SMPTE ST 2065-4 has it: not compressed
colorspace = "ACES2065-1"       # any name of the OpenColorIO config
compression = "zip"             # lossless; "dwaa" is a fifth of the size and moves the luma
version = 1
# naming = "film"               # one sequence; "shot" is the default, a sequence a shot

# [deliver]
# institution = "Film Archive"
# restorationist = "Name"
# movie = "prores"              # review movies; "h264" is the default, "none" leaves them out

# A pair that a person fixes goes before every choice of the machine:
#
# [[pair]]
# source = {some_frame}
# reference = "painted.png"     # a picture, or a frame number of the reference
# kind = "constructed"          # "direct" is the default
# role = "train"                # or "holdout"
# aligned = true                # do not search, trust it
# note = "Jacket after the lobby card"
"""

_REFERENCE = """
[reference]                     # the copy with good colour: its chroma is learnt
path = {path}
{facts}"""

_ONE_OF_SEVERAL = """
[[reference]]                   # a copy with good colour; each pair takes the best
name = {name}
path = {path}
{facts}"""


def project_text(
    title: str, source_path: str, source: Clip, references: Sequence[tuple[str, str, Clip]]
) -> str:
    """The text of a film.toml.

    Args:
        title: of the film.
        source_path: of the scan, as film.toml is to name it.
        source: what the scan was found to be.
        references: of each its name and its path, as film.toml is to have them, and what it was
            found to be.
    """
    form = _REFERENCE if len(references) < 2 else _ONE_OF_SEVERAL
    sections = [
        form.format(path=quoted(path), name=quoted(name), facts=_facts(clip))
        for name, path, clip in references
    ]
    return _TEMPLATE.format(
        title=quoted(title),
        source_path=quoted(source_path),
        source_facts=_facts(source),
        reference="".join(sections),
        some_frame=source.frames.first,
    )


def quoted(text: str) -> str:
    """A text as a TOML basic string."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(escapes.get(letter, letter) for letter in text) + '"'


def _facts(clip: Clip) -> str:
    """What was found, as settings where a person may know better and as comments elsewhere."""
    rate = f"{clip.rate.numerator}/{clip.rate.denominator}"
    size = f"{clip.width} x {clip.height} pixels"
    found = f"# found: {len(clip.frames)} frames, {size}, {clip.codec}\n"
    if clip.fields_evidence:
        found += f"# fields = {quoted(clip.fields)}   # found: {clip.fields_evidence}\n"
    return found + (
        f"colorspace = {quoted(clip.colorspace)}\n"
        f'rate = "{rate}"                   # frames a second\n'
        f"# live_area = [0, 0, {clip.width}, {clip.height}]   # x, y, width, height; else found\n"
    )
