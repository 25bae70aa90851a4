"""Writes the LUT baseline for other programs, with OpenColorIO."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import PyOpenColorIO as ocio

from unfade.errors import ProjectError
from unfade.film.working_space import WORKING_SPACE
from unfade.media.color_management import check_colorspace, conversion
from unfade.project.color_config import ColorManagement
from unfade.work.writing import write_text

if TYPE_CHECKING:
    from unfade.model.closed_form.lut import SmoothLut
    from unfade.model.closed_form.rgb_lut import LogShaper

LINEAR_SPACE = "Linear Rec.709 (sRGB)"
"""OpenColorIO name of the linear light of the working space, the input and output of a CLF."""

CLF, CTF = "Academy/ASC Common LUT Format", "Color Transform Format"
"""OpenColorIO names of formats; CTF also has steps that only OpenColorIO knows."""

CLF_NODES = 65
"""Nodes along each axis of a CLF. Its shaper covers highlights, so that 33 are too coarse: on
pictures of a 2K scan their mean difference from the baseline is 0.75 CIEDE2000, that of 65 is
0.27."""

CUBE_NODES = (33, 65)
"""Nodes along each axis of a .cube that programs for grading read."""


def write_lut(path: Path, chroma: SmoothLut, title: str, nodes: int | None = None) -> None:
    """Writes the LUT of a baseline as RGB to RGB; its nodes keep luma.

    A ``.cube`` is for R'G'B' of the working space, 0 to 1. A ``.clf`` is for linear light of
    Rec.709 from 0 to 16, through a logarithm.

    Args:
        path: the file, ``.cube`` or ``.clf``.
        chroma: from R'G'B' to Cb and Cr.
        title: what the LUT is for, on record in the file.
        nodes: along each axis of a .cube, 33 if none; a .clf has `CLF_NODES`.

    Raises:
        ProjectError: the suffix is another, or a number of nodes that the format does not have.
        WorkError: it cannot be written.
    """
    from unfade.model.closed_form.rgb_lut import LOG_SHAPER, display_lut, log_lut

    suffix = path.suffix.lower()
    allowed = {".cube": CUBE_NODES, ".clf": (CLF_NODES,)}.get(suffix)
    if allowed is None:
        raise ProjectError(
            f"{path}: a LUT is written as .cube or .clf; give the file one of these suffixes"
        )
    if nodes is not None and nodes not in allowed:
        numbers = " or ".join(map(str, allowed))
        raise ProjectError(f"{path}: {nodes} nodes are not offered for {suffix}; use {numbers}")
    size = nodes or allowed[0]
    if suffix == ".cube":
        write_text(path, _cube(display_lut(chroma, size), size, title))
    else:
        write_text(path, _clf(log_lut(chroma, size), LOG_SHAPER, title))


def write_conversion(stem: Path, space: str, colors: ColorManagement) -> str | None:
    """Writes the conversion of a colour space to the working space, for OpenColorIO in other
    programs.

    Args:
        stem: path without suffix: ``.clf``, or ``.ctf`` if the conversion has steps that CLF lacks.
        space: an OpenColorIO name or alias.
        colors: the config and the view.

    Returns:
        The name of the file; none if the space is the working space.

    Raises:
        ProjectError: there is no such space.
        WorkError: it cannot be written.
    """
    if check_colorspace(space, colors) == check_colorspace(WORKING_SPACE, colors):
        return None
    group = conversion(space, WORKING_SPACE, colors)
    metadata = group.getFormatMetadata()
    metadata.clear()
    metadata.setName(f"{space} to {WORKING_SPACE}")
    try:
        suffix, text = ".clf", group.write(formatName=CLF, config=ocio.Config.CreateRaw())
    except ocio.Exception:
        suffix, text = ".ctf", group.write(formatName=CTF, config=ocio.Config.CreateRaw())
    path = stem.with_name(stem.name + suffix)
    write_text(path, text)
    return path.name


def _cube(lut: SmoothLut, size: int, title: str) -> str:
    config = ocio.Config()
    config.addColorSpace(ocio.ColorSpace(name="source"))
    recovered = ocio.ColorSpace(name="recovered")
    recovered.setTransform(lut.transform(), ocio.COLORSPACE_DIR_FROM_REFERENCE)
    config.addColorSpace(recovered)
    config.setRole("default", "source")
    baker = ocio.Baker()
    baker.setConfig(config)
    baker.setInputSpace("source")
    baker.setTargetSpace("recovered")
    baker.setFormat("iridas_cube")
    baker.setCubeSize(size)
    values: str = baker.bake()
    quoted = title.replace('"', "'")
    return f'TITLE "{quoted}"\n# From and to {WORKING_SPACE}; made by Unfade\n{values}'


def _clf(lut: SmoothLut, shaper: LogShaper, title: str) -> str:
    transforms = (_log_transform(shaper), lut.transform(), _log_transform(shaper, inverse=True))
    group = ocio.GroupTransform()
    for transform in transforms:
        group.appendTransform(transform)
    metadata = group.getFormatMetadata()
    metadata.setName(title)
    metadata.addChildElement("Description", f"{title}; made by Unfade")
    metadata.addChildElement("InputDescriptor", LINEAR_SPACE)
    metadata.addChildElement("OutputDescriptor", LINEAR_SPACE)
    text: str = group.write(formatName=CLF, config=ocio.Config.CreateRaw())
    return text


def _log_transform(shaper: LogShaper, *, inverse: bool = False) -> ocio.LogAffineTransform:
    """The shaper: log2((light + offset) / offset) / stops."""
    transform = ocio.LogAffineTransform(
        logSideSlope=[1 / shaper.stops] * 3,
        linSideSlope=[1 / shaper.offset] * 3,
        linSideOffset=[1.0] * 3,
        direction=ocio.TRANSFORM_DIR_INVERSE if inverse else ocio.TRANSFORM_DIR_FORWARD,
    )
    transform.setBase(2)
    return transform
