"""Taps are exact: what they record is what the model computed, and the model computes what it did without them.

Models run in float64, where two correct ways to compute the same number agree to 1e-12, so tolerances are tight.
"""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    BertModel,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    MPNetConfig,
    MPNetModel,
    PreTrainedModel,
)

from hodu.errors import ModelError, ObjectiveError
from hodu.taps import ATTENTION, Tap, layers_of
from hodu.types import Capture, Needs
from tests.tiny import DECODERS, ENCODERS, FAMILIES, Head, batch, tiny, tiny_config

LAYERS = 3
EVERYTHING = Needs(hidden=frozenset(range(LAYERS + 1)), attention=frozenset(range(1, LAYERS + 1)))
REAL = batch()["attention_mask"].bool()  # B L
assert_same = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-9)

every_family = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Tiny models gain nothing from threads, and other work shares the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def softmax_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """ModernBERT's and Llama's eager attention round their softmax to float32; a reference must not be rough."""
    softmax = torch.nn.functional.softmax
    monkeypatch.setattr(torch.nn.functional, "softmax", lambda scores, dim, dtype=None: softmax(scores, dim))


def run(model: PreTrainedModel, needs: Needs = EVERYTHING, **options: Any) -> tuple[Any, Capture]:
    """One tapped forward pass over the padded batch: the model's output, and what was taken."""
    inputs = batch()
    with Tap(model, needs) as tap:
        output = model(**inputs, **options)
        return output, tap.take(output, inputs["attention_mask"])


def eager(model: PreTrainedModel, **options: Any) -> Any:
    """What the same weights compute with transformers' unfused attention, the independent way of doing it."""
    twin = copy.deepcopy(model)
    twin.set_attn_implementation("eager")
    return twin(**batch(), output_hidden_states=True, output_attentions=True, **options)


def visible(family: str, layer: int) -> Tensor:
    """``B 1 L L``, True where a token (third axis) may attend to another (fourth), by the families' definitions."""
    distance = torch.arange(REAL.shape[1])[:, None] - torch.arange(REAL.shape[1])  # L L
    allowed = torch.ones_like(distance, dtype=torch.bool)
    if family in DECODERS:
        allowed = distance >= 0
    if family == "modernbert" and layer % 2 == 0:
        allowed = distance.abs() <= 2
    return allowed & REAL[:, None, None, :]  # B 1 L L


def probabilities(capture: Capture, family: str, layer: int) -> Tensor:
    """Attention probabilities ``B H L L`` of real tokens (zero for padding), from the tapped queries and keys alone."""
    heads = capture.attention[layer]
    groups = heads.queries.shape[1] // heads.keys.shape[1]
    keys = heads.keys.repeat_interleave(groups, dim=1)  # B H L K
    scores = heads.queries @ keys.mT * heads.scaling  # B H L L
    lowest = torch.finfo(scores.dtype).min  # not -inf: in a local layer a padding token may see nothing
    return scores.masked_fill(~visible(family, layer), lowest).softmax(dim=-1) * REAL[:, None, :, None]


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
@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_exit_restores_the_model(family: str, implementation: str) -> None:
    """A model that was tapped must be saved, run and trained afterwards as if it had not been."""
    model = tiny(family, "classification", attention=implementation)
    before, hooks = model(**batch()).logits, hook_count(model)
    with Tap(model, EVERYTHING):
        model(**batch())
        assert model.config._attn_implementation == ATTENTION
    assert model.config._attn_implementation == implementation
    assert hook_count(model) == hooks
    assert torch.equal(model(**batch()).logits, before)


def hook_count(model: PreTrainedModel) -> int:
    """All forward hooks of all modules."""
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def test_exit_restores_the_model_after_an_error() -> None:
    """One failed batch must not leave a tap behind that records (or breaks) all later runs."""
    model = tiny("bert")
    with pytest.raises(IndexError), Tap(model, EVERYTHING) as tap:
        model(input_ids=torch.tensor([[10**6]]))
    assert model.config._attn_implementation == "sdpa"
    assert hook_count(model) == 0
    with tap:  # the same tap works again, and knows nothing of the failed pass
        with pytest.raises(ObjectiveError, match="has not run"):
            tap.take(None, None)
        assert tap.take(model(**batch()), None).hidden.keys() == EVERYTHING.hidden


def test_a_failed_pass_inside_the_tap_is_not_taken() -> None:
    """A trainer that skips a broken batch must not be handed the batch before it."""
    model = tiny("bert")
    with Tap(model, EVERYTHING) as tap:
        model(**batch())
        with pytest.raises(IndexError):
            model(input_ids=torch.tensor([[10**6]]))
        with pytest.raises(ObjectiveError, match="has not run"):
            tap.take(None, None)
        assert tap.take(model(**batch()), None).attention.keys() == EVERYTHING.attention


