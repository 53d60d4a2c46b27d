"""A tap leaves its model as it was, however a pass ends, and two taps do not disturb each other."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import torch

from hodu.errors import ModelError, ObjectiveError
from hodu.taps import ATTENTION, Tap
from hodu.types import Needs
from tests.taps.reference import (
    EVERYTHING,
    every_family,
    hook_count,
    run,
)
from tests.tiny import batch, tiny


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


def test_each_pass_is_taken_once() -> None:
    """A second take would pair an old teacher pass with a new student pass."""
    model = tiny("bert")
    with Tap(model, EVERYTHING) as tap:
        output = model(**batch())
        tap.take(output, None)
        with pytest.raises(ObjectiveError, match="has not run"):
            tap.take(output, None)
