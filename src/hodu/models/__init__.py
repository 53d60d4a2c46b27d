"""Students: their shapes, their vocabulary, and where their weights start."""

from hodu.models.budget import Budget, parse_budget
from hodu.models.build import Plan, build_student, count_parameters, plan
from hodu.models.shapes import parse_shape, shape_of
from hodu.models.vocabulary import Pruned, prune_vocabulary

__all__ = [
    "Budget",
    "Plan",
    "Pruned",
    "build_student",
    "count_parameters",
    "parse_budget",
    "parse_shape",
    "plan",
    "prune_vocabulary",
    "shape_of",
]
