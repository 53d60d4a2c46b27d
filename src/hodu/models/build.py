"""Build a student: its layers mapped onto the teacher's, its weights started, its size planned before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import transformers
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from hodu.errors import ModelError, ShapeError
from hodu.layers import uniform
from hodu.models.copying import copy_layers, copy_slices
from hodu.models.facts import facts_of, read_facts
from hodu.models.pooling import pool_by, pooling_of
from hodu.models.shapes import shape_of, student_config
from hodu.models.texts import one_answer_a_text
from hodu.models.warm_start import rotate
from hodu.types import Shape, Start


@dataclass(frozen=True, slots=True)
class Plan:
    """What a student will be, before anything is trained.

    ``int8_bytes`` counts one byte for each weight of a matrix and four for each of a vector (biases and norms stay fp32).
    """

    shape: Shape
    teacher_shape: Shape
    start: Start
    layers: tuple[int, ...]
    parameters: int
    non_embedding_parameters: int
    teacher_parameters: int
    teacher_non_embedding_parameters: int
    fp32_bytes: int
    int8_bytes: int
    vocabulary: int
    teacher_vocabulary: int

    def __str__(self) -> str:
        small, big = self.shape, self.teacher_shape
        share = self.teacher_non_embedding_parameters / self.non_embedding_parameters
        return "\n".join(
            (
                f"student {small} from teacher {big}, start {self.start}: its layers from the teacher's {', '.join(map(str, self.layers))}",
                f"  heads {small.heads} (teacher {big.heads}), feed-forward {small.feed_forward} ({big.feed_forward}), "
                f"vocabulary {self.vocabulary:,} ({self.teacher_vocabulary:,})",
                f"  parameters {self.parameters / 1e6:.2f} M ({self.teacher_parameters / 1e6:.2f} M), "
                f"without embeddings {self.non_embedding_parameters / 1e6:.2f} M "
                f"({self.teacher_non_embedding_parameters / 1e6:.2f} M: {share:.1f}x fewer)",
                f"  size {self.fp32_bytes / 1e6:.1f} MB in fp32, about {self.int8_bytes / 1e6:.1f} MB in int8",
            )
        )


def build_student(
    teacher: PreTrainedModel,
    shape: Shape,
    start: Start,
    *,
    batches: Iterable[dict[str, Tensor]] | None,
    kept: Tensor | None = None,
    layers: tuple[int, ...] | None = None,
    seed: int = 0,
) -> PreTrainedModel:
    """A smaller model of the teacher's class (task head and label names included), in fp32 on the teacher's device, in eval mode.

    Args:
        batches: some thousand tokens of the user's text, tokenised by the teacher's tokenizer; ``rotate`` needs them, the others do not look.
        kept: ``V_student`` → teacher piece id (see :func:`prune_vocabulary`), or None for the whole vocabulary.
        layers: the teacher layers (1 ... N) that the student's layers start from; by default spread evenly, the last included (TinyBERT §4.1).
        seed: for the weights that start at random; the global random state is left as it was.

    Raises:
        ShapeError: a shape that this start cannot make from this teacher.
        ModelError: a family that this start does not know, batches missing, or a piece outside ``kept``.
    """
    layers = uniform(shape.layers, shape_of(teacher.config).layers) if layers is None else layers
    _check_layers(layers, shape, shape_of(teacher.config))
    config = student_config(teacher.config, shape, layers, kept)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        student: PreTrainedModel = type(teacher)(config)
    nn.Module.to(student, device=teacher.device, dtype=torch.float32)  # transformers' own methods lose their types
    nn.Module.eval(student)
    one_answer_a_text(student)
    if pooling := pooling_of(teacher.config):
        pool_by(student, pooling)
    if settings := facts_of(teacher.config):
        read_facts(student, settings)
    if start == "layers":
        copy_layers(student, teacher, layers, kept)
    elif start == "slice":
        copy_slices(student, teacher, layers, kept)
    elif start == "rotate":
        rotate(student, teacher, layers, kept, batches)
    elif start != "random":
        raise ModelError(f"{start!r} is not a student start: choose random, layers, slice or rotate.")
    return student


def plan(teacher: PreTrainedModel | PretrainedConfig, shape: Shape, start: Start, *, vocabulary: int) -> Plan:
    """Sizes of the student and the teacher; the student's weights are not allocated (meta device).

    Args:
        vocabulary: pieces of the student's tokenizer.
    """
    config = teacher.config if isinstance(teacher, PreTrainedModel) else teacher
    full, layers = shape_of(config), uniform(shape.layers, shape_of(config).layers)
    student = sketch(teacher, shape, vocabulary=vocabulary)
    with torch.device("meta"):
        whole = teacher if isinstance(teacher, PreTrainedModel) else _class_of(teacher)(config)
    parameters, non_embedding = count_parameters(student)
    teacher_parameters, teacher_non_embedding = count_parameters(whole)
    vectors = sum(weight.numel() for weight in student.parameters() if weight.dim() < 2)
    return Plan(
        shape=shape,
        teacher_shape=full,
        start=start,
        layers=layers,
        parameters=parameters,
        non_embedding_parameters=non_embedding,
        teacher_parameters=teacher_parameters,
        teacher_non_embedding_parameters=teacher_non_embedding,
        fp32_bytes=4 * parameters,
        int8_bytes=parameters + 3 * vectors,
        vocabulary=vocabulary,
        teacher_vocabulary=config.vocab_size,
    )


def sketch(
    teacher: PreTrainedModel | PretrainedConfig, shape: Shape, *, vocabulary: int, device: str = "meta"
) -> PreTrainedModel:
    """A student of this shape with random weights, or with none (meta device): to be counted or timed, not to be trained.

    Args:
        vocabulary: pieces of the student's tokenizer.
    """
    config = teacher.config if isinstance(teacher, PreTrainedModel) else teacher
    small = student_config(config, shape, uniform(shape.layers, shape_of(config).layers), None)
    small.vocab_size = vocabulary
    small.pad_token_id = None if config.pad_token_id is None else min(config.pad_token_id, vocabulary - 1)
    with torch.device(device), torch.random.fork_rng():
        made = _class_of(teacher)(small)
    one_answer_a_text(made)
    return made


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """All parameters, and those outside embedding tables (word, position, token type). Shared weights count once."""
    tables = {
        id(module.weight): module.weight.numel() for module in model.modules() if isinstance(module, nn.Embedding)
    }
    parameters = sum(weight.numel() for weight in model.parameters())
    return parameters, parameters - sum(tables.values())


def _class_of(teacher: PreTrainedModel | PretrainedConfig) -> type[PreTrainedModel]:
    if isinstance(teacher, PreTrainedModel):
        return type(teacher)
    names = teacher.architectures or []
    found: type[PreTrainedModel] | None = getattr(transformers, names[0], None) if names else None
    if found is None:
        raise ModelError(
            f"The configuration names no known model class (architectures: {names}): give the loaded model."
        )
    return found


def _check_layers(layers: tuple[int, ...], shape: Shape, full: Shape) -> None:
    if len(layers) != shape.layers or not all(1 <= layer <= full.layers for layer in layers):
        raise ShapeError(
            f"A student of {shape.layers} layers cannot start from teacher layers {layers}: "
            f"give {shape.layers} numbers between 1 and {full.layers}."
        )
