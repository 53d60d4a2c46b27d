"""A WordPiece vocabulary of one's own: the same texts give the same pieces, in every process."""

from __future__ import annotations

from collections.abc import Iterable
from string import digits

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def train_wordpiece(texts: Iterable[str], *, vocabulary: int, max_length: int) -> PreTrainedTokenizerFast:
    """A lower-casing WordPiece tokenizer of ``vocabulary`` pieces at most, with BERT's special tokens and all digits, whether the texts have some or not: what a graph's facts mention is numbered.

    The same texts give the same pieces with the same ids, in every process.
    """
    tokenizer = _bert_like({token: number for number, token in enumerate(SPECIAL.values())})
    texts = list(texts)
    normal = (tokenizer.normalizer.normalize_str(text) for text in texts)
    words = {word for text in normal for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)}
    # The trainer numbers the ##-letters in the order of a hash map, and breaks ties between merges by these numbers.
    # Named beforehand, they are the same in every run.
    letters = sorted({f"##{letter}" for word in words for letter in word[1:]} | {f"##{digit}" for digit in digits})
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary, special_tokens=[*SPECIAL.values(), *digits, *letters], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    # A new one from its pieces: in the trained one the letters are special tokens.
    return PreTrainedTokenizerFast(
        tokenizer_object=_bert_like(tokenizer.get_vocab(with_added_tokens=False)),
        model_max_length=max_length,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **SPECIAL,
    )


def _bert_like(pieces: dict[str, int]) -> Tokenizer:
    """BERT's tokenizer over these pieces."""
    tokenizer = Tokenizer(models.WordPiece(pieces, unk_token=SPECIAL["unk_token"]))
    # Not BertNormalizer, whose stripping of accents takes Hangul syllables apart.
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    cls, sep = SPECIAL["cls_token"], SPECIAL["sep_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B:1 {sep}:1",
        special_tokens=[(token, pieces[token]) for token in (cls, sep)],
    )
    return tokenizer
