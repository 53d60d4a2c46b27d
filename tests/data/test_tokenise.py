"""Token ids and batches: as the tokenizer alone would make them, and every cut text counted."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from datasets import Dataset, Features, List, Value
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch.utils.data import DataLoader
from transformers import BertConfig, GPT2Config, PreTrainedTokenizerFast, RobertaConfig

from hodu.data import Truncation, collate, max_length_of, tokenise
from hodu.errors import DataError, ModelError

TEXTS = ["이 영화 정말 좋다", "what a film", "이 영화 정말 재미 없다 보지 마라 정말", "a " * 30]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """A WordPiece of the texts above, put together as BERT's."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces.normalizer = normalizers.BertNormalizer()
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pieces.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=200, special_tokens=special))
    pieces.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=pieces,
        model_max_length=64,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")},
    )


def test_same_ids_as_the_tokenizer(tokenizer: PreTrainedTokenizerFast) -> None:
    """A student would be trained on other ids than it is given in use."""
    rows, truncation = tokenise(Dataset.from_dict({"text": TEXTS, "label": [0, 1, 2, 0]}), tokenizer, max_length=64)
    expected = tokenizer(TEXTS)
    for name in ("input_ids", "attention_mask", "token_type_ids"):
        assert rows[name][:] == expected[name]
    assert rows["length"][:] == [len(ids) for ids in expected["input_ids"]]
    assert rows["labels"][:] == [0, 1, 2, 0]
    assert truncation == Truncation(0, 4, 64)
    assert set(rows.column_names) == {"input_ids", "attention_mask", "token_type_ids", "length", "labels"}


def test_pairs(tokenizer: PreTrainedTokenizerFast) -> None:
    """The second sentence would be dropped, or marked as part of the first."""
    rows, _ = tokenise(Dataset.from_dict({"text": TEXTS[:2], "pair": TEXTS[1:3]}), tokenizer, max_length=64)
    expected = tokenizer(TEXTS[:2], TEXTS[1:3])
    assert rows["input_ids"][:] == expected["input_ids"]
    assert rows["token_type_ids"][:] == expected["token_type_ids"]
    assert 1 in rows["token_type_ids"][0]
    assert "labels" not in rows.column_names


@pytest.mark.parametrize("columns", [("text",), ("text", "pair")])
def test_cut_texts_are_counted(tokenizer: PreTrainedTokenizerFast, columns: tuple[str, ...]) -> None:
    """Half of the texts would be cut without a word, or a text that fits exactly be reported as cut."""
    texts = {name: ["film", "what a film", "what a film 좋다", "a a a a a a a a a"] for name in columns}
    lengths = [len(ids) for ids in tokenizer(*texts.values())["input_ids"]]
    limit = lengths[1]  # fits exactly
    rows, truncation = tokenise(Dataset.from_dict(texts), tokenizer, max_length=limit)
    assert truncation == Truncation(sum(length > limit for length in lengths), 4, limit)
    assert 0 < truncation.count < 4
    assert rows["length"][:] == [min(length, limit) for length in lengths]
    assert all(ids[-1] == tokenizer.sep_token_id for ids in rows["input_ids"][:])
    assert str(truncation) == f"2 of 4 texts are longer than {limit} tokens and were cut"


def test_many_rows_keep_their_order(tokenizer: PreTrainedTokenizerFast) -> None:
    """Past the first thousand rows, texts would get the labels of others."""
    count = 2_500
    dataset = Dataset.from_dict({"text": ["a " * (1 + i % 7) for i in range(count)], "label": list(range(count))})
    chosen = list(range(count - 1, -1, -1))
    rows, _ = tokenise(dataset.select(chosen), tokenizer, max_length=64)
    assert rows["labels"][:] == chosen
    assert rows["length"][:] == [3 + i % 7 for i in chosen]


