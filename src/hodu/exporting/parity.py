"""How far an exported model answers as its PyTorch model does: alone and unpadded, as a phone asks, and in padded batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hodu.data import ABSENT, has_scores
from hodu.errors import ExportError
from hodu.exporting.heads import OUTPUTS, Answering
from hodu.exporting.running import answers_of, session_of
from hodu.exporting.samples import Asked, Samples
from hodu.measuring.answered import LONGEST, texts_of_spans
from hodu.measuring.measured import unit_of
from hodu.measuring.saying import compared
from hodu.measuring.score import METRICS, agreement, score
from hodu.measuring.tagged import UNSEEN
from hodu.models.load import Loaded
from hodu.types import LANGUAGE, NUMBERS, TOKENS, Task

if TYPE_CHECKING:
    from rich.table import Table

    from hodu.exporting.quantize import Precision

Array = NDArray[Any]
Outputs = Mapping[str, Array]
System = Callable[[Mapping[str, Array]], Outputs]
Batch = tuple[list[int], Mapping[str, Array]]
"""Numbers of the texts in it, and its inputs, ``B L`` each."""

REFERENCE, PLAIN, QUANTISED = "pytorch", "onnx", "quantised"
GGUF: dict[Precision, str] = {"fp32": "gguf", "int8": "gguf Q8_0", "int4": "gguf Q4_0"}
AGREEMENT = 0.99
"""The share of texts that an export must answer as its model does, if nobody says another: below it, what was measured of the model is not what the phone does."""
_BATCH = 16
_EACH_TOKEN = TOKENS | LANGUAGE


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one system, as it stands in the manifest."""

    system: str
    metric: str
    value: float | None
    unit: str


@dataclass(frozen=True)
class Parity:
    """What was found.

    Attributes:
        texts: how many were asked (questions with their choices count once).
        told: beside how many of them facts stood.
    """

    task: Task
    source: str
    texts: int
    told: int
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    def value(self, system: str, metric: str) -> float:
        """One of the figures; NaN where it is not known."""
        found = next((one.value for one in self.figures if (one.system, one.metric) == (system, metric)), None)
        return math.nan if found is None else found

    def check(self, least: float) -> None:
        """Refuse an export that answers otherwise.

        Raises:
            Disagreement: it does, more often than is allowed.
        """
        others = dict.fromkeys(one.system for one in self.figures if one.system not in (REFERENCE, PLAIN))
        asked = [(PLAIN, "agreement"), (PLAIN, "agreement_padded"), *((name, "agreement") for name in others)]
        for system, metric in asked:
            found = self.value(system, metric)
            if found < least:
                remedy = _REMEDIES.get(system, "please report this, or")
                raise Disagreement(
                    self,
                    f"the {system} model answers as PyTorch in {found:.2%} of {self.texts} texts of {self.source}"
                    f"{' in padded batches' if metric.endswith('padded') else ''}, and {least:.2%} are asked for; nothing was written: {remedy} allow it with --agreement {math.floor(found * 100) / 100:g}",
                )

    def as_json(self) -> list[dict[str, Any]]:
        """The figures as the manifest has them."""
        return [asdict(one) for one in self.figures if one.value is not None]

    def table(self) -> Table:
        """The figures, a column a system."""
        from rich.table import Table
        from rich.text import Text

        systems = list(dict.fromkeys(one.system for one in self.figures))
        facts = f", facts beside {self.told}" if self.told else ""
        title, notes = Text(f"{self.texts} texts of {self.source}{facts}"), Text("\n".join(self.notes))
        table = Table("", title=title, caption=notes, title_justify="left", caption_justify="left", box=None)
        for system in systems:
            table.add_column(system, justify="right")
        for metric in dict.fromkeys(one.metric for one in self.figures):
            cells = [_shown(self.value(system, metric), metric) for system in systems]
            table.add_row(_TITLES.get(metric, metric), *cells)
        return table


class Disagreement(ExportError):
    """An export that answers otherwise than its model, more often than was allowed; ``parity`` has the figures."""

    def __init__(self, parity: Parity, message: str) -> None:
        self.parity = parity
        super().__init__(message)


_REMEDIES = {
    QUANTISED: "take --precision blocks8 or fp32, or distil with --quantise, or",
    GGUF["int8"]: "take --precision fp32, or",
    GGUF["int4"]: "take --precision int8, or distil with --quantise int4, or",
    "litert int8": "take --precision fp32, or distil with --quantise int8, or",
    "executorch int8": "take --precision fp32, or distil with --quantise int8, or",
}
_TITLES = {
    "agreement": "answers as PyTorch: alone",
    "agreement_padded": "in padded batches",
    "largest_difference": "largest difference: alone",
    "largest_difference_padded": "in padded batches",
}


