"""The film's view for the GPU of a browser: a shader that OpenColorIO writes, and its textures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import PyOpenColorIO as ocio
from numpy.typing import NDArray

from unfade.film.working_space import WORKING_SPACE
from unfade.media.color_management import processor_between
from unfade.media.scene_pictures import SCENE_SPACE
from unfade.project.color_config import ColorManagement

VIEW_FUNCTION = "film_view"
"""Name of the function in the shader: from a pixel of scene light to one of the display."""

MAX_TEXTURE_WIDTH_PX = 4096
"""Width of a 1D LUT in a texture; longer ones take several rows. All WebGL 2 devices of the last
ten years have twice that."""


@dataclass(frozen=True)
class ViewTexture:
    """A LUT of a view. `sampler` is its name in the shader; `values` (depth, height, width,
    channels) float32. It is a 3D texture if `is_3d`; `is_linear` if it is interpolated."""

    sampler: str
    values: NDArray[np.float32]
    is_3d: bool
    is_linear: bool


@dataclass(frozen=True)
class GpuView:
    """A view in GLSL ES 3.0. `shader` declares the samplers and the function `VIEW_FUNCTION`."""

    shader: str
    textures: tuple[ViewTexture, ...]


def gpu_view(colors: ColorManagement) -> GpuView:
    """The conversion from scene light to the working space, as `to_space` makes it: through the
    film's view if it has one.

    Raises:
        ProjectError: the config has no ACES2065-1.
    """
    processor = processor_between(SCENE_SPACE, WORKING_SPACE, colors)
    description = ocio.GpuShaderDesc.CreateShaderDesc(
        language=ocio.GPU_LANGUAGE_GLSL_ES_3_0, functionName=VIEW_FUNCTION
    )
    # GLSL ES has no 1D textures.
    description.setAllowTexture1D(False)
    description.setTextureMaxWidth(MAX_TEXTURE_WIDTH_PX)
    gpu = processor.getOptimizedGPUProcessor(ocio.OPTIMIZATION_LOSSLESS)
    gpu.extractGpuShaderInfo(description)
    flat = tuple(_flat_texture(one) for one in description.getTextures())
    deep = tuple(_deep_texture(one) for one in description.get3DTextures())
    return GpuView(description.getShaderText(), (*flat, *deep))


def _flat_texture(texture: ocio.GpuShaderDesc.Texture) -> ViewTexture:
    values = np.asarray(texture.getValues(), np.float32)
    shape = (1, texture.height, texture.width, -1)
    return ViewTexture(
        texture.samplerName, values.reshape(shape), False, _is_linear(texture.interpolation)
    )


def _deep_texture(texture: ocio.GpuShaderDesc.Texture3D) -> ViewTexture:
    """A 3D LUT; red runs along the width."""
    edge = texture.edgeLen
    values = np.asarray(texture.getValues(), np.float32).reshape(edge, edge, edge, 3)
    return ViewTexture(texture.samplerName, values, True, _is_linear(texture.interpolation))


def _is_linear(interpolation: ocio.Interpolation) -> bool:
    return bool(interpolation != ocio.INTERP_NEAREST)
