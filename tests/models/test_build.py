from __future__ import annotations

import pytest
import torch

from hodu.errors import ModelError, ShapeError
from hodu.layers import uniform
from hodu.models import build_student, count_parameters, plan, shape_of
from hodu.types import Shape
from tests.models.tiny import FAMILIES, batches, config, teacher

NARROW = Shape(2, 24, 2, 48)


def same_width(family: str) -> Shape:
    return Shape(2, 48, 4, shape_of(config(family)).feed_forward)


def logits(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    with torch.inference_mode():
        return model(**batch).logits


@pytest.mark.parametrize(
    ("teacher_layers", "student_layers", "expected"),
    [
        (6, 3, (2, 4, 6)),
        (12, 4, (3, 6, 9, 12)),
        (6, 4, (2, 3, 5, 6)),
        (5, 5, (1, 2, 3, 4, 5)),
        (7, 1, (7,)),
        (12, 5, (2, 5, 7, 10, 12)),
    ],
)
def test_layers_are_spread_and_end_with_the_last(
    teacher_layers: int, student_layers: int, expected: tuple[int, ...]
) -> None:
    """The student's last layer would imitate a layer whose states the head never saw."""
    assert uniform(student_layers, teacher_layers) == expected


@pytest.mark.parametrize("start", ["random", "slice"])
@pytest.mark.parametrize("family", FAMILIES)
def test_builds_every_family_narrower(family: str, start: str) -> None:
    """A user of this family could not make a student at all, or would get one with another task head."""
    model = teacher(family)
    student = build_student(model, NARROW, start, batches=None)  # type: ignore[arg-type]
    assert type(student) is type(model)
    assert shape_of(student.config) == NARROW
    assert logits(student, batches(1)[0]).shape == (8, 3)
    assert student.config.id2label == model.config.id2label


@pytest.mark.parametrize("family", FAMILIES)
def test_all_layers_copied_are_the_teacher(family: str) -> None:
    """Some weight of the teacher would silently stay random in the student."""
    model = teacher(family)
    student = build_student(model, shape_of(model.config), "layers", batches=None)
    batch = batches(1)[0]
    torch.testing.assert_close(logits(student, batch), logits(model, batch))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_full_slice_is_the_teacher(family: str) -> None:
    """Heads or fused matrices would be cut in the wrong place."""
    model = teacher(family)
    student = build_student(model, shape_of(model.config), "slice", batches=None)
    batch = batches(1)[0]
    torch.testing.assert_close(logits(student, batch), logits(model, batch))


def test_layers_come_from_where_the_map_says() -> None:
    """The student would start from other layers than the plan printed."""
    model = teacher("Bert")
    student = build_student(model, same_width("Bert"), "layers", batches=None, layers=(1, 3))
    ours, theirs = student.bert.encoder.layer, model.bert.encoder.layer
    torch.testing.assert_close(ours[1].output.dense.weight, theirs[2].output.dense.weight)
    torch.testing.assert_close(ours[0].attention.self.query.weight, theirs[0].attention.self.query.weight)


def test_slices_whole_heads_and_narrow_heads() -> None:
    """A head of the student would be patched together from two heads of the teacher."""
    model = teacher("Bert")
    weight = model.bert.encoder.layer[1].attention.self.key.weight.view(4, 12, 48)
    student = build_student(model, Shape(2, 24, 4, 48), "slice", batches=None)
    small = student.bert.encoder.layer[0].attention.self.key.weight.view(4, 6, 24)
    torch.testing.assert_close(small, weight[:, :6, :24])


def test_slices_fused_queries_keys_and_values() -> None:
    """GPT-2's student would take all three of queries, keys and values from the teacher's queries."""
    model = teacher("GPT2")
    weight = model.transformer.h[1].attn.c_attn.weight.view(48, 3, 4, 12)
    student = build_student(model, Shape(2, 24, 2, 48), "slice", batches=None)
    small = student.transformer.h[0].attn.c_attn.weight.view(24, 3, 2, 12)
    torch.testing.assert_close(small, weight[:24, :, :2])


@pytest.mark.parametrize("task", ["MaskedLM", "SequenceClassification"])
@pytest.mark.parametrize("family", ["Bert", "Electra", "Roberta", "DistilBert", "Albert", "ModernBert"])
def test_kept_pieces_keep_their_vectors(family: str, task: str) -> None:
    """With a pruned vocabulary the student would read the vectors of other words than the teacher did."""
    model = teacher(family, task)
    kept = torch.tensor([0, 1, 2, *range(30, 60)])
    student = build_student(model, shape_of(model.config), "layers", batches=None, kept=kept)
    batch = batches(1, pieces=len(kept))[0]
    with torch.inference_mode():
        ours, theirs = student(**batch).logits, model(**batch | {"input_ids": kept[batch["input_ids"]]}).logits
    torch.testing.assert_close(ours, theirs[..., kept] if task == "MaskedLM" else theirs)


def test_roberta_positions_follow_a_moved_padding_id() -> None:
    """RoBERTa counts positions from the padding id: a pruned student would read every position vector one place off."""
    model = teacher("Roberta", pad_token_id=5)
    kept = torch.tensor([0, 2, 5, *range(30, 60)])
    student = build_student(model, shape_of(model.config), "layers", batches=None, kept=kept)
    batch = batches(1, pieces=len(kept))[0]
    ids = batch["input_ids"].where(batch["attention_mask"].bool(), torch.tensor(2))
    with torch.inference_mode():
        ours = student(input_ids=ids, attention_mask=batch["attention_mask"]).logits
        theirs = model(input_ids=kept[ids], attention_mask=batch["attention_mask"]).logits
    torch.testing.assert_close(ours, theirs)
    assert student.config.max_position_embeddings == 37


def test_the_padding_row_follows() -> None:
    """An ordinary word would sit on the row that never gets a gradient."""
    student = build_student(
        teacher("Bert", pad_token_id=5), NARROW, "slice", batches=None, kept=torch.tensor([0, 2, 5, 9])
    )
    assert student.get_input_embeddings().padding_idx == 2


def test_tied_heads_stay_tied() -> None:
    """The student of a masked language model would train two tables instead of one, and be twice the planned size."""
    student = build_student(teacher("Bert", "MaskedLM"), NARROW, "slice", batches=None)
    assert student.get_output_embeddings().weight is student.get_input_embeddings().weight


def test_the_seed_decides_and_the_global_state_stays() -> None:
    """Two runs with one seed would give two students, or building a student would change the shuffling of the data."""
    model = teacher("Bert")
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, second, other = (build_student(model, NARROW, "random", batches=None, seed=seed) for seed in (1, 1, 2))
    torch.testing.assert_close(torch.rand(3), expected)
    torch.testing.assert_close(first.classifier.weight, second.classifier.weight)
    assert not torch.equal(first.classifier.weight, other.classifier.weight)


def test_a_bf16_teacher_gives_an_fp32_student() -> None:
    """The student would train in bf16 with fp32 learning rates and stand still."""
    student = build_student(teacher("Bert").to(torch.bfloat16), NARROW, "slice", batches=None)
    assert {weight.dtype for weight in student.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("shape", "start"),
    [
        (NARROW, "layers"),
        (Shape(2, 48, 2, 96), "layers"),
        (Shape(2, 48, 4, 95), "layers"),
        (Shape(2, 24, 1, 48), "slice"),
        (Shape(2, 24, 6, 48), "slice"),
    ],
)
def test_refuses_shapes_that_the_start_cannot_make(shape: Shape, start: str) -> None:
    """The student would silently start from weights that do not belong together."""
    with pytest.raises(ShapeError, match=start):
        build_student(teacher("Bert"), shape, start, batches=None)  # type: ignore[arg-type]


def test_refuses_narrower_heads_under_rotary_positions() -> None:
    """Each dimension of a Llama head turns at its own speed: cut heads would read positions wrongly."""
    with pytest.raises(ShapeError, match="width 12"):
        build_student(teacher("Llama"), Shape(2, 24, 4, 48), "slice", batches=None)


@pytest.mark.parametrize("layers", [(1,), (0, 2), (1, 5)])
def test_refuses_layers_that_are_not_there(layers: tuple[int, ...]) -> None:
    """A typing error in the layers would surface as an index error, or as the wrong layer."""
    with pytest.raises(ShapeError, match="between 1 and 4"):
        build_student(teacher("Bert"), NARROW, "slice", batches=None, layers=layers)


def test_refuses_an_unknown_start() -> None:
    """A typing error in the start would train from random weights."""
    with pytest.raises(ModelError, match="rotated"):
        build_student(teacher("Bert"), NARROW, "rotated", batches=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("task", ["MaskedLM", "SequenceClassification"])
def test_the_plan_is_what_gets_built(task: str) -> None:
    """The printed size would not be the size of the student."""
    model = teacher("Bert", task)
    planned = plan(model, NARROW, "random", vocabulary=33)
    kept = torch.arange(33)
    student = build_student(model, NARROW, "random", batches=None, kept=kept)
    assert (planned.parameters, planned.non_embedding_parameters) == count_parameters(student)
    assert (planned.teacher_parameters, planned.teacher_non_embedding_parameters) == count_parameters(model)
    assert planned.fp32_bytes == sum(weight.nbytes for weight in student.parameters())
    assert planned.layers == (2, 4)
    assert (planned.vocabulary, planned.teacher_vocabulary) == (33, 60)


def test_the_plan_works_from_a_configuration() -> None:
    """A plan would need the weights of a teacher that is not downloaded yet."""
    model = teacher("Bert")
    model.config.architectures = ["BertForSequenceClassification"]
    assert plan(model.config, NARROW, "slice", vocabulary=60) == plan(model, NARROW, "slice", vocabulary=60)


def test_counts_embedding_tables_apart() -> None:
    """The headline 'so many times fewer parameters' would count the vocabulary."""
    model = teacher("Electra")
    tables = (60 + 40 + 2) * 24
    everything, without = count_parameters(model)
    assert everything - without == tables
    assert everything == sum(weight.numel() for weight in model.parameters())
