"""Training: a recipe, models and batches in; a student folder out."""

from hodu.training.distilling import baseline, distill
from hodu.training.fine_tuning import train

__all__ = ["baseline", "distill", "train"]
