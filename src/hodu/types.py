"""The axis legend and the small values that pass between folders.

Axes, written at the end of each line that reshapes a tensor:

======  ==========================================================
``B``   examples in a batch
``N``   texts of an example that has several (the sentences of a scored pair, a question with each choice)
``T``   texts of all examples of such a batch, one below the other
``L``   tokens in a (padded) sequence
``D``   width of a hidden state
``H``   attention heads
``K``   width of one head (``D = H * K`` in most models)
``C``   classes (or labels, or 1 for regression)
``V``   pieces in the vocabulary
``R``   relation heads (MiniLM)
======  ==========================================================

Layers are counted as the papers do: hidden state 0 is the output of the embeddings, hidden state *i* that of layer *i*,
and attention *i* (1 ... N) belongs to layer *i*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # `import hodu` must not import torch
    from torch import Tensor

Task = Literal[
    "classification",
    "multilabel",
    "regression",
    "token-classification",
    "question-answering",
    "multiple-choice",
    "sentence-embedding",
    "masked-lm",
    "causal-lm",
    "replaced-token",
]
"""One class of several · any number of labels · one number · a class for each word · where in a text the answer stands · one of the choices that come with a question ·
a vector for a sentence · the hidden pieces of a text · the next piece of a text · which pieces of a text were replaced."""

LANGUAGE: frozenset[Task] = frozenset({"masked-lm", "causal-lm", "replaced-token"})
"""Tasks that learn from raw text: the pieces themselves are the labels."""

TOKENS: frozenset[Task] = frozenset({"token-classification", "question-answering"})
"""Tasks that answer about each token: logits are ``B L C`` (``B L 2`` for question answering: how likely the answer begins, and ends, there)."""

OWN_CLASS: frozenset[Task] = LANGUAGE | TOKENS | {"sentence-embedding", "multiple-choice"}
"""Tasks whose models are of a class of their own; those of all others are sequence classifiers."""

CLASSES: frozenset[Task] = frozenset({"classification", "multilabel", "token-classification"})
"""Tasks that answer with classes, which have names and stand in an order that data and models must share."""

NUMBERS: frozenset[Task] = frozenset({"regression", "sentence-embedding"})
"""Tasks whose answer to a row is one number: of a pair of sentences the cosine of their vectors."""

Start = Literal["random", "layers", "slice", "rotate"]
"""How a student's weights start: ``random`` · whole teacher ``layers`` copied (equal width) · a ``slice`` of each weight · the teacher ``rotate`` d into the
principal directions of its hidden states."""

Layout = Literal["star", "text", "tree"]
"""How facts stand beside a sentence (:mod:`hodu.models.facts`)."""


@dataclass(frozen=True, slots=True)
class FactSettings:
    """How a model reads facts: kept in its configuration, so that it is always asked as it was trained.

    Attributes:
        tokens: most tokens of facts beside a text; the text itself is never cut for them.
        slots: whether mentions are numbered, in the text and in the facts.
        bias: added to the attention of the text to its facts, before the softmax (``star`` and ``tree``). None: nothing; but :data:`QUIET_BIAS` where a model that has read texts alone
            begins to read facts.
    """

    layout: Layout = "star"
    tokens: int = 128
    slots: bool = False
    bias: float | None = None


QUIET_BIAS = -3.0
"""With it forty tokens of facts get as much of an untrained head's attention as two of the text (e⁻³ ≈ 1/20), and not twice as much as a short text: at first such a model says nearly what it
said without them, and it learns to look at them where that helps (docs/graphs-in-figures.md). Gates that begin closed do the same with weights (Alayrac et al. 2022, *Flamingo*, §2.2)."""


StudentFacts = Literal["reader", "absorbed", "mixed"]
"""Who sees the facts: teacher and student · only the teacher, so that its student needs no graph · the student in a part of the rows."""

Quantised = Literal["int8", "int4"]
"""How an export stores weights: a scale for each row of eight bits · a scale for 32 numbers of four."""

LayerPairs = tuple[tuple[int, int], ...]
"""``((student layer, teacher layer), ...)``, counted as above."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What somebody wants to see of a model's forward pass.

    ``hidden`` holds hidden-state indices (0 ... N), ``attention`` layer indices (1 ... N) whose queries, keys and values are wanted. ``readout`` is what a
    language model multiplies with its vocabulary, wanted instead of its logits, which would be ``B L V``.
    """

    logits: bool = False
    hidden: frozenset[int] = frozenset()
    attention: frozenset[int] = frozenset()
    readout: bool = False

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.logits or other.logits,
            self.hidden | other.hidden,
            self.attention | other.attention,
            self.readout or other.readout,
        )


@dataclass(frozen=True, slots=True)
class Heads:
    """Queries, keys and values of one attention layer, each ``B H L K``, as attention received them.

    Rotary positions are already applied, and grouped key/value heads are as the model keeps them (fewer than query heads).
    ``scaling`` is the factor that the model puts on ``Q·Kᵀ``.
    """

    queries: Tensor
    keys: Tensor
    values: Tensor
    scaling: float


@dataclass(frozen=True, slots=True)
class Readout:
    """A language model just before its logits, which are ``states @ weight.T + bias``.

    ``states`` is ``B L D``, ``weight`` ``V D``, ``bias`` ``V`` or None.
    """

    states: Tensor
    weight: Tensor
    bias: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """What one forward pass of one model said: all that an objective sees.

    Attributes:
        mask: ``B L`` bool, True on real tokens.
        logits: ``B C``, of :data:`TOKENS` tasks ``B L C``; of a discriminator ``B L`` (is this piece a replaced one?), of a sentence encoder the sentence's vector,
            ``B D``; None when nobody asked.
        hidden: hidden-state index → ``B L D``.
        attention: layer index → :class:`Heads`.
        causal: a token sees only itself and what stands before it.
        labels: gold labels of the batch: ``B`` (classes, or numbers for regression), ``B C`` (multi-label) or ``B L``, :data:`IGNORED` where a token does not
            count: pieces to predict, or 1 where a piece was replaced; classes of words at their first pieces (:data:`UNTOLD` without a tag); or, where an answer
            may stand, 0 with :data:`BEGIN` and :data:`END` added where it begins and ends. None without labels.
        readout: of a language model, what stands before its logits.
    """

    mask: Tensor
    logits: Tensor | None = None
    hidden: Mapping[int, Tensor] = field(default_factory=dict)
    attention: Mapping[int, Heads] = field(default_factory=dict)
    causal: bool = False
    labels: Tensor | None = None
    readout: Readout | None = None


IGNORED = -100
"""The label of a token about which nothing is to be predicted (PyTorch's and transformers' own number for it)."""

UNTOLD = -1
"""The label of a word that counts, but of which no tag is known."""

BEGIN, END = 1, 2
"""What is added to the label of a token (0 where an answer may stand) at which the answer to a question begins, or ends."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a transformer: ``layers`` x ``width``, with ``heads`` and the width of its ``feed_forward``."""

    layers: int
    width: int
    heads: int
    feed_forward: int

    def __str__(self) -> str:
        return f"{self.layers}x{self.width}"


@dataclass(frozen=True, slots=True)
class Pairing:
    """What an objective must know of the two models to be built."""

    student: Shape
    teacher: Shape
    task: Task