def test_a_failed_pass_leaves_nothing_in_memory() -> None:
    """A trainer that tries a smaller batch after running out of memory needs the failed one's tensors freed."""
    model, seen = tiny("bert"), []

    def fail(layer: Any, args: Any) -> None:
        seen.append(weakref.ref(args[0]))
        raise MemoryError

    with Tap(model, EVERYTHING):
        handle = model.encoder.layer[2].register_forward_pre_hook(fail)
        try:
            model(**batch())
        except MemoryError:
            handle.remove()
        gc.collect()
        assert [reference() for reference in seen] == [None]


def test_an_interrupted_pass_leaves_nothing_in_memory() -> None:
    """Ctrl-C in a notebook, in the middle of a step, must not keep that step's tensors for as long as the tap lives."""
    model, seen = tiny("bert"), []

    def interrupt(layer: Any, args: Any) -> None:
        seen.append(weakref.ref(args[0]))
        raise KeyboardInterrupt

    model.encoder.layer[2].register_forward_pre_hook(interrupt)
    tap = Tap(model, EVERYTHING)
    try:
        with tap:
            model(**batch())
    except KeyboardInterrupt:
        pass
    gc.collect()
    assert [reference() for reference in seen] == [None]


def test_a_checkpoint_saved_while_tapped_names_no_tap(tmp_path: Any) -> None:
    """Training saves checkpoints inside the tap: they must load on a machine without hodu."""
    model = tiny("bert")
    with Tap(model, EVERYTHING):
        model.save_pretrained(tmp_path)
    assert ATTENTION not in (tmp_path / "config.json").read_text()


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


def loss(hidden: Sequence[Tensor], attentions: Sequence[Tensor]) -> Tensor:
    """Some smooth function of all that real tokens said."""
    states = sum((state[REAL] ** 3).mean() for state in hidden)
    return states + sum((attention * REAL[:, None, :, None]).square().sum() for attention in attentions)


