"""The linear algebra of the rotated start: what a model says on some text, its principal directions, and least squares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

Batch = dict[str, Tensor]
Side = Literal["input", "output"]
Sites = dict[str, tuple[nn.Module, Side]]
"""Name → the module, and whether its input or its output is wanted."""


@torch.no_grad()
def record(model: PreTrainedModel, batches: Iterable[Batch], sites: Sites) -> dict[str, Tensor]:
    """The inputs or outputs of some modules on all real tokens, fp32, each ``tokens, D``; what has no token axis (a pooled head) is ``B D``.

    The model runs in eval mode and is left in the mode it had.
    """
    found: dict[str, list[Tensor]] = {name: [] for name in sites}
    mask = torch.empty(0)

    def keep(name: str, value: Tensor) -> None:
        found[name].append((value[mask] if value.dim() == 3 else value).float())  # B L D -> tokens D

    def hook(name: str, side: Side) -> Any:
        if side == "input":
            return lambda module, inputs: keep(name, inputs[0])
        return lambda module, inputs, output: keep(name, output)

    handles = [
        module.register_forward_pre_hook(hook(name, side))
        if side == "input"
        else module.register_forward_hook(hook(name, side))
        for name, (module, side) in sites.items()
    ]
    training = model.training
    try:
        model.eval()
        for batch in batches:
            mask = batch["attention_mask"].bool()
            model(**batch)
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    return {name: torch.cat(values) for name, values in found.items()}


def principal_directions(states: Sequence[Tensor], width: int) -> Tensor:
    """The ``width`` orthonormal directions that hold most of the variance of all the states, each centred; ``D width``.

    At full width nothing needs to be turned: the identity.
    """
    full = states[0].shape[1]
    if width == full:
        return torch.eye(full, device=states[0].device)
    covariance = torch.stack([torch.cov(state.T) for state in states]).sum(0)
    vectors: Tensor = torch.linalg.eigh(covariance).eigenvectors  # ascending
    return vectors[:, -width:].flip(1)


def regress(source: Tensor, target: Tensor, prior: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """Weights and bias of ``target ≈ source @ weights.T + bias`` by ridge regression towards ``prior``, as :class:`torch.nn.Linear` keeps them.

    Args:
        source: ``tokens, in``.
        target: ``tokens, out``.
        prior: ``out, in``: the weights where the text says nothing.
        ridge: strength, as a share of the mean square of the centred source.
    """
    mean, rest = source.mean(0), target - source @ prior.T
    centred = source - mean
    gram = centred.T @ centred
    gram.diagonal().add_(ridge * gram.diagonal().mean().clamp(min=1e-12))
    weights = prior + torch.linalg.solve(gram, centred.T @ (rest - rest.mean(0))).T
    return weights, target.mean(0) - weights @ mean


@torch.no_grad()
def calibrate(norm: nn.LayerNorm, source: Tensor, target: Tensor) -> Tensor:
    """Set gain and offset of a norm so that it turns ``source`` into ``target`` as well as it can, dimension by dimension; return what it makes.

    Args:
        source, target: ``tokens, d``.
    """
    normal = F.layer_norm(source, norm.normalized_shape, eps=norm.eps)
    centred, wanted = normal - normal.mean(0), target - target.mean(0)
    gain = (centred * wanted).sum(0) / centred.square().sum(0).clamp(min=1e-12)
    offset = target.mean(0) - gain * normal.mean(0)
    norm.weight.copy_(gain)
    norm.bias.copy_(offset)
    return normal * gain + offset


@torch.no_grad()
def assign(linear: nn.Linear, weight: Tensor, bias: Tensor) -> None:
    """Write weights and bias into a layer, whatever its type and device."""
    linear.weight.copy_(weight)
    linear.bias.copy_(bias)


def strongest(strength: Tensor, number: int) -> Tensor:
    """Indices of the largest entries, ascending."""
    return strength.topk(number).indices.sort().values


def reduce_queries_and_keys(queries: Tensor, keys: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Maps ``width K`` of one head's queries and keys that keep their scaled products best, measured on all pairs of tokens.

    The truncated SVD of ``Q Kᵀ`` (Eckart-Young) by way of the two K x K factors. Keys are centred first: what is the same for all keys drops
    out of the softmax. The scale is moved from ``1 / sqrt(K)`` to the narrower head's ``1 / sqrt(width)``.

    Args:
        queries, keys: ``tokens, K``.
    """
    full = queries.shape[1]
    query_factor, key_factor = torch.linalg.qr(queries, mode="r").R, torch.linalg.qr(keys - keys.mean(0), mode="r").R
    left, values, right = torch.linalg.svd(query_factor @ key_factor.T)
    root = values[:width].clamp(min=1e-8 * float(values[0])).sqrt()
    scale = (width / full) ** 0.25
    to_queries = (right[:width] @ key_factor) / root[:, None]
    to_keys = (left[:, :width].T @ query_factor) / root[:, None]
    return scale * to_queries, scale * to_keys


def reduce_values(values: Tensor, out: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Maps of one head's values (``width K``) and new output columns (``d width``) that keep what the head writes best.

    Args:
        values: ``tokens, K``, as attention mixed them.
        out: ``d K``, what the head writes for each of its dimensions.
    """
    factor = torch.linalg.qr(values - values.mean(0), mode="r").R
    columns = torch.linalg.svd(out @ factor.T, full_matrices=False).U[:, :width]
    return columns.T @ out, columns
