"""Training: a recipe, models and batches in; a student folder out."""

from hodu.training.distill import baseline, distill
from hodu.training.train import train

__all__ = ["baseline", "distill", "train"]
