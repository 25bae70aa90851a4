"""The device on which networks run.

Closed form, filters and features use OpenCV and SciPy and stay on the CPU. A caller of a network
moves pixels to its device and the result back.
"""

import torch


def network_device() -> torch.device:
    """The accelerator if torch finds one (CUDA, ROCm, MPS, XPU), else the CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
