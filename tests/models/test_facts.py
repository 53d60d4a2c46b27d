"""Facts inside the model: what sees what, and where everything stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, DebertaV2Config, MobileBertConfig, MPNetConfig

from hodu.errors import ModelError
from hodu.models.build import build_student
from hodu.models.facts import facts_of, read_facts, star_mask, star_positions, tree_mask, tree_positions
from hodu.taps import Tap
from hodu.types import FactSettings, Layout, Needs, Shape
from tests.tiny import ENCODERS, tiny

#        text  fact 1  fact 2  padding
FACTS = [0, 0, 0, 1, 1, 2, 2, 2, 0]
REAL = [1, 1, 1, 1, 1, 1, 1, 1, 0]
ANCHORS = [0, 1, 2, 1, 1, 2, 2, 2, 0]

WINDOW = {
    "modernbert": {"local_attention": 128}
}  # as published: a mask of our own has no window, and no text here is so long


def rows() -> dict[str, Tensor]:
    ids = torch.arange(18).reshape(2, 9) * 5 % 50 + 5
    mask = torch.tensor([REAL, [1] * 9])
    facts = torch.tensor([FACTS, [0, 0, 0, 0, 0, 1, 1, 2, 2]])
    return {"input_ids": ids * mask, "attention_mask": mask, "fact_ids": facts}


@pytest.mark.parametrize("family", ENCODERS)
def test_without_facts_it_is_the_plain_model(family: str) -> None:
    """A model that can read facts answers otherwise than before where there are none."""
    model = tiny(family, "classification", **WINDOW.get(family, {}))
    batch = {name: value for name, value in rows().items() if name != "fact_ids"}
    before = model(**batch).logits
    read_facts(model, FactSettings())
    assert torch.equal(model(**batch).logits, before)
    assert torch.equal(model(**batch, fact_ids=torch.zeros(2, 9, dtype=torch.long)).logits, before)


@pytest.mark.parametrize("family", ENCODERS)
def test_the_star(family: str) -> None:
    """Facts disturb one another, their order or padding changes the answer, or the sentence does not see them."""
    model = tiny(family, **WINDOW.get(family, {}))
    read_facts(model, FactSettings())
    batch = rows()
    whole = model(**batch)[0]
    turned = [0, 1, 2, 5, 6, 7, 3, 4, 8]  # the second fact first
    other = {name: value[:1, turned] for name, value in batch.items()} | {
        "fact_ids": torch.tensor([[0] * 3 + [1] * 3 + [2] * 2 + [0]])
    }
    torch.testing.assert_close(model(**other)[0][:, :3], whole[:1, :3], rtol=1e-4, atol=1e-4)
    alone = {name: value[:1, :8] for name, value in batch.items()}
    torch.testing.assert_close(model(**alone)[0], whole[:1, :8], rtol=1e-4, atol=1e-4)
    fewer = {name: value[:1, :5] for name, value in batch.items()}
    assert (model(**fewer)[0][:, :3] - whole[:1, :3]).abs().max() > 1e-3


@pytest.mark.parametrize("layout", ["star", "tree"])
def test_the_bias_quietens_facts(layout: Layout) -> None:
    """A model that learnt without facts is talked down by them at first, since --fact-bias changes nothing; or it shuts out a part of the text itself."""
    model = tiny("bert", "classification")
    anchors = torch.tensor([ANCHORS, [0, 1, 2, 2, 0, 1, 1, 2, 2]])
    batch = rows() | ({"anchors": anchors} if layout == "tree" else {})
    told = {name: value[:, :8] for name, value in batch.items()}
    text = {name: value[:1, :3] for name, value in batch.items() if name not in ("fact_ids", "anchors")}
    read_facts(model, FactSettings(layout, bias=-1e4))
    alone = model.base_model(**text)[0]
    if layout == "star":  # in the tree words of the text see only the text and what hangs on them
        torch.testing.assert_close(model.base_model(**told)[0][:1, :3], alone, rtol=1e-4, atol=1e-4)
    moved = []
    for bias in (None, -2.0, -1e4):
        read_facts(model, FactSettings(layout, bias=bias))
        moved.append((model.base_model(**told)[0][:1, :3] - alone).abs().mean().item())
    assert moved[0] > moved[1] > moved[2]
    with pytest.raises(ModelError, match="--fact-bias"):
        read_facts(model, FactSettings("text", bias=-3.0))
    for bias in (float("-inf"), float("nan"), 5.0):
        with pytest.raises(ModelError, match="from -10000 to 0"):
            read_facts(model, FactSettings(layout, bias=bias))


def test_who_sees_whom_in_the_star() -> None:
    """A fact sees another one, or its positions do not restart: the more facts, the less a model reads."""
    facts, real = torch.tensor([FACTS]), torch.tensor([REAL]).bool()
    seen = star_mask(facts)[0]
    assert seen[0].all()
    assert seen[3].tolist() == [True, True, True, True, True, False, False, False, True]
    assert star_positions(facts, real)[0, :8].tolist() == [0, 1, 2, 3, 4, 3, 4, 5]


def test_who_sees_whom_in_the_tree() -> None:
    """The comparison with K-BERT is not with K-BERT: its visible matrix or its soft positions are others."""
    facts, anchors = torch.tensor([FACTS]), torch.tensor([ANCHORS])
    seen = tree_mask(facts, anchors)[0]
    assert seen[0, :8].tolist() == [True] * 3 + [False] * 5  # [CLS] hangs on nothing
    assert seen[1, :8].tolist() == [True] * 5 + [False] * 3
    assert seen[3, :8].tolist() == [False, True, False, True, True, False, False, False]
    assert tree_positions(facts, anchors)[0, :8].tolist() == [0, 1, 2, 2, 3, 3, 4, 5]


def test_a_model_that_sees_nothing_obeys() -> None:
    """A run whose training collapsed cannot even be measured: its model is told that it takes no mask."""
    model = tiny("bert", "classification")
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "attention" in name and "LayerNorm" not in name:
                weight.mul_(1e-8)

    def rounded(_: nn.Module, __: object, out: Any) -> Any:
        """As sums of other lengths round, in models of an ordinary size."""
        out.last_hidden_state = out.last_hidden_state + 1e-6 * torch.randn_like(out.last_hidden_state)
        return out

    model.base_model.register_forward_hook(rounded)
    read_facts(model, FactSettings())
    assert facts_of(model.config) == FactSettings()


@pytest.mark.parametrize("config", [MPNetConfig, DebertaV2Config, MobileBertConfig])
def test_who_cannot_is_refused(config: type) -> None:
    """A model that ignores the mask or the positions is trained with facts that disturb everything, and nobody notices."""
    small = {"vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = AutoModelForSequenceClassification.from_config(config(**small, intermediate_size=48))
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(5)  # as far from uniform attention as trained weights are
    with pytest.raises(ModelError, match="--fact-layout text"):
        read_facts(model, FactSettings())
    with pytest.raises(ModelError, match="from left to right"):
        read_facts(tiny("gpt2", "causal-lm"), FactSettings())
    read_facts(model, FactSettings("text"))
    assert facts_of(model.config) == FactSettings("text")


def test_the_student_and_the_saved_model_read_them_too(tmp_path: Path) -> None:
    """A student takes facts for plain text, or forgets when it is loaded again how it reads them."""
    model = tiny("bert", "classification")
    settings = FactSettings("star", 40, True)
    read_facts(model, settings)
    student = build_student(model, Shape(1, 16, 2, 32), "random", batches=None)
    assert facts_of(student.config) == settings
    student(**rows())
    student.save_pretrained(tmp_path)
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert facts_of(again.config) == settings


def test_tapped_models_read_facts() -> None:
    """Distillation taps a model that then no longer sees the star: its hidden states are those of plain text."""
    model = tiny("bert", "classification")
    read_facts(model, FactSettings())
    batch = rows()
    plain = model.base_model(**batch, output_hidden_states=True).hidden_states
    with Tap(model, Needs(hidden=frozenset({1, 3}), attention=frozenset({2}))) as tap:
        capture = tap.ask(batch)
    for index in (1, 3):
        torch.testing.assert_close(capture.hidden[index], plain[index], rtol=1e-4, atol=1e-5)
    assert isinstance(model, nn.Module) and capture.mask.tolist() == batch["attention_mask"].bool().tolist()
