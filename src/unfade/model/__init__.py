"""Prediction of the chroma of one film: closed-form laws, networks, and their files."""

from unfade.model.checkpoints import load_chosen
from unfade.model.chroma_model import ChromaModel
from unfade.model.closed_form.laws import Baseline, Laws
from unfade.model.files import load_baseline, load_model, model_id, save_baseline, save_model
from unfade.model.networks import ResidualNetworks

__all__ = [
    "Baseline",
    "ChromaModel",
    "Laws",
    "ResidualNetworks",
    "load_baseline",
    "load_chosen",
    "load_model",
    "model_id",
    "save_baseline",
    "save_model",
]
