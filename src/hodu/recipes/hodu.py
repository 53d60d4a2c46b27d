"""Our own composition, the default: everything at once from a rotated start."""

from hodu.objectives import HiddenStates, Relations, SoftTargets
from hodu.recipes.recipe import Recipe, Stage, Term

HODU = Recipe(
    name="hodu",
    paper="ours, from Hinton 2015 (soft targets), TinyBERT 2020 (hidden states) and MiniLMv2 2021 (relations)",
    summary="soft targets, hidden states and last-layer relations together, from the teacher rotated into the student's width",
    stages=(
        Stage(
            name="distil",
            terms=(
                Term(
                    SoftTargets,
                    1.0,
                    "ours (docs/ablation.md): worth the most of all terms; weight 1 and T = 2 are not tuned",
                    {"temperature": 2.0, "scale": "squared"},
                ),
                Term(
                    HiddenStates,
                    1.0,
                    "ours (docs/ablation.md): best on dev together with relations; weight not tuned; projections start by least squares, so that the student is trained and not the map",
                    {"layers": "uniform", "projection": "each", "initial": "least_squares"},
                ),
                Term(
                    Relations,
                    1.0,
                    "ours (docs/ablation.md): best on dev together with hidden states; weight not tuned; last layers as MiniLMv2 §3.1",
                    {"layers": "last"},
                ),
            ),
            epochs=6,
            learning_rate=3e-4,
            batch_size=32,
            dropout=0.0,
            sources={
                "epochs": "ours: 3 are enough for 67 k short phrases; fewer texts want more",
                "learning_rate": "ours: between 2e-4 and 5e-4, which did alike on dev in single tries where 1e-3 did worse",
                "dropout": "ours: the teacher's whole answer is a target for every token, which regularises enough; without it steps are faster",
                "batch_size": "ours: as TinyBERT's task stages",
                "schedule": "ours: linear decay, as BERT's fine-tuning",
                "warmup": "ours: as BERT's fine-tuning",
                "weight_decay": "ours: as BERT's fine-tuning",
            },
        ),
    ),
    notes=(
        "a sentence encoder (--task sentence-embedding) says no classes: instead of soft targets its vectors (weight 1) and the cosines among the sentences of a batch (weight 10) are compared",
    ),
)
