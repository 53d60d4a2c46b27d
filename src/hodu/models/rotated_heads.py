"""Task heads of a rotated student, so that it does its task before any training."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import PreTrainedModel

from hodu.models.copying import output_layer
from hodu.models.encoder import Head, heads_of
from hodu.models.principal import Batch, Sites, assign, calibrate, principal_directions, record, regress, strongest

_OUTPUT_RIDGE = 1.0  # outputs behind a pooled token are fitted on a few hundred texts only
_HIDDEN_RIDGE = 1e-3
_LINEAR_REGION = 4.0  # where gelu(x) = x, for inputs of variance 1


def head_sites(teacher: PreTrainedModel) -> Sites:
    """What :func:`rotate_heads` wants to see of the teacher."""
    sites: Sites = {}
    for number, head in enumerate(heads_of(teacher)):
        if head.norm is not None:
            sites[f"vocabulary {number}"] = (head.norm, "output")
        elif head.hidden is not None and head.output is None:
            sites[f"units {number}"] = (head.hidden, "output")
        elif head.hidden is not None and head.output is not None:
            sites[f"units {number}"], sites[f"outputs {number}"] = (head.output, "input"), (head.output, "output")
    return sites


def rotate_heads(
    student: PreTrainedModel,
    teacher: PreTrainedModel,
    rows: Tensor,
    texts: list[Batch],
    seen: dict[str, Tensor],
    state: Tensor,
    reader: tuple[Tensor, Tensor],
) -> None:
    """Fill the heads of a student whose encoder is done.

    Args:
        rows: ``V_student`` → teacher piece id.
        seen: the teacher on the texts, at :func:`head_sites`.
        state: the student's last state, ``tokens, d``.
        reader: ``D d`` and ``D``: guesses the teacher's last state from it.
    """
    weight, offset = reader
    for number, (ours, theirs) in enumerate(zip(heads_of(student), heads_of(teacher), strict=True)):
        if ours.norm is not None:
            _vocabulary_head(student, teacher, ours, rows.to(state.device), texts, state, seen[f"vocabulary {number}"])
        elif ours.hidden is not None:
            _dense_head(student, ours, theirs, texts, reader, seen[f"units {number}"], seen.get(f"outputs {number}"))
        elif ours.output is not None and theirs.output is not None:
            read = theirs.output.weight.float()
            assign(ours.output, read @ weight, read @ offset + theirs.output.bias.float())


def _dense_head(
    student: PreTrainedModel,
    ours: Head,
    theirs: Head,
    texts: list[Batch],
    reader: tuple[Tensor, Tensor],
    units: Tensor,
    outputs: Tensor | None,
) -> None:
    """Hidden units behind an activation cannot be rotated: keep those that move the outputs most, then fit the output layer to them."""
    assert ours.hidden is not None
    assert theirs.hidden is not None
    out = torch.ones(1, units.shape[1], device=units.device) if theirs.output is None else theirs.output.weight.float()
    chosen = strongest(units.var(0) * out.square().sum(0), ours.hidden.out_features)
    read, (weight, offset) = theirs.hidden.weight.float()[chosen], reader
    assign(ours.hidden, read @ weight, read @ offset + theirs.hidden.bias.float()[chosen])
    if ours.output is not None and outputs is not None:
        source = record(student, texts, {"units": (ours.output, "input")})["units"]
        assign(ours.output, *regress(source, outputs, out[:, chosen], _OUTPUT_RIDGE))


def _vocabulary_head(
    student: PreTrainedModel,
    teacher: PreTrainedModel,
    ours: Head,
    rows: Tensor,
    texts: list[Batch],
    state: Tensor,
    wanted: Tensor,
) -> None:
    """``hidden → activation → norm → vocabulary``: fit what the vocabulary reads.

    The table is given (it is the student's embedding table), so the norm must produce what makes the same scores with it. The hidden layer
    fits that linearly, moved to where its activation is linear; the norm takes the shift away again.
    """
    table, full = output_layer(student), output_layer(teacher)
    assert table is not None
    assert full is not None
    scores = full.weight.float()[rows]  # V D
    if table.weight is not student.get_input_embeddings().weight:
        table.weight.copy_(scores @ principal_directions([wanted], table.weight.shape[1]))
    table.bias.copy_(full.bias[rows])
    # The same scores from the smaller table, by least squares over the vocabulary; the pull keeps it solvable for tiny vocabularies.
    gram = table.weight.T @ table.weight
    gram.diagonal().add_(1e-6 * gram.diagonal().mean())
    target = wanted @ torch.linalg.solve(gram, table.weight.T @ scores).T  # tokens d
    assert ours.hidden is not None
    assert ours.norm is not None
    start = torch.zeros(target.shape[1], state.shape[1], device=state.device)
    weight, bias = regress(state, target, start, _HIDDEN_RIDGE)
    guess = state @ weight.T + bias
    scale = guess.std(0).clamp(min=1e-6)
    assign(ours.hidden, weight / scale[:, None], (bias - guess.mean(0)) / scale + _LINEAR_REGION)
    calibrate(ours.norm, record(student, texts, {"norm": (ours.norm, "input")})["norm"], target)
