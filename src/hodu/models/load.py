"""A model folder or hub id, loaded: the model, its own tokenizer, and what its ``hodu.json`` says about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from safetensors import SafetensorError
from tokenizers.pre_tokenizers import ByteLevel
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForMultipleChoice,
    AutoModelForPreTraining,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging as hf_logging

from hodu.data import FACTS, collate, max_length_of, tokenise
from hodu.errors import ModelError
from hodu.models.facts import facts_of, read_facts
from hodu.models.pooling import is_sentence_encoder, pool_by, read_pooling
from hodu.models.texts import one_answer_a_text
from hodu.types import OWN_CLASS, TOKENS, Task

_PROBLEM_TYPES: dict[Task, str] = {
    "classification": "single_label_classification",
    "multilabel": "multi_label_classification",
    "regression": "regression",
}
SPAN = ("start", "end")
"""The two outputs of a question answerer."""

_CLASSIFIER: tuple[Any, str] = (AutoModelForSequenceClassification, "a sequence classifier")
_HEADS: dict[str, Task] = {  # a class's name ends so, and it does nothing else
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMultipleChoice": "multiple-choice",
}
_LOADERS: dict[Task, tuple[Any, str]] = {
    "token-classification": (AutoModelForTokenClassification, "a token classifier"),
    "question-answering": (AutoModelForQuestionAnswering, "a question answerer"),
    "masked-lm": (AutoModelForMaskedLM, "a masked language model"),
    "causal-lm": (AutoModelForCausalLM, "a causal language model"),
    "replaced-token": (AutoModelForPreTraining, "a discriminator of replaced pieces"),
    "sentence-embedding": (AutoModel, "an encoder"),
    "multiple-choice": (AutoModelForMultipleChoice, "a multiple-choice model"),
}


@dataclass(frozen=True)
class Loaded:
    """A model in fp32 on the CPU, in eval mode, with its own tokenizer.

    Attributes:
        path: what the user typed.
        card: the content of ``hodu.json``, empty for foreign models.
        untrained: names of weights that the checkpoint lacks, so that they are random.
        made_for: the task with a model class of its own that the checkpoint was made for, whatever it was loaded for.
    """

    path: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    card: Mapping[str, Any]
    untrained: tuple[str, ...] = ()
    made_for: Task | None = None

    def encode(self, row: Mapping[str, Any]) -> dict[str, Tensor]:
        """One row ("text", optionally "pair"; or "words"; with "facts" where it has any) as the model takes it, unpadded: ``1 L`` each, cut where the model ends."""
        if FACTS in row:
            one = Dataset.from_dict({name: [value] for name, value in row.items()})
            length = max_length_of(self.tokenizer, self.model.config)
            return collate(self.tokenizer)([tokenise(one, self.tokenizer, max_length=length)[0][0]])
        encoded = self.tokenizer(
            row["words"] if "words" in row else row["text"],
            row.get("pair"),
            is_split_into_words="words" in row,
            truncation=True,
            max_length=max_length_of(self.tokenizer, self.model.config),
            return_tensors="pt",
        )
        return dict(encoded)


def _is_here(source: str) -> bool:
    """Whether it is a folder here; if not, its name may be one on the hub."""
    if Path(source).is_dir():
        return True
    if Path(source).exists() or source.startswith((".", "/", "~")) or source.count("/") > 1:
        raise ModelError(
            f"{source} is {'a file' if Path(source).exists() else 'no folder here'}; "
            "a model is a folder in Hugging Face format (config.json, model.safetensors, tokenizer.json) or a hub id"
        )
    # where models stand in its folder it is a name mistyped: asking the hub, which without network is tried for a minute and a half, would only hide that
    if "/" in source and (beside := sorted(one.parent.name for one in Path(source).parent.glob("*/config.json"))):
        raise ModelError(
            f"there is no model {Path(source).name} in the folder {Path(source).parent}; there are {', '.join(beside[:8])}"
        )
    return False


def load_model(path: str | Path, task: Task | None = None, **changes: Any) -> Loaded:
    """Load a model and its tokenizer. Only safetensors; code in the folder is never run.

    Args:
        task: what it shall do; None takes a model of a class of its own (:data:`hodu.types.OWN_CLASS`; a bare encoder is one of sentences) for what its checkpoint is, and everything else
            for a sequence classifier (or regressor).
        changes: other settings of the configuration, for example ``num_labels``.

    Raises:
        ModelError: there is no such model, no safetensors, or it cannot do the task.
    """
    source = str(path)
    here = _is_here(source)
    what = _LOADERS.get(task, _CLASSIFIER)[1] if task else "a model"
    try:
        with quietly():
            tokenizer = AutoTokenizer.from_pretrained(source)
            config = AutoConfig.from_pretrained(source)
            made_for = own_task(config)
            task = task or made_for
            _check_family(source, config, task)
            if task == "token-classification":
                tokenizer = _with_spaces(tokenizer, source)
            loader, what = _LOADERS.get(task, _CLASSIFIER) if task else _CLASSIFIER
            model, info = loader.from_pretrained(
                source, use_safetensors=True, output_loading_info=True, dtype=torch.float32, **changes
            )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        where = "" if here else "there is no such folder, and on the hub: "
        said = f"{source}: cannot be loaded as {what} from safetensors: {where}{_first_paragraph(error)}"
        raise ModelError(said) from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"{source}: its tokenizer has no tokenizer.json; hodu needs a fast tokenizer")
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # what transformers makes where there is none
        raise ModelError(
            f"{source} has no tokenizer (tokenizer.json), so no text can be read; copy that of the model it was trained from into it"
        )
    _check_finite(source, model)
    if task == "causal-lm" and tokenizer.pad_token is None:  # GPT-2: padding is masked, so any piece will do
        tokenizer.pad_token = tokenizer.eos_token
    missing = (*info["missing_keys"], *(key for key, *_ in info.get("mismatched_keys", ())))
    if task in TOKENS and any(name.endswith("ForSequenceClassification") for name in config.architectures or ()):
        missing = _head_of(model)  # BERT's have the same names: what is there was trained on whole texts
    model.config.architectures = [type(model).__name__]  # what it is now, whatever the checkpoint was made for
    if task == "sentence-embedding":
        pooling = read_pooling(source)
        pool_by(model, pooling)
        tokenizer.model_max_length = min(tokenizer.model_max_length, pooling.max_length or tokenizer.model_max_length)
        missing = tuple(name for name in missing if not name.startswith("pooler."))  # which no vector comes from
    one_answer_a_text(model)
    if settings := facts_of(config):
        read_facts(model, settings)
    return Loaded(source, model.eval(), tokenizer, read_card(source), tuple(sorted(missing)), made_for)


def _check_finite(source: str, model: PreTrainedModel) -> None:
    for name, weight in model.named_parameters():
        if not torch.isfinite(weight).all():
            raise ModelError(
                f"{source}: its weight {name} holds numbers that are none (NaN or infinite), so it answers nothing; it is of a training that went wrong: take an earlier checkpoint, or train with a smaller rate"
            )


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
    if "ElectraForPreTraining" in names:
        return "replaced-token"
    if any(name.endswith(("ForMaskedLM", "BertForPreTraining")) for name in names):
        return "masked-lm"
    return "causal-lm" if any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in names) else None


def _check_family(source: str, config: PretrainedConfig, task: Task | None) -> None:
    if task == "replaced-token" and config.model_type != "electra":
        raise ModelError(
            f"{source} is a {config.model_type}, and only ELECTRA has a head that tells replaced pieces; name an ELECTRA discriminator, which hodu train --task replaced-token makes from a BERT too, or take --task masked-lm"
        )


def own_task(config: PretrainedConfig) -> Task | None:
    """The task with a model class of its own that a checkpoint was made for, by that class's name; a bare encoder is one of sentences. None for all others."""
    if language := language_task(config):
        return language
    names = tuple(config.architectures or ())
    for end, task in _HEADS.items():
        if any(name.endswith(end) for name in names):
            return task
    return "sentence-embedding" if any(name.endswith("Model") and "Head" not in name for name in names) else None