@pytest.mark.parametrize(("columns", "least"), [(("text",), 3), (("text", "pair"), 5)])
def test_no_room(tokenizer: PreTrainedTokenizerFast, columns: tuple[str, ...], least: int) -> None:
    """Every text would be cut to its special tokens, and the model learn nothing."""
    dataset = Dataset.from_dict({name: TEXTS for name in columns})
    tokenise(dataset, tokenizer, max_length=least)
    with pytest.raises(DataError, match=f"expected {least} or more"):
        tokenise(dataset, tokenizer, max_length=least - 1)


@pytest.mark.parametrize("side", ["right", "left"])
def test_batches_are_padded(tokenizer: PreTrainedTokenizerFast, side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model would attend to padding, or a left-padded decoder read its last token in the wrong place."""
    monkeypatch.setattr(tokenizer, "padding_side", side)
    rows, _ = tokenise(Dataset.from_dict({"text": TEXTS[:3], "label": [2, 0, 1]}), tokenizer, max_length=64)
    batch = collate(tokenizer)([rows[i] for i in range(3)])
    expected = tokenizer(TEXTS[:3], padding=True, return_tensors="pt")
    assert set(batch) == {"input_ids", "attention_mask", "token_type_ids", "labels"}
    for name in expected:
        assert torch.equal(batch[name], expected[name])
    assert torch.equal(batch["labels"], torch.tensor([2, 0, 1]))


@pytest.mark.parametrize(
    ("feature", "labels", "shape", "dtype"),
    [
        (Value("int64"), [1, 0], (2,), torch.long),
        (Value("float32"), [1.0, 2.5], (2,), torch.float),
        (List(Value("float32"), length=3), [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]], (2, 3), torch.float),
    ],
)
def test_labels_have_the_type_of_their_loss(
    tokenizer: PreTrainedTokenizerFast, feature: Any, labels: list[Any], shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    """Cross-entropy would refuse its labels, or a regression of whole numbers be trained as classes."""
    features = Features({"text": Value("string"), "label": feature})
    rows, _ = tokenise(
        Dataset.from_dict({"text": TEXTS[:2], "label": labels}, features=features), tokenizer, max_length=64
    )
    batch = collate(tokenizer)([rows[0], rows[1]])
    assert batch["labels"].shape == shape
    assert batch["labels"].dtype == dtype
    assert batch["labels"].tolist() == labels


def test_collate_works_in_worker_processes(tokenizer: PreTrainedTokenizerFast) -> None:
    """A DataLoader with workers would stop at its first batch, on systems that start them anew (macOS, Windows)."""
    rows, _ = tokenise(Dataset.from_dict({"text": TEXTS}), tokenizer, max_length=64)
    function = pickle.loads(pickle.dumps(collate(tokenizer)))
    batches = list(DataLoader(rows, batch_size=2, collate_fn=function))
    assert [batch["input_ids"].shape[0] for batch in batches] == [2, 2]
    assert batches[0]["input_ids"].shape[1] < batches[1]["input_ids"].shape[1]


def test_no_padding_token(tokenizer: PreTrainedTokenizerFast) -> None:
    """GPT-2 would be padded with a real token, or stop with an error about None."""
    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer)  # type: ignore[no-untyped-call]
    with pytest.raises(ModelError, match="pad_token"):
        collate(bare)


@pytest.mark.parametrize(
    ("model_max_length", "config", "expected"),
    [
        (64, None, 64),
        (10**30, None, 512),
        (10**30, BertConfig(max_position_embeddings=128), 128),
        (512, RobertaConfig(max_position_embeddings=130, pad_token_id=1), 128),
        (10**30, GPT2Config(n_positions=1024), 512),
        (10**30, GPT2Config(n_positions=256), 256),
    ],
)
def test_max_length(tokenizer: PreTrainedTokenizerFast, model_max_length: int, config: Any, expected: int) -> None:
    """A long text would stop the training with an index error inside the position embeddings."""
    sized = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, model_max_length=model_max_length)  # type: ignore[no-untyped-call]
    assert max_length_of(sized, config) == expected
