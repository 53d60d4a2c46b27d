"""A small bundle for the page's tests: a BERT of multiple choice with random weights that reads the world's facts, exported as contract and docs say.

Kept apart so that ``hodu.export`` can take its place.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import hodu
from hodu.demo.world import GRAPH_FILE, read_questions
from hodu.knowledge.compile import compile_graph
from hodu.knowledge.graph import KnowledgeGraph
from hodu.models.facts import additive, facts_of, read_facts, star_mask
from hodu.models.load import load_model
from hodu.models.scratch import new_bert
from hodu.types import FactSettings

PAGE = Path(hodu.__file__).parent / "exporting" / "page"
MAX_LENGTH = 128


def small_model(folder: Path) -> Path:
    """Random, but with opinions: wide weights, so that it likes one choice and facts change its mind."""
    torch.manual_seed(0)
    texts = [f"{one['text']} {one['question']} {' '.join(one['choices'])}" for one in read_questions()]
    made = new_bert("2x32", texts, vocabulary=900, task="multiple-choice", max_length=MAX_LENGTH)
    with torch.no_grad():
        for parameter in made.model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.3)
    read_facts(made.model, FactSettings(tokens=64, slots=True))
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    return folder


class _Choosing(nn.Module):
    """Token ids to the chances of the rows, which are the choices of one question."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, fact_ids: Tensor) -> Tensor:
        real = attention_mask.bool()  # B L
        seen = star_mask(fact_ids) & real[:, None, :]  # B L L
        states = self.model.bert(
            input_ids=input_ids,
            attention_mask=additive(seen, torch.float32)[:, None],
            token_type_ids=token_type_ids,
            position_ids=_positions(fact_ids, real),
        )
        logits = self.model.classifier(states.pooler_output)[:, 0]  # B
        return torch.softmax(logits, 0)


def _positions(facts: Tensor, real: Tensor) -> Tensor:
    """Those of ``star_positions``, without the running maximum that ONNX lacks: a fact begins at the first token of its number."""
    place = torch.arange(facts.shape[1])[None]  # 1 L
    same = facts[:, :, None] == facts[:, None, :]  # B L L
    first = torch.where(same, place[:, None, :], MAX_LENGTH).amin(2)  # B L
    length = ((facts == 0) & real).sum(1, keepdim=True)  # B 1
    return torch.where(facts == 0, place, length + place - first)  # B L


def export_onnx(folder: Path, out: Path) -> None:
    """The model of a folder as ONNX in fp32, with the contract's names."""
    model = load_model(folder).model
    model.set_attn_implementation("eager")
    inputs = {name: torch.ones(2, 8, dtype=torch.long) for name in ("input_ids", "attention_mask")}
    inputs |= {"token_type_ids": torch.zeros(2, 8, dtype=torch.long), "fact_ids": torch.tensor([[0] * 4 + [1] * 4] * 2)}
    shapes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=MAX_LENGTH)}
    program = torch.onnx.export(
        _Choosing(model).eval(),
        kwargs=inputs,
        dynamo=True,
        opset_version=20,
        dynamic_shapes=dict.fromkeys(inputs, shapes),
        input_names=list(inputs),
        output_names=["probabilities"],
        verbose=False,
    )
    assert program is not None
    program.save(str(out), external_data=False)


def small_bundle(out: Path, model: Path) -> Path:
    """A bundle of the model with the world's graph and the built page."""
    shutil.copytree(PAGE, out)
    export_onnx(model, out / "model.onnx")
    shutil.copy(model / "tokenizer.json", out / "tokenizer.json")
    compile_graph(KnowledgeGraph.open(GRAPH_FILE, read_only=True), out / "graph.hodu", progress=False)
    settings = facts_of(load_model(model).model.config)
    assert settings is not None
    questions = [read_questions()[place] for place in (0, 1, 100)]
    manifest = {
        "bundle": 1,
        "hodu": hodu.__version__,
        "name": "small",
        "created": "2026-11-21",
        "task": "multiple-choice",
        "labels": None,
        "languages": ["ko", "en"],
        "max_length": MAX_LENGTH,
        "inputs": ["input_ids", "attention_mask", "token_type_ids", "fact_ids"],
        "outputs": ["probabilities"],
        "facts": {"layout": "star", "tokens": settings.tokens, "slots": settings.slots, "limit": 16, "hops": 2},
        "examples": [
            {"question": f"{one['text']} {one['question']}", "choices": one["choices"] if place % 2 else []}
            for place, one in enumerate(questions)
        ],
        "precision": "fp32",
        "versions": {"torch": torch.__version__},
        "licence": None,
        "teacher": None,
        "recipe": None,
        "figures": [{"system": "onnx", "metric": "accuracy", "value": 0.25, "unit": "1"}],
        "files": {name: _described(out / file) for name, file in _FILES.items()},
    }
    (out / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    return out


_FILES = {"model": "model.onnx", "tokenizer": "tokenizer.json", "graph": "graph.hodu"}


def _described(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {"path": file.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