def config_at(path: str | Path) -> PretrainedConfig | None:
    """The configuration of a folder or hub id, without its weights; None where there is no such model, which loading it says better."""
    try:
        with quietly():
            config: PretrainedConfig = AutoConfig.from_pretrained(str(path))
            return config
    except (OSError, ValueError, KeyError):
        return None


def task_at(path: str | Path) -> Task | None:
    """:func:`own_task` of a folder or hub id; None also where there is no such model."""
    config = config_at(path)
    return None if config is None else own_task(config)


def evident_task(path: str | Path) -> Task | None:
    """What a teacher's files alone say that it does, where nobody named a task: it chooses or answers about tokens (its class), or it is an encoder of sentences
    (sentence-transformers' files)."""
    task = task_at(path)
    if task == "sentence-embedding":
        return task if is_sentence_encoder(path) else None
    return task if task in _HEADS.values() else None


def load_for_training(path: str | Path, *, task: Task, labels: Sequence[str]) -> Loaded:
    """Load a model with a head for this task: its own where its labels are these, else a new one.

    Args:
        labels: class names in id order; empty for tasks whose answers have no names.
    """
    if task in OWN_CLASS - TOKENS:  # their heads have one size only
        # a classifier's head is called as that of multiple choice is, and has another size: it begins new
        return load_model(path, task, **({"ignore_mismatched_sizes": True} if task == "multiple-choice" else {}))
    settings = head_settings(task, labels)
    own = load_model(path, task)
    theirs, ours = labels_of(own.model.config).values(), settings["id2label"].values()
    same = len(theirs) == len(ours) if task == "question-answering" else set(theirs) == set(ours)
    loaded = own if same and not own.untrained else load_model(path, task, ignore_mismatched_sizes=True, **settings)
    _let_pad(loaded)
    return loaded


def _let_pad(loaded: Loaded) -> None:
    """GPT-2 as it is published has no padding piece: the end of the text pads instead. It is masked, and a decoder's classifier looks at the last piece before it."""
    if loaded.tokenizer.pad_token is None and loaded.tokenizer.eos_token is not None:
        loaded.tokenizer.pad_token = loaded.tokenizer.eos_token
    if loaded.model.config.pad_token_id is None:
        loaded.model.config.pad_token_id = loaded.tokenizer.pad_token_id


def _head_of(model: PreTrainedModel) -> tuple[str, ...]:
    return tuple(name for name in model.state_dict() if not name.startswith(f"{model.base_model_prefix}."))


def parts_of(model: PreTrainedModel, weights: Sequence[str]) -> list[str]:
    """The parts of a model that these weights make up: "classifier", "bert.pooler"."""
    body = f"{model.base_model_prefix}."
    return sorted({".".join(name.split(".")[: 2 if name.startswith(body) else 1]) for name in weights})


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
    if own := own_task(config):
        return own
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


def _first_paragraph(error: BaseException) -> str:
    return " ".join(str(error).split("\n\n")[0].split())[:300]
