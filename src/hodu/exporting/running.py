"""A bundle, run here by onnxruntime as a phone runs it: a text in, probabilities (or a vector, or logits) out. Neither torch nor transformers is needed.

run = Bundle("bundle/")
run("a gorgeous, witty film")["probabilities"][0]
run("집을 지으려고 땅을 팠다. 무슨 도구로 팠을까?", choices=["모종삽", "굴착기"])["probabilities"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from hodu.errors import DataError
from hodu.exporting.installed import RUNNING, check_installed
from hodu.exporting.manifest import GRAPH, MODEL, TOKENIZER, read_manifest

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from hodu.knowledge.reader import GraphReader

Array = NDArray[Any]


def session_of(model: bytes | str | Path, *, threads: int = 1) -> InferenceSession:
    """A model ready to run."""
    check_installed(RUNNING)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else str(model), options, providers=["CPUExecutionProvider"]
    )


def answers_of(session: InferenceSession, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """What a model answers, by the names of its outputs; inputs that it does not take are left out, facts that are not given are none."""
    ids = inputs["input_ids"]
    taken = {one.name: inputs.get(one.name, np.zeros_like(ids)) for one in session.get_inputs()}
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, taken), strict=True))


class _Row(NamedTuple):
    ids: list[int]
    types: list[int]
    facts: list[int]


class Bundle:
    """An exported folder: checked, loaded, ready to be asked.

    Args:
        threads: of onnxruntime.

    Raises:
        ExportError: no bundle, or one that is damaged.
    """

    def __init__(self, folder: str | Path, *, threads: int = 1) -> None:
        self.manifest = read_manifest(folder)
        self.session = session_of(Path(folder) / MODEL, threads=threads)
        self._tokenizer = Tokenizer.from_file(str(Path(folder) / TOKENIZER))
        self._longest: int = self.manifest["max_length"]
        self._reader = _reader(Path(folder), self.manifest["facts"]) if "graph" in self.manifest["files"] else None

    def __call__(self, text: str, pair: str | None = None, *, choices: Sequence[str] = ()) -> dict[str, Array]:
        """The model's outputs for one text, one pair, or one question with its choices (a row each)."""
        return answers_of(self.session, self.inputs(text, pair, choices=choices))

    def inputs(self, text: str, pair: str | None = None, *, choices: Sequence[str] = ()) -> dict[str, Array]:
        """What the model is given, ``N L`` each.

        Raises:
            DataError: choices for a model that does not choose, or none for one that does.
        """
        if (self.manifest["task"] == "multiple-choice") != bool(choices):
            raise DataError(
                f"this model does {self.manifest['task']}, and {len(choices)} choices came; choices are for multiple-choice, which needs some"
            )
        alone: tuple[str, ...] = (text,) if pair is None else (text, pair)
        texts: list[tuple[str, ...]] = [(text, choice) for choice in choices] or [alone]
        rows = [self._row(*one) for one in self._with_facts(texts)]
        longest = max(len(row.ids) for row in rows)
        real = np.arange(longest) < np.array([[len(row.ids)] for row in rows])  # N L
        filled = {
            name: np.array([[*values, *[0] * (longest - len(values))] for values in column], np.int64)  # N L
            for name, column in zip(("input_ids", "token_type_ids", "fact_ids"), zip(*rows, strict=True), strict=True)
        }
        return {**filled, "attention_mask": real.astype(np.int64)}

    def _with_facts(self, texts: list[tuple[str, ...]]) -> list[tuple[tuple[str, ...], list[str]]]:
        """The texts as the model reads them, each with the facts that fit beside it."""
        if self._reader is None:
            return [(one, []) for one in texts]
        chooses = self.manifest["task"] == "multiple-choice"
        read = [self._reader(one[:-1], one[-1]) if chooses else self._reader(one) for one in texts]
        told = next((one for one in read if one.facts), None)
        if told is None:
            return [(one, []) for one in texts]
        first = told.texts[0]  # the numbers of a question do not depend on the choice
        return [((first, *one.texts[1:]), self._within(one.facts)) for one in read]

    def _within(self, facts: Sequence[str]) -> list[str]:
        left, kept = self.manifest["facts"]["tokens"], []
        for fact in facts:
            needed = 1 + len(self._pieces(fact))
            if needed <= left:
                kept.append(fact)
                left -= needed
        return kept

    def _row(self, texts: tuple[str, ...], facts: Sequence[str]) -> _Row:
        self._tokenizer.enable_truncation(self._longest)
        encoded = self._tokenizer.encode(texts[0], texts[1] if len(texts) > 1 else None)
        if not encoded.ids:
            raise DataError(
                "the text is empty, and this model's tokenizer puts nothing around it: there is nothing to read"
            )
        row = _Row(list(encoded.ids), list(encoded.type_ids), [0] * len(encoded.ids))
        for number, fact in enumerate(facts, 1):
            ids = [*self._pieces(fact), self.manifest["facts"]["separator"]]
            if len(row.ids) + len(ids) <= self._longest:
                for column, values in zip(row, (ids, [0] * len(ids), [number] * len(ids)), strict=True):
                    column.extend(values)
        return row

    def _pieces(self, text: str) -> list[int]:
        self._tokenizer.no_truncation()
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)


def _reader(folder: Path, facts: Mapping[str, Any]) -> GraphReader:
    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.reader import GraphReader

    return GraphReader(
        CompiledGraph.open(folder / GRAPH), limit=facts["limit"], hops=facts["hops"], slots=facts["slots"]
    )
