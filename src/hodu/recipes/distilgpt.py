"""DistilGPT2: DistilBERT's losses for a causal language model."""

from hodu.objectives import HiddenStates, Vocabulary
from hodu.recipes.recipe import Recipe, Stage, Term

DISTILGPT = Recipe(
    name="distilgpt",
    paper="Sanh et al. 2019 (arXiv 1910.01108), as its authors applied it to GPT-2: DistilGPT2 has no paper of its own",
    summary="soft targets over the vocabulary at T = 2, next-piece labels, and the direction of the last hidden states, on raw text",
    task="causal-lm",
    start="slice",
    stages=(
        Stage(
            name="distil",
            terms=(
                Term(
                    Vocabulary,
                    1.0,
                    "ours: DistilBERT's weights, 5.0 and 2.0 at T = 2; those of DistilGPT2 were not published",
                    {"soft": 5.0, "hard": 2.0, "temperature": 2.0, "positions": "all"},
                ),
                Term(
                    HiddenStates,
                    1.0,
                    "ours: as DistilBERT; a narrower student gets a projection",
                    {"layers": "last", "distance": "cosine", "projection": "if needed"},
                ),
            ),
            epochs=3,
            learning_rate=5e-4,
            batch_size=32,
            weight_decay=0.0,
            warmup=0.05,
            sources={
                "epochs": "the reference code: 3",
                "learning_rate": "the reference code: 5e-4",
                "batch_size": "ours: 32 rows of full length, for text of some MB",
                "schedule": "the reference code: linear",
                "warmup": "the reference code: 5 %",
                "weight_decay": "the reference code: 0",
            },
        ),
    ),
    notes=(
        "the last token of a row has nothing to predict, so it has a soft target but no label",
        "a mean over tokens is taken within each row and then over rows",
        "the optimizer is AdamW with betas 0.9 and 0.999, eps 1e-8, and gradients clipped to norm 1; the reference code has 0.9 and 0.98, 1e-6, and 5",
        "the checkpoint that was best on dev is kept; the reference code keeps the last",
        "a narrower student starts from slices of the teacher's matrices: rotation is for encoders with their norms behind (BERT's family)",
    ),
)
