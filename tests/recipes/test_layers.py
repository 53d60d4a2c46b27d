"""Recipes that compare layers, against their formulas written out plainly: TinyBERT's first stage, MiniLM, MiniLMv2, and hodu's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedModel

from hodu.recipes import find_recipe
from hodu.training.distillation import Teachers
from hodu.types import Task
from tests.recipes.plain import Said, divergence, in_heads, mean_over_texts, plain, say, uneven
from tests.recipes.step import assert_same, stage_of, step
from tests.tiny import batch, tiny

PAIRS = ((1, 2), (2, 4))  # layer g(m) = m N/M for 2 of 4 (TinyBERT §3.1)


def relations(student: Said, teacher: Said, layers: tuple[int, int], heads: int, kinds: Iterable[str]) -> Tensor:
    """MiniLMv2 §3.1: Σ KL of the relations among the vectors of each kind, over ``heads`` x tokens."""
    total = torch.zeros((), dtype=torch.float64)
    for kind in kinds:
        products = []
        for said, layer in zip((student, teacher), layers, strict=True):
            vectors = in_heads(said.vectors(layer)[kind], heads)  # R L K
            products.append(vectors @ vectors.mT / vectors.shape[-1] ** 0.5)  # R L L
        ours, theirs = products
        for place in range(ours.shape[1]):
            seen = place + 1 if student.model.config.model_type == "gpt2" else ours.shape[2]  # GPTs see no later token
            rows = (products[:, place, :seen] for products in (theirs, ours))
            total = total + divergence(*rows).sum() / (heads * ours.shape[1])
    return total


def hidden(projections: Callable[[int], nn.Module]) -> Callable[[Said, Said], Tensor]:
    """TinyBERT Eq. 8 and 9: Σ over layers of MSE(H_S W, H_T), the embeddings' first."""

    def formula(student: Said, teacher: Said) -> Tensor:
        pairs = enumerate(((0, 0), *PAIRS))
        return sum(  # type: ignore[return-value]
            F.mse_loss(projections(place)(student.hidden[s]), teacher.hidden[t].detach()) for place, (s, t) in pairs
        )

    return formula


def attention(student: Said, teacher: Said) -> Tensor:
    """TinyBERT Eq. 7: Σ over layers of the heads' mean MSE(A_S, A_T), of scores before the softmax."""
    return sum(F.mse_loss(student.scores(s), teacher.scores(t).detach()) for s, t in PAIRS)  # type: ignore[return-value]


def models(family: str, *, width: int = 32, heads: int = 4) -> tuple[PreTrainedModel, PreTrainedModel]:
    """A student of two layers and a teacher of four that is twice as wide."""
    head = "causal-lm" if family == "gpt2" else "classification"
    student = tiny(family, head, layers=2, width=width, heads=heads, seed=1)  # type: ignore[arg-type]
    return uneven(student), uneven(tiny(family, head, layers=4, width=2 * width, seed=2))  # type: ignore[arg-type]


@pytest.mark.parametrize(("recipe", "name"), [("tinybert", "intermediate"), ("tinybert-general", "general")])
@pytest.mark.parametrize("family", ["bert", "roberta", "electra"])
def test_tinyberts_layers(family: str, recipe: str, name: str) -> None:
    """The first stage of --recipe tinybert, or its general distillation, compares other layers than the paper, forgets the embeddings, compares probabilities instead of scores, or lets padding in."""
    texts = batch()
    student, teacher = models(family, width=16)
    twin = plain(student)
    stage = stage_of(find_recipe(recipe), name)
    given = step(stage, student, Teachers((teacher,)), texts, "classification")
    (shared,) = projections = given.projections()  # one with a bias for all: the code's (the paper has W_e and W_h)
    ours, theirs = say(twin, texts), say(plain(teacher), texts)
    terms = {
        "HiddenStates": mean_over_texts(hidden(lambda _: shared), ours, theirs),
        "AttentionScores": mean_over_texts(attention, ours, theirs),
    }
    assert_same(given, terms, [1.0, 1.0], twin, projections)