def compare(loaded: Loaded, task: Task, samples: Samples, models: Mapping[str, bytes | System]) -> Parity:
    """Ask the model and its exports the same.

    Args:
        models: ONNX files, or what else answers, by the names of their systems.
    """
    systems: dict[str, System] = {REFERENCE: in_torch(loaded.model, task)}
    systems |= {name: _system(one) for name, one in models.items()}
    ways = {"": _alone(samples.asked), "_padded": _together(samples.asked, task, loaded.tokenizer)}
    figures = []
    for way, batches in ways.items():
        said, differences = _ask(task, systems, samples.asked, batches)
        for name in models:
            alike = alike_in(task, said[name], said[REFERENCE])
            figures.append(Figure(name, f"agreement{way}", alike, unit_of("agreement", task)))
            figures.append(Figure(name, f"largest_difference{way}", differences[name], _UNITS.get(task, "probability")))
        if not way:
            figures += [Figure(name, *_quality(task, said[name], samples)) for name in systems if _is_labelled(samples)]
    order = list(_TITLES)
    figures.sort(key=lambda one: order.index(one.metric) if one.metric in order else -1)  # quality first
    return Parity(task, samples.source, len(samples.asked), samples.told, tuple(figures), samples.notes)


def _system(given: bytes | System) -> System:
    return partial(answers_of, session_of(given)) if isinstance(given, bytes) else given


def in_torch(model: PreTrainedModel, task: Task) -> System:
    """A model in PyTorch, as what answers."""
    answering, names = Answering(model, task).eval(), OUTPUTS[task]

    def run(inputs: Mapping[str, Array]) -> Outputs:
        with torch.inference_mode():
            found = answering(**{name: torch.from_numpy(values) for name, values in inputs.items()})
        return dict(zip(names, (one.numpy() for one in found), strict=True))

    return run


def _alone(asked: Sequence[Asked]) -> Iterator[Batch]:
    for place, one in enumerate(asked):
        yield [place], one.inputs


def _together(asked: Sequence[Asked], task: Task, tokenizer: PreTrainedTokenizerBase) -> Iterator[Batch]:
    """Batches padded to their longest text; a question with its choices, which is a batch already, to the longest of all."""
    size = 1 if task == "multiple-choice" else _BATCH
    longest = max(one.inputs["input_ids"].shape[1] for one in asked) if size == 1 else 0
    for start in range(0, len(asked), size):
        some = asked[start : start + size]
        length = longest or max(one.inputs["input_ids"].shape[1] for one in some)
        yield (
            list(range(start, start + len(some))),
            {
                name: np.concatenate([_padded(one.inputs[name], length, name, tokenizer) for one in some])  # B L
                for name in some[0].inputs
            },
        )


def _padded(rows: Array, length: int, name: str, tokenizer: PreTrainedTokenizerBase) -> Array:
    missing = length - rows.shape[1]
    sides = (missing, 0) if tokenizer.padding_side == "left" else (0, missing)
    fill = tokenizer.pad_token_id or 0 if name == "input_ids" else 0
    return np.pad(rows, ((0, 0), sides), constant_values=fill)  # N L


def _ask(
    task: Task, systems: Mapping[str, System], asked: Sequence[Asked], batches: Iterator[Batch]
) -> tuple[dict[str, list[Array]], dict[str, float]]:
    """What each system says of each text, and how far it is from the first system at most."""
    said: dict[str, list[Array]] = {name: [] for name in systems}
    differences = dict.fromkeys(systems, 0.0)
    for places, inputs in batches:
        found = {name: _apart(task, run(inputs), inputs["attention_mask"]) for name, run in systems.items()}
        for number, place in enumerate(places):
            right = found[REFERENCE][number]
            for name, outputs in found.items():
                said[name].append(_said(task, outputs[number], asked[place].places))
                far = [float(np.abs(one - right[key]).max()) for key, one in outputs[number].items()]
                differences[name] = float(np.max([differences[name], *far]))  # not max(), which passes NaN over
    return said, differences


