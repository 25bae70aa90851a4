"""What learns: laws in closed form, the residual network, and their files."""

from unfade.model.chroma_model import ChromaModel
from unfade.model.closed_form.laws import Baseline, Laws, Sample, fit_laws
from unfade.model.files import load_baseline, load_model, model_id, save_baseline, save_model
from unfade.model.networks import Residual

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
