"""Listeners: what happens beside a search, without influencing it."""

from population.callbacks.base import Callback, Generation
from population.callbacks.mlflow import MLflow
from population.callbacks.progress_table import ProgressTable
from population.callbacks.tensorboard import TensorBoard
from population.callbacks.tracker import Tracker
from population.callbacks.wandb import WandB
from population.extras import MissingExtraError

__all__ = [
    "Callback",
    "Generation",
    "MLflow",
    "MissingExtraError",
    "ProgressTable",
    "TensorBoard",
    "Tracker",
    "WandB",
]
