"""A model folder or hub id, loaded: the model, its own tokenizer, and what its ``hodu.json`` says about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers.pre_tokenizers import ByteLevel
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging as hf_logging

from hodu.data import max_length_of
from hodu.errors import ModelError
from hodu.types import LANGUAGE, TOKENS, Task

_PROBLEM_TYPES: dict[Task, str] = {
    "classification": "single_label_classification",
    "multilabel": "multi_label_classification",
    "regression": "regression",
}
SPAN = ("start", "end")
"""The two outputs of a question answerer."""

_CLASSIFIER: tuple[Any, str] = (AutoModelForSequenceClassification, "a sequence classifier")
_LOADERS: dict[Task, tuple[Any, str]] = {
    "token-classification": (AutoModelForTokenClassification, "a token classifier"),
    "question-answering": (AutoModelForQuestionAnswering, "a question answerer"),
    "masked-lm": (AutoModelForMaskedLM, "a masked language model"),
    "causal-lm": (AutoModelForCausalLM, "a causal language model"),
}


@dataclass(frozen=True)
class Loaded:
    """A model in fp32 on the CPU, in eval mode, with its own tokenizer.

    Attributes:
        path: what the user typed.
        card: the content of ``hodu.json``, empty for foreign models.
        untrained: names of weights that the checkpoint lacks, so that they are random.
    """

    path: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    card: Mapping[str, Any]
    untrained: tuple[str, ...] = ()

    def encode(self, row: Mapping[str, Any]) -> dict[str, Tensor]:
        """One row ("text", optionally "pair"; or "words") as the model takes it, unpadded: ``1 L`` each, cut where the model ends."""
        encoded = self.tokenizer(
            row["words"] if "words" in row else row["text"],
            row.get("pair"),
            is_split_into_words="words" in row,
            truncation=True,
            max_length=max_length_of(self.tokenizer, self.model.config),
            return_tensors="pt",
        )
        return dict(encoded)


def load_model(path: str | Path, task: Task | None = None, **changes: Any) -> Loaded:
    """Load a model and its tokenizer. Only safetensors; code in the folder is never run.

    Args:
        task: what it shall do; None takes a language model, a token classifier or a question answerer for what its checkpoint is, and everything else for a
            sequence classifier (or regressor).
        changes: other settings of the configuration, for example ``num_labels``.

    Raises:
        ModelError: there is no such model, no safetensors, or it cannot do the task.
    """
    source = str(path)
    if Path(source).exists() and not Path(source).is_dir():
        raise ModelError(
            f"{source} is a file; a model is a folder in Hugging Face format (config.json, model.safetensors, tokenizer.json) or a hub id"
        )
    what = _LOADERS.get(task, _CLASSIFIER)[1] if task else "a model"
    try:
        with quietly():
            tokenizer = AutoTokenizer.from_pretrained(source)
            task = task or made_for(AutoConfig.from_pretrained(source))
            if task == "token-classification":
                tokenizer = _with_spaces(tokenizer, source)
            loader, what = _LOADERS.get(task, _CLASSIFIER) if task else _CLASSIFIER
            model, info = loader.from_pretrained(
                source, use_safetensors=True, output_loading_info=True, dtype=torch.float32, **changes
            )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{source}: cannot be loaded as {what} from safetensors: {_first_line(error)}") from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"{source}: its tokenizer has no tokenizer.json; hodu needs a fast tokenizer")
    if task == "causal-lm" and tokenizer.pad_token is None:  # GPT-2: padding is masked, so any piece will do
        tokenizer.pad_token = tokenizer.eos_token
    missing = (*info["missing_keys"], *(key for key, *_ in info.get("mismatched_keys", ())))
    return Loaded(source, model.eval(), tokenizer, read_card(source), tuple(sorted(missing)))


def load_masked_lm(path: str | Path) -> Loaded:
    """Load a masked language model and its tokenizer.

    Raises:
        ModelError: there is no such model, no safetensors, no head that predicts words, or no mask in its vocabulary.
    """
    loaded = load_model(path, "masked-lm")
    if loaded.untrained:
        raise ModelError(
            f"{path} is no masked language model: its checkpoint lacks the head that predicts words ({', '.join(loaded.untrained[:3])}); "
            "name one that was trained to fill in [MASK], such as bert-base-uncased or an ELECTRA generator (a fine-tuned model has lost this head)"
        )
    if loaded.tokenizer.mask_token_id is None:
        raise ModelError(
            f"{path}: its tokenizer has no mask token, so no word can be masked; name a masked language model"
        )
    return loaded


def language_task(config: PretrainedConfig) -> Task | None:
    """The language task that a checkpoint was made for, by the class that its configuration names; None for all others."""
    names = tuple(config.architectures or ())
    if any(name.endswith(("ForMaskedLM", "BertForPreTraining")) for name in names):
        return "masked-lm"
    return "causal-lm" if any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in names) else None


def made_for(config: PretrainedConfig) -> Task | None:
    """The task that a checkpoint's class is for, where that class is not a sequence classifier's."""
    heads: dict[str, Task] = {
        "ForTokenClassification": "token-classification",
        "ForQuestionAnswering": "question-answering",
    }
    names = tuple(config.architectures or ())
    named = next((task for head, task in heads.items() if any(name.endswith(head) for name in names)), None)
    return named or language_task(config)


def task_to_teach(path: str | Path, asked: Task | None) -> Task:
    """What a teacher is loaded for: the asked-for task where its head is another class, else what its checkpoint answers about tokens, else classification."""
    if asked is not None:
        return asked if asked in LANGUAGE | TOKENS else "classification"
    try:
        with quietly():
            made = made_for(AutoConfig.from_pretrained(path))
    except (OSError, ValueError, KeyError):
        return "classification"  # load_model says what is wrong
    return made if made in TOKENS else "classification"


def load_for_training(path: str | Path, *, task: Task, labels: Sequence[str]) -> Loaded:
    """Load a model with a head for this task: its own where its labels are these, else a new one.

    Args:
        labels: class names in id order; empty for regression and language tasks.
    """
    if task in LANGUAGE:
        return load_model(path, task)
    settings = head_settings(task, labels)
    own = load_model(path, task)
    if task == "question-answering" and own.model.config.num_labels == len(SPAN):
        return own
    same = set(labels_of(own.model.config).values()) == set(settings["id2label"].values())
    if same and not own.untrained:
        return own
    return load_model(path, task, ignore_mismatched_sizes=True, **settings)


def head_settings(task: Task, labels: Sequence[str]) -> dict[str, Any]:
    """The configuration's settings for a head with these classes."""
    given = {"regression": ("score",), "question-answering": SPAN}.get(task, tuple(labels))
    names = dict(enumerate(given))
    return {
        "problem_type": _PROBLEM_TYPES.get(task),
        "id2label": names,
        "label2id": {name: i for i, name in names.items()},
    }


