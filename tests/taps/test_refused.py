"""What cannot be tapped is said before anything is computed."""

from __future__ import annotations

import pytest
from transformers import (
    BertModel,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    MPNetConfig,
    MPNetModel,
)

from hodu.errors import ModelError, ObjectiveError
from hodu.taps import Tap
from hodu.types import Needs
from tests.taps.reference import (
    EVERYTHING,
    checkpointing_warning,
    run,
)
from tests.tiny import batch, tiny, tiny_config


def test_models_that_share_a_config_are_refused() -> None:
    """The switch of attention lives in the config: shared, the first exit would silently untap the second model."""
    config = tiny_config("bert")
    config._attn_implementation = "sdpa"
    one, other = BertModel(config), BertModel(config)
    with Tap(one, EVERYTHING), pytest.raises(ModelError, match="shares its config"), Tap(other, EVERYTHING):
        pass


@pytest.mark.parametrize("needs", [Needs(hidden=frozenset({1})), Needs(attention=frozenset({1}))])
def test_deberta_is_refused_by_name(needs: Needs) -> None:
    """DeBERTa adds position terms to its scores, outside of the function table: taps would record nothing."""
    config = DebertaV2Config(
        vocab_size=64, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16
    )
    model = DebertaV2ForSequenceClassification(config).eval()
    with pytest.raises(ModelError, match=r"DebertaV2ForSequenceClassification \(deberta-v2\)"):
        Tap(model, needs)
    _, capture = run(model, Needs(logits=True))  # its answers alone can be distilled
    assert capture.logits is not None


def test_other_models_that_cannot_be_tapped() -> None:
    """They must be refused before training starts, with the model's name."""
    with pytest.raises(ModelError, match="MPNetModel"):
        Tap(
            MPNetModel(MPNetConfig(vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2)),
            EVERYTHING,
        )
    with pytest.raises(ModelError, match="cross attention"):
        Tap(tiny("gpt2", add_cross_attention=True), EVERYTHING)


@pytest.mark.parametrize(
    "needs",
    [
        Needs(hidden=frozenset({4})),
        Needs(attention=frozenset({0})),
        Needs(attention=frozenset({4})),
        Needs(hidden=frozenset({-1})),
    ],
)
def test_layers_out_of_range_are_refused(needs: Needs) -> None:
    """A recipe made for 12 layers, used on 3, must say so and not train on nothing."""
    with pytest.raises(ObjectiveError, match=r"of BertModel \(bert\), which has [01] to 3"):
        Tap(tiny("bert"), needs)


def test_a_layer_that_did_not_attend_is_reported() -> None:
    """An objective fed with nothing would add zero to the loss, and nobody would notice."""
    model = tiny("bert")
    with Tap(model, EVERYTHING) as tap:
        model.config._attn_implementation = "sdpa"  # as if somebody switched it behind our back
        with pytest.raises(ObjectiveError, match="attention 1, attention 2, attention 3 of BertModel"):
            tap.take(model(**batch()), None)


def test_logits_of_a_model_without_a_head_are_refused() -> None:
    """A base model given as teacher has no answers to imitate."""
    with pytest.raises(ObjectiveError, match="task head"):
        run(tiny("bert"), Needs(logits=True))


def test_a_readout_is_refused_where_there_is_no_vocabulary() -> None:
    """Distilling a classifier with a language model's recipe fails with an AttributeError."""
    with pytest.raises(ModelError, match="no linear layer over the vocabulary"):
        Tap(tiny("bert", "classification"), Needs(readout=True))


@checkpointing_warning
def test_reentrant_checkpointing_is_refused() -> None:
    """It runs layers under no_grad: tapped queries would have no gradient, and their loss would teach nothing."""
    model = tiny("bert").train()
    model.gradient_checkpointing_enable({"use_reentrant": True})
    with Tap(model, EVERYTHING), pytest.raises(ObjectiveError, match="use_reentrant"):
        model(**batch())