def _apart(task: Task, outputs: Outputs, mask: Array) -> list[Outputs]:
    """The outputs for each text of a batch, of tokens those of real ones."""
    if task == "multiple-choice":
        return [outputs]
    real = [row.astype(bool) if task in _EACH_TOKEN else ... for row in mask]
    return [{name: one[row][kept] for name, one in outputs.items()} for row, kept in enumerate(real)]


def _said(task: Task, outputs: Outputs, places: Array | None) -> Array:
    """What a system says of one text: the likeliest class of each word or piece asked about, the span of an answer with its score, else all that it gives."""
    if task == "question-answering":
        return _span(outputs["start"], outputs["end"], places if places is not None else np.arange(0))
    (found,) = outputs.values()
    if places is None:
        return found
    return np.where(places < 0, UNSEEN, found[places].argmax(-1))


def _span(start: Array, end: Array, places: Array) -> Array:
    """Score, first and last token of the likeliest answer among these places."""
    if not len(places):
        return np.array([-np.inf, 0, 0])
    logs = [np.log(np.maximum(side[places].astype(np.float64), 1e-30)) for side in (start, end)]
    scores = logs[0][:, None] + logs[1]  # places places
    far = places[None] - places[:, None]
    scores[(far < 0) | (far >= LONGEST)] = -np.inf
    first, last = np.unravel_index(scores.argmax(), scores.shape)
    return np.array([scores[first, last], places[first], places[last]])


def alike_in(task: Task, ours: Sequence[Array], theirs: Sequence[Array]) -> float:
    """The share of texts (of words or pieces, where these are asked about) that two systems answer alike; of numbers and of the cosines of vectors their correlation."""
    if task in NUMBERS:
        one, other = _numbers(task, ours), _numbers(task, theirs)
        found = agreement(task, one, other)
        # where one of them says the same to every text: the share of numbers that are within a hundredth
        return float(np.isclose(one, other, rtol=0.01, atol=1e-6).mean()) if math.isnan(found) else found
    if task == "multilabel":
        same = [((one > 0.5) == (other > 0.5)).all() for one, other in zip(ours, theirs, strict=True)]
    elif task == "question-answering":
        same = [(one[1:] == other[1:]).all() for one, other in zip(ours, theirs, strict=True)]
    elif task in _EACH_TOKEN:
        same = (np.concatenate(ours) == np.concatenate(theirs)).tolist()
    else:
        same = [one.argmax() == other.argmax() for one, other in zip(ours, theirs, strict=True)]
    return float(np.mean(same))


def _numbers(task: Task, said: Sequence[Array]) -> Array:
    """One number a row, ``N 1``: of sentence encoders the cosines of pairs, whose texts follow each other."""
    found = np.stack(said)  # N, or 2 N, D of pairs
    return ((found[::2] * found[1::2]).sum(1) if task == "sentence-embedding" else found)[:, None]  # N 1


def _is_labelled(samples: Samples) -> bool:
    return "label" in samples.rows.column_names


def _quality(task: Task, said: Sequence[Array], samples: Samples) -> tuple[str, float | None, str]:
    """Headline metric of the task, its value (None where the rows' labels say nothing about it) and its unit."""
    metric, gold = METRICS[task][0], samples.rows["label"][:]
    if task == "sentence-embedding" and not has_scores(samples.rows):
        found = math.nan
    elif task == "question-answering":
        texts = texts_of_spans(samples.made, samples.rows["pair"][:], np.stack(said))
        found = score(task, *compared(task, texts, gold, samples.labels, samples.rows))[metric]
    elif task in TOKENS:
        found = score(task, *compared(task, said, gold, samples.labels, samples.rows))[metric]
    else:
        found = score(task, _logits(task, said), np.asarray(gold))[metric]
    return metric, None if math.isnan(found) else found, unit_of(metric, task)


def _logits(task: Task, said: Sequence[Array]) -> Array:
    """As :func:`hodu.measuring.score` takes them, ``N C``: what it looks at is which is greatest, or above 0."""
    if task in NUMBERS:
        return _numbers(task, said)
    if task == "multilabel":
        return np.stack(said) - 0.5
    whole = np.full((len(said), max(map(len, said))), ABSENT)  # N C
    for row, one in zip(whole, said, strict=True):
        row[: len(one)] = one
    return whole


def _shown(value: float, metric: str) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.1e}" if metric.startswith("largest") else f"{value:.4f}"


_UNITS: dict[Task, str] = {
    "regression": "score",
    "sentence-embedding": "coordinate",
    "masked-lm": "logit",
    "causal-lm": "logit",
}
