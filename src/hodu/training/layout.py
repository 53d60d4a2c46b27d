"""What a teacher said of one token, side by side in one row of numbers, and how to take it apart again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from hodu.errors import OutputError
from hodu.types import Capture, Heads, Needs, Readout

_KINDS = ("queries", "keys", "values")


@dataclass(frozen=True)
class HeadSizes:
    """The sizes of one attention layer: query heads, key/value heads, width of one head."""

    queries: int
    keys: int
    width: int
    scaling: float


@dataclass(frozen=True)
class Layout:
    """What a token's row of a shard holds, side by side: hidden states by layer, then queries, keys and values by layer, then the state before the vocabulary (by its width), then the token's own logits (by their number)."""

    hidden: dict[int, int]
    heads: dict[int, HeadSizes]
    classes: int | None
    causal: bool
    readout: int | None = None
    token_classes: int | None = None

    @classmethod
    def of(cls, capture: Capture) -> Layout:
        """The layout that holds such answers."""
        heads = {
            layer: HeadSizes(one.queries.shape[1], one.keys.shape[1], one.keys.shape[-1], one.scaling)
            for layer, one in sorted(capture.attention.items())
        }
        hidden = {layer: state.shape[-1] for layer, state in sorted(capture.hidden.items())}
        classes, token_classes = None, None
        if capture.logits is not None:
            outputs = capture.logits.shape[-1]
            classes, token_classes = (None, outputs) if capture.logits.dim() == 3 else (outputs, None)
        readout = None if capture.readout is None else capture.readout.states.shape[-1]
        return cls(hidden, heads, classes, capture.causal, readout, token_classes)

    @classmethod
    def read(cls, meta: dict[str, Any]) -> Layout:
        """The layout in a folder's ``meta.json``."""
        heads = {int(layer): HeadSizes(**sizes) for layer, sizes in meta["heads"].items()}
        hidden = {int(layer): width for layer, width in meta["hidden"].items()}
        return cls(hidden, heads, meta["classes"], meta["causal"], meta.get("readout"), meta.get("token_classes"))

    def columns(self) -> Iterator[tuple[str, int, int]]:
        """(kind, layer, width) of each part of a row, in order."""
        for layer, width in self.hidden.items():
            yield "hidden", layer, width
        for layer, sizes in self.heads.items():
            for kind in _KINDS:
                yield kind, layer, sizes.width * (sizes.queries if kind == "queries" else sizes.keys)
        if self.readout is not None:
            yield "readout", 0, self.readout
        if self.token_classes is not None:
            yield "logits", 0, self.token_classes

    @property
    def needs(self) -> Needs:
        """What a teacher is asked to fill it."""
        outputs = self.classes is not None or self.token_classes is not None
        return Needs(outputs, frozenset(self.hidden), frozenset(self.heads), readout=self.readout is not None)

    @property
    def width(self) -> int:
        """Numbers per token."""
        return sum(width for _, _, width in self.columns())

    def bytes(self, examples: int, tokens: int) -> int:
        """Bytes on disk of so many examples of so many tokens together."""
        return 2 * tokens * self.width + 4 * examples * (self.classes or 0)

    def covers(self, needs: Needs) -> bool:
        """Whether all that is needed is in it."""
        return self.needs | needs == self.needs


def taken_apart(
    values: Tensor,
    logits: Tensor | None,
    mask: Tensor,
    layout: Layout,
    needs: Needs,
    vocabulary: nn.Linear | None = None,
) -> Capture:
    """What lies side by side in ``values`` (``B L W``), taken apart; ``vocabulary`` is what a readout is multiplied with."""
    readout: Readout | None = None
    hidden: dict[int, Tensor] = {}
    heads: dict[int, dict[str, Tensor]] = {}
    begin = 0
    for kind, layer, width in layout.columns():
        part, begin = values[..., begin : begin + width], begin + width  # B L D
        if kind == "hidden" and layer in needs.hidden:
            hidden[layer] = part.to(mask.device, torch.float32)
        elif kind == "readout" and vocabulary is not None:
            readout = Readout(part.to(mask.device, torch.float32), vocabulary.weight, vocabulary.bias)
        elif kind == "logits" and needs.logits:
            logits = part.to(mask.device, torch.float32)  # B L C
        elif kind in _KINDS and layer in needs.attention:
            split = part.to(mask.device, torch.float32).unflatten(-1, (-1, layout.heads[layer].width))  # B L H K
            heads.setdefault(layer, {})[kind] = split.transpose(1, 2)  # B H L K
    attention = {layer: Heads(**kinds, scaling=layout.heads[layer].scaling) for layer, kinds in heads.items()}
    return Capture(mask, logits, hidden, attention, layout.causal, readout=readout)


def side_by_side(capture: Capture, layout: Layout) -> Tensor:
    """The answers about the real tokens, side by side: tokens, W.

    Raises:
        OutputError: a value that float16 cannot hold.
    """
    parts = []
    for kind, layer, _ in layout.columns():
        if kind == "hidden":
            parts.append(capture.hidden[layer][capture.mask])  # tokens D
        elif kind == "readout" and capture.readout is not None:
            parts.append(capture.readout.states[capture.mask])  # tokens D
        elif kind == "logits" and capture.logits is not None:
            parts.append(capture.logits[capture.mask])  # tokens C
        else:
            parts.append(getattr(capture.attention[layer], kind).transpose(1, 2).flatten(2)[capture.mask])  # tokens D
    if not parts:
        return torch.zeros(int(capture.mask.sum()), 0, dtype=torch.float16)
    joined = torch.cat(parts, dim=-1)
    if joined.abs().max() > torch.finfo(torch.float16).max:
        raise OutputError("the teacher gives values beyond float16, so they cannot be cached; give --no-cache")
    return joined.to("cpu", torch.float16)
