"""Language models: the teacher's distribution over the vocabulary, and the right pieces, without ever holding ``B L V``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.objectives.base import Objective
from hodu.types import IGNORED, LANGUAGE, Capture, Needs, Pairing, Readout

# Logits at a time: in products with the vocabulary, which want many tokens; and between them, where a CPU is fastest on what its cache holds.
_CHUNK = {"cpu": 2**23, "cuda": 2**26}
_BLOCK = {"cpu": 2**19, "cuda": 2**26}


class Vocabulary(Objective):
    """``soft · T² KL(softmax(teacher / T) ‖ softmax(student / T)) + hard · cross-entropy with the right pieces`` (DistilBERT, Sanh et al. 2019, §2).

    Both models are read out just before their vocabulary (:class:`Readout`), at the tokens that count only. The vocabulary is gone through in chunks of tokens, and
    each chunk's gradient is taken at once, so the largest tensor has some million entries whatever the batch; softmaxes are computed in float32.

    Args:
        soft: weight of the soft targets; 0 asks nothing of the teacher.
        hard: weight of the cross-entropy, at the tokens that have a label, T = 1.
        temperature: T.
        positions: where soft targets are compared: ``"all"`` real tokens, as DistilBERT's code does, or only the ``"labelled"`` ones, which is faster and another objective.
        mean: over the tokens within an ``"example"`` and then over examples; or over all ``"tokens"`` of the batch (DistilBERT's code), which weighs accumulated
            micro-batches otherwise than a whole one.

    Raises:
        ObjectiveError: T ≤ 0, no weight, a batch without labels for ``hard``, different vocabularies, or a model that is no language model.
    """

    def __init__(
        self,
        *,
        soft: float = 1.0,
        hard: float = 0.0,
        temperature: float = 1.0,
        positions: Literal["all", "labelled"] = "all",
        mean: Literal["example", "tokens"] = "example",
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise ObjectiveError(f"the temperature of soft targets must be above 0, got {temperature}")
        if soft < 0 or hard < 0 or soft + hard == 0:
            raise ObjectiveError(f"weights must not be negative, and not both 0; got soft {soft} and hard {hard}")
        self.soft, self.hard, self.temperature = soft, hard, temperature
        self.positions, self.mean = positions, mean
        self.student_needs = Needs(readout=True)
        self.teacher_needs = Needs(readout=soft > 0)

    @classmethod
    @override
    def between(cls, pairing: Pairing, **settings: Any) -> Self:
        if pairing.task not in LANGUAGE or pairing.task == "replaced-token":
            raise ObjectiveError(
                f"distributions over the vocabulary are for language models, and this is {pairing.task}: take a recipe such as hodu or hinton (electra for replaced-token), or --task masked-lm"
            )
        return cls(**settings)

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        if student.readout is None or (self.soft and teacher.readout is None):
            raise ObjectiveError("Vocabulary needs both language models' readout, and none was captured")
        labels = self._labels(student)  # B L
        labelled = labels != IGNORED
        where = labelled if self.positions == "labelled" or not self.soft else student.mask
        kept = where | labelled  # B L
        soft, hard = (self._weights(part, weight)[kept] for part, weight in ((where, self.soft), (labelled, self.hard)))
        ours = student.readout
        theirs = _rows(teacher.readout, kept) if self.soft and teacher.readout is not None else None
        _check(ours, theirs)
        gold = labels[kept] if self.hard else None  # N
        loss: Tensor = _InChunks.apply(
            ours.states[kept], ours.weight, ours.bias, theirs, gold, soft, hard, self.temperature
        )  # type: ignore[no-untyped-call]
        return loss.float()

    def _labels(self, student: Capture) -> Tensor:
        if student.labels is not None:
            return student.labels
        if self.hard or self.positions == "labelled":
            raise ObjectiveError("the pieces to predict are missing: give labels, as a masked or causal batch has them")
        return torch.full(student.mask.shape, IGNORED, device=student.mask.device)

    def _weights(self, part: Tensor, weight: float) -> Tensor:
        """What each token counts, ``B L``; an example without any such token counts nothing."""
        here = part.float()
        if self.mean == "tokens":
            return weight * here / here.sum().clamp(min=1)
        return weight * here / here.sum(dim=1, keepdim=True).clamp(min=1) / len(here)


def surprise(readout: Readout, labels: Tensor) -> tuple[Tensor, Tensor]:
    """How little a language model expects the right pieces: their negative log-likelihood, and whether each is its first choice.

    Args:
        labels: ``B L``, :data:`IGNORED` where there is nothing to predict.

    Returns:
        ``B L`` nats and ``B L`` of 0 and 1, both 0 where there is nothing to predict.
    """
    kept = labels != IGNORED
    rows, gold = _rows(readout, kept), labels[kept]
    nats, right = rows.states.new_zeros(len(gold), dtype=torch.float32), torch.zeros(len(gold), device=gold.device)
    for part in _parts(len(gold), rows, _CHUNK):
        logits = _logits(rows, part)  # n V
        nats[part] = -logits.log_softmax(-1).gather(1, gold[part, None])[:, 0]  # n
        right[part] = (logits.argmax(-1) == gold[part]).float()
    return tuple(torch.zeros(kept.shape, device=gold.device).masked_scatter(kept, each) for each in (nats, right))  # type: ignore[return-value]  # B L


class _InChunks(torch.autograd.Function):
    """The loss, and in the same pass its gradients: the logits of a chunk are needed once for both."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        states: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        theirs: Readout | None,
        labels: Tensor | None,
        soft: Tensor,
        hard: Tensor,
        temperature: float,
    ) -> Tensor:
        kind = states.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
        ours = Readout(states.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype))
        learns = any(ctx.needs_input_grad)  # type: ignore[attr-defined]
        wide = torch.promote_types(dtype, torch.float32)
        gradients = [torch.zeros_like(one, dtype=wide) for one in (states, weight)] if learns else []
        of_bias = torch.zeros(len(weight), dtype=wide, device=weight.device)
        loss = torch.zeros((), dtype=wide, device=states.device)
        with torch.autocast(kind, enabled=False):
            for part in _parts(len(states), ours, _CHUNK):
                logits = _logits(ours, part)  # n V
                # the slope takes the place of the teacher's logits
                slope = torch.zeros_like(logits) if theirs is None else _logits(theirs, part)  # n V
                for block in _parts(len(logits), ours, _BLOCK):
                    few, here = slice(part.start + block.start, part.start + block.stop), slope[block]
                    if theirs is not None:
                        loss += _soften(logits[block], here, soft[few], temperature)
                    if labels is not None:
                        loss += _harden(logits[block], labels[few], hard[few], here)
                if learns:
                    slope = slope.to(dtype)
                    gradients[0][part] = (slope @ ours.weight).to(wide)  # n D
                    gradients[1].addmm_(slope.T.to(wide), ours.states[part].to(wide))  # V D
                    of_bias += slope.sum(0)
        ctx.save_for_backward(*gradients, of_bias)
        ctx.types = (states.dtype, weight.dtype, None if bias is None else bias.dtype)  # type: ignore[attr-defined]
        return loss

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        given = [
            None if dtype is None else (one * upstream).to(dtype)
            for one, dtype in zip(ctx.saved_tensors, ctx.types, strict=True)
        ]
        return (*given, None, None, None, None, None)


