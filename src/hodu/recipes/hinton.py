"""Hinton et al. 2015: soft targets of one teacher or an ensemble, and hard labels."""

from hodu.objectives import Labels, SoftTargets
from hodu.recipes.recipe import Recipe, Stage, Term

HINTON = Recipe(
    name="hinton",
    paper="Hinton, Vinyals, Dean 2015: Distilling the Knowledge in a Neural Network (arXiv 1503.02531)",
    summary="soft targets at a temperature, and hard labels with a lower weight; one teacher or an ensemble",
    stages=(
        Stage(
            name="distil",
            terms=(
                Term(
                    SoftTargets,
                    1.0,
                    "§2: T² keeps the gradient's size; §4.1: T = 2 was best of 1, 2, 5, 10",
                    {"temperature": 2.0, "scale": "squared"},
                ),
                Term(Labels, 0.5, "§4.1: relative weight 0.5 on the hard targets, at T = 1"),
            ),
            epochs=5,
            learning_rate=5e-4,
            batch_size=32,
            sources={
                "epochs": "ours: the paper has none for text",
                "learning_rate": "ours: small transformers learn best at 3e-4 to 1e-3",
                "batch_size": "ours: as TinyBERT's task stages",
                "schedule": "ours: linear decay, as BERT's fine-tuning",
                "warmup": "ours: as BERT's fine-tuning",
                "weight_decay": "ours: as BERT's fine-tuning",
            },
        ),
    ),
    notes=(
        "an ensemble is averaged arithmetically over probabilities at this temperature (§1); --mean geometric averages logits, which is the geometric mean of the probabilities (§1)",
        "soft targets are a divergence: the paper's cross-entropy without the teacher's own entropy, which has no gradient",
        "the paper has classes only (ours: several labels are compared as the two answers to each, mean over labels; numbers by squared error, without temperature)",
    ),
)
