"""DistilBERT: a masked language model taught on raw text by a bigger one."""

from dataclasses import replace

from hodu.objectives import HiddenStates, Vocabulary
from hodu.recipes.recipe import Recipe, Stage, Term

_README = "the reference code's README"

DISTILBERT = Recipe(
    name="distilbert",
    paper="Sanh, Debut, Chaumond, Wolf 2019: DistilBERT, a distilled version of BERT (arXiv 1910.01108)",
    summary="soft targets over the vocabulary at T = 2, masked-LM labels, and the direction of the last hidden states, on raw text",
    task="masked-lm",
    start="rotate",
    stages=(
        Stage(
            name="distil",
            terms=(
                Term(
                    Vocabulary,
                    1.0,
                    f"{_README}: soft targets 5.0 and masked-LM 2.0 at T = 2, soft targets at all real tokens; the paper gives no weights",
                    {"soft": 5.0, "hard": 2.0, "temperature": 2.0, "positions": "all"},
                ),
                Term(
                    HiddenStates,
                    1.0,
                    f"{_README}: cosine 1.0, last hidden states; a narrower student gets a projection (ours)",
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
                "batch_size": "ours: 32 rows of full length, for text of some MB; the reference code takes 250 (5 x 50 accumulated), the paper up to 4,000",
                "schedule": "the reference code: linear",
                "warmup": "the reference code: 5 %",
                "weight_decay": "the reference code: 0",
            },
        ),
    ),
    notes=(
        "at equal width the student starts from evenly spread teacher layers, the last included (2, 4, 6, ... of 12); the reference code takes the layers 1, 3, 5, 8, 10, 12",
        "the student keeps the teacher's architecture, token types included; DistilBERT has neither them nor a pooler",
        "pieces are masked uniformly, 15 % of each row, as in BERT; the reference code takes 15 % of the whole batch, rare ones more often (mlm_smoothing 0.7)",
        "a mean over tokens is taken within each row and then over rows; full rows have equally many tokens, so that this is the reference code's mean over the batch",
        "positions are learnt further, as in the reference code: its --freeze_pos_embs has no effect on DistilBERT",
        "the optimizer is AdamW with betas 0.9 and 0.999, eps 1e-8, and gradients clipped to norm 1; the reference code has 0.9 and 0.98, 1e-6, and 5",
        "the checkpoint that was best on dev is kept; the reference code keeps the last",
        "section numbers are from memory of the paper and were not checked against its text",
    ),
)

_TERMS = DISTILBERT.stages[0].terms

DISTILBERT_MASKED = replace(
    DISTILBERT,
    name="distilbert-masked",
    summary="distilbert with soft targets at the masked positions only: faster, and another objective than the paper's code",
    stages=(
        replace(
            DISTILBERT.stages[0],
            terms=(
                replace(
                    _TERMS[0],
                    source="as distilbert, but soft targets at masked positions only (the reference code's --restrict_ce_to_mask)",
                    settings={**_TERMS[0].settings, "positions": "labelled"},
                ),
                _TERMS[1],
            ),
        ),
    ),
)
