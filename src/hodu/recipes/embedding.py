"""A small sentence encoder whose vectors are as near to each other as its teacher's."""

from hodu.objectives import Embeddings, HiddenStates, Relations, Similarities
from hodu.recipes.recipe import Recipe, Stage, Term

_CODE = "sentence-transformers' model_distillation.py"

EMBEDDING = Recipe(
    name="embedding",
    paper="ours, from Reimers & Gurevych 2020: Making Monolingual Sentence Embeddings Multilingual using Knowledge Distillation (arXiv 2004.09813), and the recipe hodu",
    summary="sentence vectors and the cosines among them, with hidden states and last-layer relations, on any sentences",
    task="sentence-embedding",
    start="rotate",
    stages=(
        Stage(
            name="distil",
            terms=(
                Term(
                    Embeddings,
                    1.0,
                    "§2 matches vectors by squared error; ours: by cosine, which is how they are used; weight not tuned",
                    {"distance": "cosine"},
                ),
                Term(
                    Similarities,
                    10.0,
                    "ours: a narrower student's own cosines are what its user gets, and no projection stands before them; squared errors of cosines are small, hence 10",
                ),
                Term(
                    HiddenStates,
                    1.0,
                    "ours: as recipe hodu",
                    {"layers": "uniform", "projection": "each", "initial": "least_squares"},
                ),
                Term(Relations, 1.0, "ours: as recipe hodu", {"layers": "last"}),
            ),
            epochs=6,
            learning_rate=3e-4,
            batch_size=64,
            dropout=0.0,
            sources={
                "epochs": f"ours: as recipe hodu, for some thousand sentences; {_CODE} takes 1 over some millions",
                "learning_rate": f"ours: as recipe hodu; {_CODE} takes 1e-4 for wider students",
                "dropout": "ours: as recipe hodu",
                "batch_size": f"{_CODE}: 64; more sentences in a batch are more pairs",
                "schedule": f"{_CODE}: linear",
                "warmup": f"{_CODE} (its newest version): 10 %",
                "weight_decay": "ours: as BERT's fine-tuning",
            },
        ),
    ),
    notes=(
        f"{_CODE} brings a wider teacher's vectors to the student's width by PCA; here a projection of the student's is learnt and thrown away, and cosines are compared without one",
        "training sentences are those of all columns of text, each once; scores are not looked at, but choose the best checkpoint where dev has them",
        "section numbers are from memory of the paper and were not checked against its text",
    ),
)