def read_card(path: str | Path) -> dict[str, Any]:
    """The content of a model folder's ``hodu.json``; empty when there is none (foreign models).

    Raises:
        ModelError: the file is there and is no JSON object.
    """
    file = Path(path) / "hodu.json"
    if not file.is_file():
        return {}
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{file}: expected a JSON object: {error}") from error
    if not isinstance(card, dict):
        raise ModelError(f"{file}: expected a JSON object, found a {type(card).__name__}")
    return card


def labels_of(config: PretrainedConfig) -> dict[int, str]:
    """Class id → name, in the order of the ids; transformers reads the ids of a JSON file as text."""
    names: dict[Any, str] = config.id2label or {}
    return {int(number): str(name) for number, name in sorted(names.items(), key=lambda item: int(item[0]))}


def task_of(config: PretrainedConfig) -> Task:
    """The task that a configuration describes, a classifier's as transformers reads it."""
    if made := made_for(config):
        return made
    if config.problem_type is None:
        return "regression" if config.num_labels == 1 else "classification"
    return next(task for task, name in _PROBLEM_TYPES.items() if name == config.problem_type)


def _with_spaces(tokenizer: Any, source: str) -> Any:
    """GPT-2's and RoBERTa's pieces of a word are those behind a space: a list of words is read with one before each."""
    if getattr(tokenizer, "add_prefix_space", None) is not False:
        return tokenizer
    tokenizer = AutoTokenizer.from_pretrained(source, add_prefix_space=True)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if isinstance(getattr(backend, "pre_tokenizer", None), ByteLevel):  # some classes leave it as tokenizer.json has it
        tokenizer.backend_tokenizer.pre_tokenizer.add_prefix_space = True
    return tokenizer


@contextmanager
def quietly() -> Iterator[None]:
    """Without transformers' progress bars and its warning about a new head: what is missing is in ``Loaded.untrained``."""
    level, bars = hf_logging.get_verbosity(), hf_logging.is_progress_bar_enabled()
    hf_logging.set_verbosity_error()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        hf_logging.set_verbosity(level)
        if bars:
            hf_logging.enable_progress_bar()


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]