def _soften(logits: Tensor, theirs: Tensor, weights: Tensor, temperature: float) -> Tensor:
    """The weighted soft-target loss of some tokens; leaves its gradient for their logits (``n V``) in ``theirs``."""
    logits, said = logits / temperature, theirs.div_(temperature)
    most, mosts = logits.amax(-1, keepdim=True), said.amax(-1, keepdim=True)  # n 1
    mine, share = (logits - most).exp_(), (said - mosts).exp_()  # n V, not yet divided by their sums
    total, totals = mine.sum(-1, keepdim=True), share.sum(-1, keepdim=True)  # n 1
    # KL = mean of (their log-probability - ours) under them
    apart = torch.linalg.vecdot(share, said - logits) / totals[:, 0]  # n
    apart = apart + (most + total.log() - mosts - totals.log())[:, 0]  # n
    # the gradient of T² KL for the logits is T² / T (ours - theirs)
    rate = (weights * temperature)[:, None]  # n 1
    torch.mul(mine, rate / total, out=theirs).addcmul_(share, -rate / totals)
    loss: Tensor = (weights * apart).sum() * temperature**2
    return loss


def _harden(logits: Tensor, labels: Tensor, weights: Tensor, slope: Tensor) -> Tensor:
    """The weighted cross-entropy of the tokens that have a label; adds its gradient to ``slope``."""
    rows = (labels != IGNORED).nonzero()[:, 0]
    logs = logits[rows].log_softmax(-1)
    gold, weights = labels[rows, None], weights[rows, None]
    loss = -(weights * logs.gather(1, gold)).sum()
    slope.index_add_(0, rows, logs.exp_().mul_(weights).scatter_add_(1, gold, -weights.to(logs.dtype)))
    return loss


def _logits(readout: Readout, part: slice) -> Tensor:
    """``n V``, in float32 or what is wider."""
    logits = torch.nn.functional.linear(readout.states[part], readout.weight, readout.bias)
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def _parts(count: int, readout: Readout, most: Mapping[str, int]) -> list[slice]:
    """Tokens that are done together."""
    size = max(1, most.get(readout.weight.device.type, most["cpu"]) // len(readout.weight))
    return [slice(begin, min(begin + size, count)) for begin in range(0, count, size)]


def _rows(readout: Readout, kept: Tensor) -> Readout:
    """Only the tokens that count, ``N D``."""
    states = readout.states[kept]  # N D
    return Readout(
        states, readout.weight.to(states.dtype), None if readout.bias is None else readout.bias.to(states.dtype)
    )


def _check(ours: Readout, theirs: Readout | None) -> None:
    if theirs is not None and len(ours.weight) != len(theirs.weight):
        raise ObjectiveError(
            f"soft targets compare the same pieces, but the student has {len(ours.weight):,} and the teacher {len(theirs.weight):,}; build the student from this teacher"
        )