def gradients(model: PreTrainedModel) -> dict[str, Tensor]:
    """The gradients by the names of their weights."""
    return {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


# Deprecated in transformers 5.23, but its successor is missing in 5.17.
checkpointing_warning = pytest.mark.filterwarnings("ignore:`gradient_checkpointing_enable` is deprecated:FutureWarning")


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


@checkpointing_warning
def test_reentrant_checkpointing_is_refused() -> None:
    """It runs layers under no_grad: tapped queries would have no gradient, and their loss would teach nothing."""
    model = tiny("bert").train()
    model.gradient_checkpointing_enable({"use_reentrant": True})
    with Tap(model, EVERYTHING), pytest.raises(ObjectiveError, match="use_reentrant"):
        model(**batch())


@every_family
def test_a_teacher_in_inference_mode_teaches_a_student(family: str) -> None:
    """Tensors from inference_mode cannot be saved for backward: without a copy the first training step would crash."""
    teacher, student = tiny(family, "classification"), tiny(family, "classification", seed=1).train()
    needs = EVERYTHING | Needs(logits=True)
    with Tap(teacher, needs) as watch_teacher, Tap(student, needs) as watch_student:
        with torch.inference_mode():
            said = teacher(**batch())
        taught, learnt = watch_teacher.take(said, None), watch_student.take(student(**batch()), None)
    _, expected = run(teacher, needs)
    assert torch.equal(taught.hidden[1], expected.hidden[1])
    assert torch.equal(taught.attention[1].keys, expected.attention[1].keys)
    assert torch.equal(taught.logits, expected.logits)
    distance = (taught.hidden[1] * learnt.hidden[1]).mean() + (taught.logits * learnt.logits).mean()
    (distance + (taught.attention[1].queries * learnt.attention[1].queries).mean()).backward()


@every_family
def test_teacher_and_student_are_tapped_at_the_same_time(family: str) -> None:
    """Both are of the same class: the student's attention must not end up in the teacher's capture."""
    teacher, student = tiny(family, layers=4), tiny(family, layers=2, seed=1)
    _, teacher_alone = run(teacher, Needs(attention=frozenset({4}), hidden=frozenset({4})))
    _, student_alone = run(student, Needs(attention=frozenset({2}), hidden=frozenset({2})))
    with (
        Tap(teacher, Needs(attention=frozenset({4}), hidden=frozenset({4}))) as watch_teacher,
        Tap(student, Needs(attention=frozenset({2}), hidden=frozenset({2}))) as watch_student,
    ):
        said_teacher, said_student = teacher(**batch()), student(**batch())
        both = (
            (watch_teacher.take(said_teacher, None), teacher_alone, 4),
            (watch_student.take(said_student, None), student_alone, 2),
        )
    for capture, alone, layer in both:
        assert torch.equal(capture.attention[layer].queries, alone.attention[layer].queries)
        assert torch.equal(capture.hidden[layer], alone.hidden[layer])


def test_a_model_that_calls_another_keeps_them_apart() -> None:
    """A student that asks its teacher in the middle of its own forward pass must not record the teacher's attention."""
    teacher, student = tiny("bert", seed=1), tiny("bert")
    _, alone = run(student)
    with Tap(teacher, EVERYTHING), Tap(student, EVERYTHING) as tap:
        hook = student.encoder.layer[1].register_forward_pre_hook(lambda *_: teacher(**batch()) and None)
        capture = tap.take(student(**batch()), None)
        hook.remove()
    assert all(torch.equal(capture.attention[i].queries, heads.queries) for i, heads in alone.attention.items())


def test_one_model_is_tapped_twice_in_sequence_but_not_at_once() -> None:
    """Two attention taps on one model would take each other's records; after one another they must both work."""
    model = tiny("bert")
    _, first = run(model)
    with Tap(model, EVERYTHING), pytest.raises(ModelError, match="tapped already"), Tap(model, EVERYTHING):
        pass
    _, second = run(model)
    assert torch.equal(first.attention[2].queries, second.attention[2].queries)
    assert model.config._attn_implementation == "sdpa"


def test_hidden_states_can_be_tapped_beside_attention() -> None:
    """An evaluation that looks at hidden states in the middle of training must not take the student's attention."""
    model = tiny("bert")
    _, alone = run(model)
    with Tap(model, EVERYTHING) as outer, Tap(model, Needs(hidden=frozenset({2}))) as inner:
        output = model(**batch())
        assert torch.equal(inner.take(output, None).hidden[2], alone.hidden[2])
        assert torch.equal(outer.take(output, None).attention[3].values, alone.attention[3].values)


def test_models_that_share_a_config_are_refused() -> None:
    """The switch of attention lives in the config: shared, the first exit would silently untap the second model."""
    config = tiny_config("bert")
    config._attn_implementation = "sdpa"
    one, other = BertModel(config), BertModel(config)
    with Tap(one, EVERYTHING), pytest.raises(ModelError, match="shares its config"), Tap(other, EVERYTHING):
        pass


def test_only_what_is_needed_is_kept() -> None:
    """Every layer's tensors kept through the step would cost gigabytes at real sizes."""
    _, capture = run(tiny("bert", layers=6), Needs(hidden=frozenset({0, 4}), attention=frozenset({6})))
    assert capture.hidden.keys() == {0, 4}
    assert capture.attention.keys() == {6}
    assert capture.logits is None


def test_attention_stays_as_it_is_when_only_hidden_states_are_needed() -> None:
    """A model loaded with flash attention keeps it when nobody asks for queries and keys."""
    model = tiny("bert", attention="eager")
    with Tap(model, Needs(hidden=frozenset({1}))):
        assert model.config._attn_implementation == "eager"


def test_the_body_may_be_called_without_its_head() -> None:
    """A teacher whose logits nobody needs is run without its head."""
    model = tiny("bert", "classification")
    with Tap(model, EVERYTHING) as tap:
        body = tap.take(model.base_model(**batch()), None)
        whole = tap.take(model(**batch()), None)
    assert torch.equal(body.hidden[3], whole.hidden[3])


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


def test_each_pass_is_taken_once() -> None:
    """A second take would pair an old teacher pass with a new student pass."""
    model = tiny("bert")
    with Tap(model, EVERYTHING) as tap:
        output = model(**batch())
        tap.take(output, None)
        with pytest.raises(ObjectiveError, match="has not run"):
            tap.take(output, None)


def test_logits_of_a_model_without_a_head_are_refused() -> None:
    """A base model given as teacher has no answers to imitate."""
    with pytest.raises(ObjectiveError, match="task head"):
        run(tiny("bert"), Needs(logits=True))


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


def test_a_readout_is_refused_where_there_is_no_vocabulary() -> None:
    """Distilling a classifier with a language model's recipe fails with an AttributeError."""
    with pytest.raises(ModelError, match="no linear layer over the vocabulary"):
        Tap(tiny("bert", "classification"), Needs(readout=True))
