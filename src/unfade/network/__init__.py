"""What learns: the closed-form baseline, the residual network, and their files."""

from unfade.network.baseline import Baseline, Sample, fit_baseline
from unfade.network.chroma_model import ChromaModel, Residual
from unfade.network.files import load_baseline, load_model, model_id, save_baseline, save_model

__all__ = [
    "Baseline",
    "ChromaModel",
    "Residual",
    "Sample",
    "fit_baseline",
    "load_baseline",
    "load_model",
    "model_id",
    "save_baseline",
    "save_model",
]
