"""Where networks run.

What comes before them, the closed form, filters and features, is OpenCV's and SciPy's and stays on
the processor. Who asks a network brings pixels to its device, and takes the answer back.
"""

import torch


def network_device() -> torch.device:
    """The accelerator where torch finds one (CUDA, ROCm, MPS, XPU), else the processor."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
