"""MiniLM and MiniLMv2: how the tokens of a text relate in one layer of the teacher; nothing else is compared."""

from hodu.objectives import AttentionDistributions, Relations
from hodu.recipes.recipe import Recipe, Stage, Term

_STAGE = Stage(
    name="distil",
    terms=(
        Term(
            Relations,
            1.0,
            "MiniLMv2 §3.1: query, key and value relations with equal weights; the last layer of both (an upper one of large teachers: --teacher-layer)",
            {"layers": "last"},
        ),
    ),
    epochs=3,
    learning_rate=6e-4,
    batch_size=32,
    warmup=0.01,
    keep_best=False,
    sources={
        "epochs": "ours: 3 passes over some MB of text; the paper trains 400,000 steps",
        "learning_rate": "the open implementation of MiniLMv2 (its run.sh): 6e-4",
        "batch_size": "ours: 32 rows of full length; the open implementation takes 256 a device",
        "schedule": "MiniLM §4.1: linear",
        "warmup": "MiniLM §4.1: 4,000 of 400,000 steps",
        "weight_decay": "MiniLM §4.1: 0.01",
    },
)

MINILM = Recipe(
    name="minilm",
    paper="Wang et al. 2021: MiniLMv2: Multi-Head Self-Attention Relation Distillation (arXiv 2012.15828)",
    summary="query, key and value relations of one upper teacher layer, in any number of relation heads, on raw text; any width and head count",
    stages=(_STAGE,),
    notes=(
        "relation heads: the largest number up to 48 that divides both widths and leaves 16 dimensions; 48 is the open implementations' for base models",
        "AdamW's eps is 1e-8; the open implementation's 1e-6",
        "the student starts from the teacher (rotate, layers at equal width) where the paper starts at random: --start random",
        "the last layer's feed-forward part and the head have no part in the loss: they stay as they started, and are for fine-tuning",
        "what has rotary positions (ModernBERT, Llama) is compared with them, as attention gets it; in a causal model a token relates to what it may see",
        "section numbers are from memory of the papers and were not checked against their text",
    ),
)

MINILM_V1 = Recipe(
    name="minilm-v1",
    paper="Wang et al. 2020: MiniLM: Deep Self-Attention Distillation (arXiv 2002.10957)",
    summary="attention distributions and value relations of the last layer, on raw text; as many heads as the teacher, any width",
    equal_heads=True,
    stages=(
        Stage(
            name="distil",
            terms=(
                Term(AttentionDistributions, 1.0, "§3.1: last layer, head by head", {"layers": "last"}),
                Term(
                    Relations,
                    1.0,
                    "§3.2: relations among the values, in the heads of attention",
                    {"layers": "last", "kinds": ("values",), "heads": "attention"},
                ),
            ),
            epochs=3,
            learning_rate=5e-4,
            batch_size=32,
            warmup=0.01,
            keep_best=False,
            sources={
                **_STAGE.sources,
                "learning_rate": "§4.1: 5e-4 for 6 x 768 (3e-4 for other shapes)",
                "batch_size": "ours: 32 rows of full length; §4.1: 1,024 for 6 x 768, 256 for other shapes",
            },
        ),
    ),
    notes=(
        "a student from a teacher directly; for its smallest (6 x 384) the paper puts a teacher assistant between them (§3.3): distil twice",
        *MINILM.notes[2:],
    ),
)
