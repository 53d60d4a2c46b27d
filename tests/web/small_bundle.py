"""What a user gets, small: a BERT of multiple choice with random weights that reads the world's facts, exported by hodu."""

from __future__ import annotations

from pathlib import Path

import torch

import hodu
from hodu.demo.world import GRAPH_FILE, read_questions
from hodu.exporting.samples import rows_of_questions
from hodu.models.facts import read_facts
from hodu.models.scratch import new_bert
from hodu.types import FactSettings

MAX_LENGTH = 128
LICENCE = "<b>호두</b>-1.0"


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
    (folder / "README.md").write_text(f"---\nlicense: {LICENCE}\n---\n", encoding="utf-8")
    return folder


def small_bundle(out: Path, model: Path) -> Path:
    """A bundle of the model with the world's graph and the built page; random weights are rounded to other answers."""
    some = out.with_name("questions.jsonl")
    rows_of_questions(("ko", "en")).select(range(0, 200, 10)).to_json(some, force_ascii=False)
    return hodu.export(model, out, graph=GRAPH_FILE, data=some, agreement=0).folder
