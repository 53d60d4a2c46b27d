"""A bundle for each task without any training: its model looks the tokens up in one table, so what the page should show can be computed by hand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from hodu.exporting.bundle import PAGE
from hodu.exporting.manifest import write_manifest

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "서울",
    "##에",
    "##서",
    "민수",
    "##가",
    "호두",
    "##를",
    "먹",
    "##었다",
    "minsu",
    "eats",
    "wal",
    "##nut",
    "##s",
    "in",
    "seoul",
    "who",
    "what",
    "?",
    ".",
]
LABELS = {
    "classification": ["긍정", "<b>부정</b>"],
    "multilabel": ["음식", "장소", "사람"],
    "token-classification": ["O", "B-PER", "I-PER", "B-LOC"],
}
MAX_LENGTH = 32


def tokenizer() -> Tokenizer:
    """WordPiece over the few words above, as BERT has it."""
    made = Tokenizer(models.WordPiece({word: id for id, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    made.add_special_tokens(WORDS[:5])
    return made


def table(task: str) -> np.ndarray:
    """Of each token its numbers."""
    columns = {"regression": 1, "question-answering": 2, "sentence-embedding": 8, "masked-lm": len(WORDS)}
    wide = columns.get(task) or len(LABELS[task])
    found = np.random.default_rng(3).normal(0, 1, (len(WORDS), wide)).astype(np.float32)
    if task == "token-classification":
        found[:] = [3, 0, 0, 0]
        found[[WORDS.index("민수"), WORDS.index("minsu")]] = [0, 3, 0, 0]
        found[[WORDS.index("서울"), WORDS.index("seoul")]] = [0, 0, 0, 3]
    if task == "question-answering":
        found[:] = 0
        found[[WORDS.index("호두"), WORDS.index("wal")], 0] = 9
        found[[WORDS.index("호두"), WORDS.index("##s")], 1] = 9
    return found


_ENDS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {  # operator, what goes in, settings
    "classification": [("ReduceMean", "rows", {"axes": 1}), ("Softmax", "", {"axis": -1})],
    "multilabel": [("ReduceMean", "rows", {"axes": 1}), ("Sigmoid", "", {})],
    "regression": [("ReduceMean", "rows", {"axes": 1}), ("Squeeze", "", {"axes": 1})],
    "token-classification": [("Softmax", "rows", {"axis": -1})],
    "sentence-embedding": [("ReduceMean", "rows", {"axes": 1}), ("LpNormalization", "", {"axis": -1, "p": 2})],
    "masked-lm": [("Identity", "rows", {})],
}
OUTPUTS = {"regression": "score", "sentence-embedding": "embedding", "masked-lm": "logits"}


def model(task: str) -> onnx.ModelProto:
    """The table, a look-up, and what the contract asks of the task."""
    weights = [numpy_helper.from_array(table(task), "table"), numpy_helper.from_array(np.array([1]), "one")]
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["rows"])]
    if task == "question-answering":
        nodes.append(helper.make_node("Softmax", ["rows"], ["both"], axis=1))
        nodes.append(helper.make_node("Split", ["both"], ["start_", "end_"], axis=-1, num_outputs=2))
        weights.append(numpy_helper.from_array(np.array([2]), "two"))
        nodes += [helper.make_node("Squeeze", [f"{name}_", "two"], [name]) for name in ("start", "end")]
        names = ["start", "end"]
    else:
        names, last = [OUTPUTS.get(task, "probabilities")], "rows"
        for number, (operator, given, settings) in enumerate(_ENDS[task]):
            axes = ["one"] if "axes" in settings else []
            rest = {name: value for name, value in settings.items() if name != "axes"}
            rest |= {"keepdims": 0} if operator == "ReduceMean" else {}
            out = names[0] if number + 1 == len(_ENDS[task]) else f"step{number}"
            nodes.append(helper.make_node(operator, [given or last, *axes], [out], **rest))
            last = out
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "l"]) for name in ("input_ids", "attention_mask")
    ]
    shape = {"regression": ["b"], "token-classification": ["b", "l", "c"], "masked-lm": ["b", "l", "c"]}.get(
        task, ["b", "c"]
    )
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names]
    graph = helper.make_graph(nodes, "plain", inputs, outputs, weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(made)
    return made


def plain_bundle(out: Path, task: str) -> Path:
    """A bundle of this task with the built page."""
    shutil.copytree(PAGE, out)
    made = model(task)
    onnx.save(made, str(out / "model.onnx"))
    tokenizer().save(str(out / "tokenizer.json"))
    said = {
        "hodu": "0.1.0",
        "name": "<i>호두</i>",
        "created": "2026-11-21",
        "task": task,
        "labels": LABELS.get(task),
        "languages": ["ko"],
        "max_length": MAX_LENGTH,
        "inputs": ["input_ids", "attention_mask"],
        "outputs": [one.name for one in made.graph.output],
        "facts": None,
        "examples": [],
        "precision": "fp32",
        "versions": {},
        "figures": [],
    }
    write_manifest(out, said)
    return out
