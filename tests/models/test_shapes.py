from __future__ import annotations

import pytest
import torch

from hodu.errors import ModelError, ShapeError
from hodu.models import parse_shape, shape_of
from hodu.models.shapes import student_config
from hodu.types import Shape
from tests.models.tiny import FAMILIES, config


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_says_its_shape(family: str) -> None:
    """A user of this family would get a plan for another size than the teacher has."""
    feed_forward = 192 if family == "GPT2" else 96  # n_inner None means 4 x width
    assert shape_of(config(family)) == Shape(4, 48, 4, feed_forward)


def test_derives_heads_and_feed_forward() -> None:
    """3x192 of MiniLM 6x384 would have heads of another width than its teacher, and relations could not be compared."""
    teacher = config("Bert", hidden_size=384, num_attention_heads=12, num_hidden_layers=6, intermediate_size=1536)
    assert parse_shape("3x192", teacher) == Shape(3, 192, 6, 768)
    assert parse_shape(" 3×192 ", teacher, heads=12, feed_forward=500) == Shape(3, 192, 12, 500)


def test_takes_the_nearest_smaller_head_width() -> None:
    """TinyBERT's own 4x312 would be refused, because 64 does not divide 312."""
    teacher = config("Bert", hidden_size=768, num_attention_heads=12, num_hidden_layers=12, intermediate_size=3072)
    assert parse_shape("4x312", teacher) == Shape(4, 312, 6, 1248)


@pytest.mark.parametrize("text", ["", "3", "3x", "axb", "3x-4", "-3x24", "3.5x24", "3x24x2", "0x24", "3x0"])
def test_refuses_what_is_not_a_shape(text: str) -> None:
    """A typing error would start a training of hours with some other shape."""
    with pytest.raises(ShapeError):
        parse_shape(text, config("Bert"))


@pytest.mark.parametrize(
    ("text", "given", "word"),
    [
        ("5x24", {}, "layers"),
        ("2x96", {}, "width"),
        ("2x24", {"feed_forward": 97}, "feed-forward"),
        ("2x24", {"feed_forward": 0}, "feed-forward"),
        ("2x24", {"heads": 5}, "heads"),
        ("2x24", {"heads": 0}, "heads"),
        ("2x23", {}, "24"),
    ],
)
def test_refuses_what_the_teacher_cannot_give(text: str, given: dict[str, int], word: str) -> None:
    """A student larger than its teacher, or one that cannot be cut into heads, would fail deep inside transformers or train for nothing."""
    with pytest.raises(ShapeError, match=word):
        parse_shape(text, config("Bert"), **given)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_students_configuration_has_the_shape(family: str) -> None:
    """The student would be built in another size than the plan showed."""
    shape = Shape(2, 24, 2, 40)
    small = student_config(config(family), shape, (2, 4), None)
    assert shape_of(small) == shape
    assert small.id2label == config(family).id2label
    assert small.vocab_size == 60


def test_layer_kinds_follow_the_chosen_layers() -> None:
    """A ModernBERT layer trained on a window of 128 tokens would be started from one that sees everything."""
    small = student_config(config("ModernBert"), Shape(2, 48, 4, 96), (2, 4), None)
    assert small.layer_types == ["sliding_attention", "sliding_attention"]


def test_key_value_heads_keep_their_ratio() -> None:
    """A Llama student would lose its grouped heads, or fail to build."""
    assert student_config(config("Llama"), Shape(2, 24, 2, 48), (2, 4), None).num_key_value_heads == 1


def test_token_ids_follow_the_pruned_vocabulary() -> None:
    """The student would treat an ordinary word as padding and never learn its vector."""
    kept = torch.tensor([0, 2, 5, 7, 9])
    small = student_config(
        config("Bert", pad_token_id=7, bos_token_id=3, eos_token_id=[2, 9]), Shape(2, 24, 2, 48), (2, 4), kept
    )
    assert (small.vocab_size, small.pad_token_id, small.bos_token_id, small.eos_token_id) == (5, 3, None, [1, 4])


def test_the_padding_piece_must_be_kept() -> None:
    """Batches of the student could not be padded."""
    with pytest.raises(ModelError, match="padding"):
        student_config(config("Bert"), Shape(2, 24, 2, 48), (2, 4), torch.tensor([0, 2, 3]))
