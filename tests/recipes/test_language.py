"""Recipes for language models, against the reference code's loss written out plainly, with the logits of the whole vocabulary: DistilBERT and DistilGPT2."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedModel

from hodu.data import successive
from hodu.recipes import find_recipe
from hodu.training.distillation import Teachers
from hodu.types import IGNORED, Task
from tests.recipes.plain import Said, divergence, mean_over_texts, plain, say, uneven
from tests.recipes.step import assert_same, stage_of, step
from tests.tiny import PAD, VOCABULARY, batch, tiny

RECIPES = {"distilbert": "bert", "distilbert-masked": "bert", "distilgpt": "gpt2"}


def models(family: str, student_width: int, pieces: int = VOCABULARY) -> tuple[PreTrainedModel, PreTrainedModel]:
    head: Any = "causal-lm" if family == "gpt2" else "masked-lm"
    student = tiny(family, head, layers=2, width=student_width, seed=1, vocab_size=pieces)
    return uneven(student), uneven(tiny(family, head, layers=4, seed=2))


def running_text(task: Task, lengths: tuple[int, ...], pieces: int = VOCABULARY) -> dict[str, Tensor]:
    """A batch of rows with the pieces to predict: for masked models some that stood there, for causal ones the next ones, as training makes them."""
    texts = batch(lengths)
    texts["input_ids"] %= pieces
    if task == "causal-lm":
        tokenizer: Any = SimpleNamespace(pad_token_id=PAD, pad_token_type_id=0, padding_side="right")
        rows = [
            {"input_ids": ids[mask.bool()].tolist(), "attention_mask": [1] * int(mask.sum())}
            for ids, mask in zip(texts["input_ids"], texts["attention_mask"], strict=True)
        ]
        return successive(tokenizer)(rows)
    gold = torch.full_like(texts["input_ids"], IGNORED)
    for row, places in enumerate([(0, 4), (1, 2), (0, 2)]):  # as many in each row
        gold[row, list(places)] = torch.tensor([7 + row, 11])
    return {**texts, "labels": gold}


def gold_of(texts: dict[str, Tensor], task: Task) -> list[Tensor]:
    """The pieces to predict of each text alone, :data:`IGNORED` where there is none."""
    texts = dict(texts)
    if task == "causal-lm":  # found anew: what stands one place further on
        ids = [row[mask.bool()] for row, mask in zip(texts["input_ids"], texts["attention_mask"], strict=True)]
        return [torch.cat((row[1:], torch.tensor([IGNORED]))) for row in ids]
    return [row[mask.bool()] for row, mask in zip(texts["labels"], texts["attention_mask"], strict=True)]


@pytest.mark.parametrize("student_width", [32, 16], ids=["equal width", "narrower"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_terms_of_each_row(recipe: str, student_width: int) -> None:
    """--recipe distilbert or distilgpt trains on other weights, another temperature, other positions or labels one place off, or on padding."""
    chosen = find_recipe(recipe)
    task: Task = chosen.task or "masked-lm"
    student, teacher = models(RECIPES[recipe], student_width)
    texts, twin = running_text(task, (9, 6, 3)), plain(student)
    given = step(stage_of(chosen, "distil"), student, Teachers((teacher,)), texts, task)
    # a narrower student gets a projection (ours); of equal width it has none
    projections = given.projections()
    assert len(projections) == (0 if student_width == 32 else 1)
    projection = projections[0] if projections else nn.Identity()

    def vocabulary(ours: Said, theirs: Said, gold: Tensor) -> Tensor:
        at = gold != IGNORED if recipe == "distilbert-masked" else torch.ones(len(gold), dtype=torch.bool)
        soft = 2**2 * divergence(theirs.logits[at] / 2, ours.logits[at] / 2).mean()
        return 5 * soft + 2 * F.cross_entropy(ours.logits, gold, ignore_index=IGNORED)

    def direction(ours: Said, theirs: Said) -> Tensor:
        mine, other = projection(ours.hidden[-1]), theirs.hidden[-1]
        return (1 - (mine * other).sum(-1) / (mine.norm(dim=-1) * other.norm(dim=-1))).mean()

    said = say(twin, texts), say(plain(teacher), texts)
    terms = {
        "Vocabulary": mean_over_texts(vocabulary, *said, gold_of(texts, task)),
        "HiddenStates": mean_over_texts(direction, *said),
    }
    assert_same(given, terms, [1.0, 1.0], twin, projections)


@pytest.mark.parametrize("recipe", RECIPES)
def test_full_rows_have_the_reference_codes_loss(recipe: str) -> None:
    """On packed rows, where each has as many tokens, the loss that hodu logs cannot be set beside that of DistilBERT's own code."""
    chosen = find_recipe(recipe)
    task: Task = chosen.task or "masked-lm"
    student, teacher = models(RECIPES[recipe], 32)
    texts, twin = running_text(task, (7, 7, 7)), plain(student)
    given = step(stage_of(chosen, "distil"), student, Teachers((teacher,)), texts, task)
    ids = {name: texts[name] for name in ("input_ids", "attention_mask")}
    ours, theirs = (one(**ids, output_hidden_states=True) for one in (twin, plain(teacher)))
    said, taught = ours.logits, theirs.logits.detach()  # B L V
    gold = torch.stack(gold_of(texts, task))  # B L
    at = gold != IGNORED if recipe == "distilbert-masked" else texts["attention_mask"].bool()
    soft = nn.KLDivLoss(reduction="batchmean")((said[at] / 2).log_softmax(-1), (taught[at] / 2).softmax(-1)) * 2**2
    hard = nn.CrossEntropyLoss(ignore_index=IGNORED)(said.flatten(0, 1), gold.flatten())
    mine, other = (one.hidden_states[-1].flatten(0, 1) for one in (ours, theirs))
    direction = nn.CosineEmbeddingLoss(reduction="mean")(mine, other.detach(), torch.ones(len(mine)))
    assert_same(given, {"Vocabulary": 5.0 * soft + 2.0 * hard, "HiddenStates": direction}, [1.0, 1.0], twin)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_pruned_student(recipe: str) -> None:
    """With --vocabulary pruned the student's pieces are compared with other pieces of the teacher, or the teacher reads other words than the student."""
    chosen = find_recipe(recipe)
    task: Task = chosen.task or "masked-lm"
    student, teacher = models(RECIPES[recipe], 32, pieces=20)
    generator = torch.Generator().manual_seed(3)
    kept = torch.cat(
        (torch.tensor([PAD]), 1 + torch.randperm(VOCABULARY - 1, generator=generator)[:19])
    )  # in any order
    texts, twin = running_text(task, (9, 6, 3), pieces=20), plain(student)
    given = step(stage_of(chosen, "distil"), student, Teachers((teacher,), kept=kept), texts, task)

    def vocabulary(ours: Said, theirs: Said, gold: Tensor) -> Tensor:
        at = gold != IGNORED if recipe == "distilbert-masked" else torch.ones(len(gold), dtype=torch.bool)
        # the teacher's chances of other pieces fall to the kept ones (ours: the paper's student has all pieces)
        soft = 2**2 * divergence(theirs.logits[at][:, kept] / 2, ours.logits[at] / 2).mean()
        return 5 * soft + 2 * F.cross_entropy(ours.logits, gold, ignore_index=IGNORED)

    in_its_pieces = {**texts, "input_ids": kept[texts["input_ids"]]}
    said = say(twin, texts), say(plain(teacher), in_its_pieces)
    term = mean_over_texts(vocabulary, *said, gold_of(texts, task))
    direction = mean_over_texts(lambda a, b: (1 - F.cosine_similarity(a.hidden[-1], b.hidden[-1])).mean(), *said)
    assert_same(given, {"Vocabulary": term, "HiddenStates": direction}, [1.0, 1.0], twin)
