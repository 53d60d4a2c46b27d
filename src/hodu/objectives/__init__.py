"""Objectives: two captures in, a scalar out. One idea per file."""

from hodu.objectives.attention import AttentionScores
from hodu.objectives.base import Objective
from hodu.objectives.distributions import AttentionDistributions
from hodu.objectives.embeddings import Embeddings, Similarities
from hodu.objectives.ensemble import combine
from hodu.objectives.hidden import HiddenStates
from hodu.objectives.labels import Labels
from hodu.objectives.relations import Relations
from hodu.objectives.replaced import ReplacedTokens
from hodu.objectives.soft_targets import SoftTargets
from hodu.objectives.vocabulary import Vocabulary

__all__ = [
    "AttentionDistributions",
    "AttentionScores",
    "Embeddings",
    "HiddenStates",
    "Labels",
    "Objective",
    "Relations",
    "ReplacedTokens",
    "Similarities",
    "SoftTargets",
    "Vocabulary",
    "combine",
]
