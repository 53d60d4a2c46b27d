"""TinyBERT: general distillation on raw text; then, on the task's texts, first the layers and then the prediction."""

from hodu.objectives import AttentionScores, HiddenStates, SoftTargets
from hodu.recipes.recipe import Recipe, Stage, Term

_PAPER = "§4.2, task-specific distillation"
_LAYERS = (
    Term(
        HiddenStates,
        1.0,
        "Eq. 8 and 9; all layer weights 1 (§4.2); one projection with a bias for all layers, as the code does (the paper writes W_e and W_h)",
        {"layers": "uniform", "projection": "shared", "initial": "random"},
    ),
    Term(AttentionScores, 1.0, "Eq. 7; all layer weights 1 (§4.2)", {"layers": "uniform"}),
)

TINYBERT = Recipe(
    name="tinybert",
    paper="Jiao et al. 2020: TinyBERT: Distilling BERT for Natural Language Understanding (arXiv 1909.10351)",
    summary="two stages: embeddings, hidden states and attention scores of evenly spread layers; then soft cross-entropy",
    stages=(
        Stage(
            name="intermediate",
            terms=_LAYERS,
            epochs=20,
            learning_rate=5e-5,
            batch_size=32,
            schedule="constant",
            warmup=0.0,
            keep_best=False,
            sources={
                "epochs": f"{_PAPER}: 20 (10 for MNLI, QQP, QNLI; 50 for CoLA)",
                "learning_rate": _PAPER,
                "batch_size": _PAPER,
                "schedule": "the reference code: constant in this stage",
                "warmup": "the reference code: none in this stage",
                "weight_decay": "the reference code: 0.01, hard-coded",
            },
        ),
        Stage(
            name="prediction",
            terms=(
                Term(
                    SoftTargets,
                    1.0,
                    "Eq. 10, T = 1 (§3.2); mean over examples (the reference code also divides by the number of classes)",
                    {"temperature": 1.0, "scale": "none", "divergence": "cross_entropy"},
                ),
            ),
            epochs=3,
            learning_rate=3e-5,
            batch_size=32,
            sources={
                "epochs": f"{_PAPER}: 3",
                "learning_rate": f"{_PAPER}: best of 1e-5, 2e-5, 3e-5; the code's README takes 3e-5",
                "batch_size": f"{_PAPER}: 16 or 32",
                "schedule": "the reference code: linear",
                "warmup": "the reference code: 10 %",
                "weight_decay": "the reference code: 0.01, hard-coded",
            },
        ),
    ),
    equal_heads=True,
    notes=(
        "the student starts from the teacher (rotate) where the paper starts from general distillation over Wikipedia: for that, name what tinybert-general made as --student",
        "the teacher runs in eval mode; the reference code leaves its dropout on",
        "padding takes no part in any loss, and each text counts once; the reference code takes one mean over all positions of a batch, padded ones too",
        "both models answer with their own heads; the reference code puts a relu before the classifier, the teacher's too",
        "numbers learn from the teacher's by squared error, several labels by Eq. 10 for each; the reference code gives STS-B the gold numbers instead",
        "AdamW with gradients clipped together to norm 1; the reference code has BertAdam and clips each tensor by itself",
        "data augmentation with --augment MODEL, 20 copies of a text, p_t 0.4, K 15 (appendix on data augmentation); candidates are found once in the unmodified "
        "sentence, beside it, as the reference code does; words of several pieces have their neighbours in the masked model's own embeddings, or with --glove in GloVe as in the paper",
        "section numbers are from memory of the paper and were not checked against its text",
    ),
)

TINYBERT_GENERAL = Recipe(
    name="tinybert-general",
    paper=TINYBERT.paper,
    summary="TinyBERT's general distillation: embeddings, hidden states and attention scores of a pre-trained encoder on raw text; `--student` of recipe tinybert goes on from it",
    stages=(
        Stage(
            name="general",
            terms=_LAYERS,
            epochs=3,
            learning_rate=1e-4,
            batch_size=32,
            warmup=0.01,
            keep_best=False,
            sources={
                "epochs": "§4.2, general distillation: 3, over Wikipedia",
                "learning_rate": "§4.2: as BERT's pre-training, 1e-4 (Devlin et al. 2019, A.2); the reference code's default is 5e-5",
                "batch_size": "ours: 32 rows of full length; the paper and the reference code take 256",
                "schedule": "as BERT's pre-training: linear",
                "warmup": "as BERT's pre-training: 10,000 of 1,000,000 steps",
                "weight_decay": "as BERT's pre-training: 0.01",
            },
        ),
    ),
    equal_heads=True,
    notes=(
        "texts are masked as in BERT's pre-training, which the reference code does too; neither masked words nor the head have a part in the loss",
        "the student starts from the teacher (rotate, layers at equal width) where the paper starts at random: --start random",
        *TINYBERT.notes[1:3],
        TINYBERT.notes[5],
        TINYBERT.notes[-1],
    ),
)
