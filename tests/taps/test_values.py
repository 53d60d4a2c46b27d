"""Taps are exact: what they record is what the model computed, and the model computes what it did without them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor

from hodu.errors import ObjectiveError
from hodu.taps import Tap, layers_of
from hodu.types import Needs
from tests.taps.reference import (
    EVERYTHING,
    LAYERS,
    REAL,
    assert_same,
    checkpointing_warning,
    eager,
    every_family,
    gradients,
    loss,
    probabilities,
    run,
)
from tests.tiny import DECODERS, ENCODERS, FAMILIES, Head, batch, tiny


@every_family
@pytest.mark.parametrize("training", [False, True])
def test_hidden_states_equal_output_hidden_states(family: str, training: bool) -> None:
    """Otherwise a student would imitate the wrong layer, or a last layer without the final norm."""
    model = tiny(family).double().train(training)
    output, capture = run(model, output_hidden_states=True)
    expected = eager(model).hidden_states
    assert len(output.hidden_states) == len(expected) == len(capture.hidden) == LAYERS + 1
    for index, state in capture.hidden.items():
        assert torch.equal(state, output.hidden_states[index])
        assert_same(state[REAL], expected[index][REAL])
    assert torch.equal(capture.hidden[LAYERS], output.last_hidden_state)


@every_family
@pytest.mark.parametrize("training", [False, True])
def test_tapped_queries_and_keys_give_eager_attention(family: str, training: bool) -> None:
    """Otherwise scores and relations would be distilled from other numbers than those the teacher attends with."""
    model = tiny(family).double().train(training)
    _, capture = run(model)
    expected = eager(model).attentions
    for layer in range(1, LAYERS + 1):
        theirs = expected[layer - 1] * REAL[:, None, :, None]
        assert_same(probabilities(capture, family, layer), theirs)


def test_a_scaling_of_the_models_own_is_kept() -> None:
    """Some GPT-2 divide scores by the layer's number too: with 1/sqrt(K) alone, they would be too large."""
    model = tiny("gpt2", scale_attn_by_inverse_layer_idx=True).double()
    _, capture = run(model)
    assert capture.attention[3].scaling == pytest.approx(8**-0.5 / 3)
    theirs = eager(model).attentions[2] * REAL[:, None, :, None]
    assert_same(probabilities(capture, "gpt2", 3), theirs)


@every_family
def test_attention_received_what_was_tapped(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With dropout on, a second computation would differ; the tapped tensors must be the very ones that were used."""
    received = []
    attend = torch.nn.functional.scaled_dot_product_attention

    def spy(query: Tensor, key: Tensor, value: Tensor, **options: Any) -> Tensor:
        received.append((query, key, value, options))
        return attend(query, key, value, **options)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", spy)
    _, capture = run(tiny(family, dropout=0.3).train())
    assert len(received) == LAYERS
    for layer, (query, key, value, options) in enumerate(received, start=1):
        heads = capture.attention[layer]
        groups = key.shape[1] // heads.keys.shape[1]  # fused attention got key/value heads repeated for their groups
        assert torch.equal(heads.queries, query)
        assert torch.equal(heads.keys.repeat_interleave(groups, dim=1), key)
        assert torch.equal(heads.values.repeat_interleave(groups, dim=1), value)
        assert heads.scaling == options["scale"]
        assert options["dropout_p"] == 0.3


@every_family
@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_tapping_changes_no_logits(family: str, implementation: str) -> None:
    """Without the mask registration a tapped model attends to padding, and the teacher's answers are quietly wrong."""
    model = tiny(family, "classification", attention=implementation).double()
    plain = model(**batch()).logits
    output, capture = run(model, EVERYTHING | Needs(logits=True))
    assert_same(output.logits, plain)
    assert capture.logits is output.logits
    # The batch must be able to show it: the last text is mostly padding, and alone it has none.
    alone = {name: tensor[-1:, :3] for name, tensor in batch().items()}
    with Tap(model, EVERYTHING):
        assert_same(model(**alone).logits, plain[-1:])


@every_family
def test_padding_changes_nothing_that_is_tapped(family: str) -> None:
    """A text's captures must not depend on what it is batched with."""
    model = tiny(family).double()
    _, padded = run(model)
    alone = {name: tensor[-1:, :3] for name, tensor in batch().items()}
    with Tap(model, EVERYTHING) as tap:
        single = tap.take(model(**alone), alone["attention_mask"])
    for index, state in single.hidden.items():
        assert_same(padded.hidden[index][-1:, :3], state)
    for layer, heads in single.attention.items():
        assert_same(padded.attention[layer].queries[-1:, :, :3], heads.queries)
        assert_same(padded.attention[layer].keys[-1:, :, :3], heads.keys)
        assert_same(padded.attention[layer].values[-1:, :, :3], heads.values)


@pytest.mark.parametrize(
    ("family", "head"), [("bert", "masked-lm"), ("electra", "masked-lm"), ("gpt2", "causal-lm"), ("llama", "causal-lm")]
)
def test_language_model_heads(family: str, head: Head) -> None:
    """Masked and causal language models are distilled too, with their own heads around the same body."""
    model = tiny(family, head).double()
    output, capture = run(model, EVERYTHING | Needs(logits=True), output_hidden_states=True)
    assert torch.equal(capture.logits, output.logits)  # B L V
    assert all(torch.equal(state, output.hidden_states[index]) for index, state in capture.hidden.items())


@every_family
def test_gradients_equal_those_through_eager_attention(family: str) -> None:
    """A student must learn from what is tapped: a detached or wrong gradient would leave it where it started."""
    model = tiny(family).double().train()
    reference = copy.deepcopy(model)
    reference.set_attn_implementation("eager")
    expected = reference(**batch(), output_hidden_states=True, output_attentions=True)
    loss(expected.hidden_states, expected.attentions).backward()

    _, capture = run(model)
    hidden = [capture.hidden[index] for index in range(LAYERS + 1)]
    loss(hidden, [probabilities(capture, family, layer) for layer in range(1, LAYERS + 1)]).backward()
    assert_same(gradients(model), gradients(reference))


# transformers has no gradient checkpointing for ALBERT.
@checkpointing_warning
@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "albert"])
def test_gradient_checkpointing_changes_no_gradient(family: str) -> None:
    """Checkpointing runs each layer again in the backward pass; recorded twice, layers would shift."""
    found = []
    for checkpointing in (False, True):
        model = tiny(family).double().train()
        if checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        with Tap(model, EVERYTHING) as tap:
            capture = tap.take(model(**batch()), None)
            states = sum((state**2).mean() for state in capture.hidden.values())
            (states + sum((heads.values**2).mean() for heads in capture.attention.values())).backward()
            with pytest.raises(ObjectiveError, match="has not run"):
                tap.take(None, None)
        found.append(gradients(model))
    assert_same(found[1], found[0])


