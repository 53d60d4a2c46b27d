"""ELECTRA: a discriminator of replaced pieces taught on raw text by a bigger one."""

from hodu.objectives import HiddenStates, ReplacedTokens
from hodu.recipes.recipe import Recipe, Stage, Term

ELECTRA = Recipe(
    name="electra",
    paper="ours, for the discriminators of Clark et al. 2020: ELECTRA (arXiv 2003.10555); its authors distil none",
    summary="the teacher's judgement of each piece at T = 2, the truth, and hidden states layer by layer, on text in which pieces are replaced",
    task="replaced-token",
    start="rotate",
    stages=(
        Stage(
            name="distil",
            terms=(
                Term(
                    ReplacedTokens,
                    1.0,
                    "ours: DistilBERT's proportion, soft targets 5 and labels 2 at T = 2; a judgement is one bit, so both stay near the size of the hidden-state term",
                    {"soft": 5.0, "hard": 2.0, "temperature": 2.0},
                ),
                Term(
                    HiddenStates,
                    1.0,
                    "ours: one bit a token says little of a text, its states say more; of all layers (TinyBERT §3.1), since the last one is turned towards the judgement; "
                    "a narrower student gets a projection for each, started by least squares as in hodu",
                    {"layers": "uniform", "projection": "if needed", "initial": "least_squares"},
                ),
            ),
            epochs=3,
            learning_rate=5e-4,
            batch_size=32,
            dropout=0.0,
            warmup=0.05,
            sources={
                "epochs": "ours: 3 passes over some MB of text",
                "learning_rate": "the reference code: 5e-4 for ELECTRA-small (base 2e-4)",
                "batch_size": "ours: 32 rows of full length, for text of some MB; the reference code takes 128 (small) or 256 (base)",
                "schedule": "the reference code: linear",
                "warmup": "ours: 5 %, as DistilBERT's code; the reference code's 10,000 steps are 1 % of its million",
                "weight_decay": "the reference code: 0.01",
                "dropout": "ours: as hodu, a target for each layer of every token regularises enough; ELECTRA trains with 0.1",
            },
        ),
    ),
    notes=(
        "15 % of the pieces are hidden, and all of them replaced by samples of --generator, a masked language model with the same tokenizer (§2), at temperature 1; without one by pieces "
        "drawn by their frequency in the text, which are easier to tell and so teach less (ours; the reference code's uniform_generator draws all pieces alike)",
        "the generator stays as it is while the student learns; the teacher's own (its folder generator) is taken where --generator names none",
        "the generator sees [MASK] at all places that it fills (§2); the reference code leaves the piece itself at 15 % of them",
        "special pieces are never put in a place; the reference code lets its generator propose them",
        "the mean over tokens is taken within each row and then over rows; full rows have equally many tokens",
        "section numbers are from memory of the paper and were not checked against its text",
    ),
)