@pytest.mark.parametrize("family", ["bert", "roberta", "electra", "gpt2"])
def test_minilm(family: str) -> None:
    """--recipe minilm relates the tokens of another layer, forgets one of queries, keys and values, or softmaxes over padding (GPTs: over what comes later)."""
    texts = batch()
    student, teacher = models(family, heads=2)  # another number than the teacher's 4
    twin = plain(student)

    def formula(ours: Said, theirs: Said) -> Tensor:  # 2 relation heads: 48 of these widths would be empty (ours)
        return relations(ours, theirs, (2, 4), 2, ("queries", "keys", "values"))

    task: Task = "causal-lm" if family == "gpt2" else "classification"
    given = step(stage_of(find_recipe("minilm"), "distil"), student, Teachers((teacher,)), texts, task)
    term = mean_over_texts(formula, say(twin, texts), say(plain(teacher), texts))
    assert_same(given, {"Relations": term}, [1.0], twin)


def test_minilm_from_another_layer() -> None:
    """hodu distill --recipe minilm --teacher-layer 3 goes on learning from the last layer (MiniLMv2 §4 takes an upper one of large teachers)."""
    texts = batch()
    student, teacher = models("bert")
    twin = plain(student)

    def formula(ours: Said, theirs: Said) -> Tensor:
        return relations(ours, theirs, (2, 3), 2, ("queries", "keys", "values"))

    stage = stage_of(find_recipe("minilm").at_layer(2, 3, of=4), "distil")
    given = step(stage, student, Teachers((teacher,)), texts, "classification")
    term = mean_over_texts(formula, say(twin, texts), say(plain(teacher), texts))
    assert_same(given, {"Relations": term}, [1.0], twin)


@pytest.mark.parametrize("family", ["bert", "electra"])
def test_minilm_v1(family: str) -> None:
    """--recipe minilm-v1 compares attention of another layer or head, or the values' relations in other heads than those of attention."""
    texts = batch()
    student, teacher = models(family)
    twin = plain(student)

    def looks(ours: Said, theirs: Said) -> Tensor:  # §3.1, from what the model itself attended with
        p, q = theirs.looks[-1], ours.looks[-1]  # H L L
        return (p * (p.log() - q.log())).sum() / (4 * len(p[0]))

    def values(ours: Said, theirs: Said) -> Tensor:  # §3.2
        return relations(ours, theirs, (2, 4), 4, ("values",))

    said = say(twin, texts), say(plain(teacher), texts)
    terms = {"AttentionDistributions": mean_over_texts(looks, *said), "Relations": mean_over_texts(values, *said)}
    given = step(stage_of(find_recipe("minilm-v1"), "distil"), student, Teachers((teacher,)), texts, "classification")
    assert_same(given, terms, [1.0, 1.0], twin)


@pytest.mark.parametrize("family", ["bert", "electra"])
def test_hodu(family: str) -> None:
    """hodu distill without --recipe trains on something else than hodu recipes hodu says."""
    texts = batch()
    student, teacher = models(family)
    twin = plain(student)
    given = step(stage_of(find_recipe("hodu"), "distil"), student, Teachers((teacher,)), texts, "classification")
    projections = given.projections()  # one for each layer and the embeddings
    assert len(projections) == 3

    def softened(ours: Said, theirs: Said) -> Tensor:
        return 2**2 * divergence(theirs.logits / 2, ours.logits / 2)

    def last(ours: Said, theirs: Said) -> Tensor:
        return relations(ours, theirs, (2, 4), 2, ("queries", "keys", "values"))

    said = say(twin, texts), say(plain(teacher), texts)
    terms = {
        "SoftTargets": mean_over_texts(softened, *said),
        "HiddenStates": mean_over_texts(hidden(lambda place: projections[place]), *said),
        "Relations": mean_over_texts(last, *said),
    }
    assert_same(given, terms, [1.0, 1.0, 1.0], twin, projections)