def test_hidden_states_can_be_tapped_beside_attention() -> None:
    """An evaluation that looks at hidden states in the middle of training must not take the student's attention."""
    model = tiny("bert")
    _, alone = run(model)
    with Tap(model, EVERYTHING) as outer, Tap(model, Needs(hidden=frozenset({2}))) as inner:
        output = model(**batch())
        assert torch.equal(inner.take(output, None).hidden[2], alone.hidden[2])
        assert torch.equal(outer.take(output, None).attention[3].values, alone.attention[3].values)


def test_mask_and_labels() -> None:
    """Objectives average over real tokens: a mask of another batch or of numbers would weigh them wrongly."""
    model, inputs, labels = tiny("bert"), batch(), torch.tensor([0, 1, 0])
    with Tap(model, Needs(hidden=frozenset({1}))) as tap:
        capture = tap.take(model(**inputs), inputs["attention_mask"], labels)
        assert capture.mask.dtype == torch.bool
        assert torch.equal(capture.mask, inputs["attention_mask"].bool())
        assert capture.labels is labels
        assert torch.equal(tap.take(model(**inputs), None).mask, torch.ones(3, 9, dtype=torch.bool))
        with pytest.raises(ObjectiveError, match=r"mask is \(2, 9\).*was \(3, 9\)"):
            tap.take(model(**inputs), inputs["attention_mask"][:2])


def test_causal() -> None:
    """Attention objectives leave out the future for decoders, and only for them."""
    assert not any(run(tiny(family))[1].causal for family in ENCODERS)
    assert all(run(tiny(family))[1].causal for family in DECODERS)
    assert run(tiny("bert", is_decoder=True))[1].causal
    assert not run(tiny("llama", is_causal=False))[1].causal


def test_layers_of() -> None:
    """The count decides which layers are paired."""
    assert [layers_of(tiny(family, "classification", layers=5)) for family in FAMILIES] == [5] * len(FAMILIES)


def test_albert_with_inner_groups_counts_as_transformers_does() -> None:
    """ALBERT can run several layers per group; hidden states must still be those of output_hidden_states."""
    model = tiny("albert", layers=2, inner_group_num=2, num_hidden_groups=2)
    assert layers_of(model) == 4
    output, capture = run(model, Needs(hidden=frozenset(range(5)), attention=frozenset({4})), output_hidden_states=True)
    assert all(torch.equal(state, output.hidden_states[index]) for index, state in capture.hidden.items())


@pytest.mark.parametrize("family", FAMILIES)
def test_the_readout_gives_the_models_own_logits(family: str) -> None:
    """A language model is distilled from states that are not those its vocabulary is multiplied with."""
    model = tiny(family, "causal-lm" if family in DECODERS else "masked-lm")
    with torch.no_grad():
        expected = model(**batch()).logits  # B L V
        with Tap(model, Needs(readout=True, hidden=frozenset({1}))) as tap:
            readout = tap.ask(batch()).readout
            again = tap.ask(batch()).readout
    assert readout is not None and again is not None
    logits = readout.states @ readout.weight.T + (0 if readout.bias is None else readout.bias)  # B L V
    torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-5)
    assert torch.equal(readout.states, again.states)
    torch.testing.assert_close(model(**batch()).logits, expected)  # and the tap has gone without a trace
