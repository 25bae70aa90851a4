"""What learns: laws in closed form, the residual network, and their files."""

from unfade.network.chroma_model import ChromaModel, Residual
from unfade.network.files import load_baseline, load_model, model_id, save_baseline, save_model
from unfade.network.laws import Baseline, Laws, Sample, fit_laws

__all__ = [
    "Baseline",
    "ChromaModel",
    "Laws",
    "Residual",
    "Sample",
    "fit_laws",
    "load_baseline",
    "load_model",
    "model_id",
    "save_baseline",
    "save_model",
]
