from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, BertTokenizer, PreTrainedTokenizerFast

from hodu.errors import ModelError
from hodu.models import prune_vocabulary

CORPUS = [
    "The walnut is a round, single-seeded stone fruit of the walnut tree.",
    "Walnuts are eaten raw, toasted, pickled or as walnut butter.",
    "호두는 호두나무의 열매이다. 껍데기가 단단하여 깨어 먹는다.",
    "천안 호두과자는 기차역에서 많이 팔리는 과자이다.",
    "땅을 파려면 굴착기가 필요하고, 꽃을 심으려면 모종삽이면 된다.",
    "Numbers such as 1234567890 and signs (like these!) appear too; don't they?",
] * 3
TEXTS = ["walnut butter tree", "호두과자는 단단하다", "", "  (toasted)  1984! ", "호두나무 열매, raw fruit"]
UNSEEN = ["pickled stones", "굴착기로 땅을 파다", "기차역 4567"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def word_piece() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    # Special tokens in the middle, as in BERT's own vocabulary ([CLS] is 101): their ids must move.
    tokenizer.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=400, special_tokens=SPECIAL[:1], show_progress=False)
    )
    vocabulary = sorted(tokenizer.get_vocab(), key=tokenizer.token_to_id)
    vocabulary[50:50] = SPECIAL[1:]
    tokenizer.model = models.WordPiece({piece: index for index, piece in enumerate(vocabulary)}, unk_token="[UNK]")
    return _with_template(tokenizer)


def byte_pairs() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=600,
            initial_alphabet=alphabet,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
            show_progress=False,
        ),
    )
    tokenizer.add_special_tokens(["<mask>"])  # RoBERTa's comes last
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    names = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, **names, unk_token="<unk>", pad_token="<pad>", mask_token="<mask>"
    )


def unigram() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(
        CORPUS, trainers.UnigramTrainer(vocab_size=400, special_tokens=SPECIAL, unk_token="[UNK]", show_progress=False)
    )
    return _with_template(tokenizer)


def _with_template(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    specials = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=specials
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names, model_max_length=99)


TOKENIZERS = {"WordPiece": word_piece, "BPE": byte_pairs, "Unigram": unigram}


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request: pytest.FixtureRequest) -> PreTrainedTokenizerFast:
    return TOKENIZERS[request.param]()


def same(full: PreTrainedTokenizerFast, small: PreTrainedTokenizerFast, kept: torch.Tensor, *texts: list[str]) -> bool:
    before, after = full(*texts), small(*texts)
    renamed = [[int(kept[piece]) for piece in ids] for ids in after["input_ids"]]
    kinds = before.get("token_type_ids") == after.get("token_type_ids")
    return renamed == before["input_ids"] and after["attention_mask"] == before["attention_mask"] and kinds


def test_the_users_text_is_cut_as_before(tokenizer: PreTrainedTokenizerFast) -> None:
    """Teacher and student would see different tokens, and token losses would compare different words."""
    pruned = prune_vocabulary(tokenizer, TEXTS)
    assert len(pruned.tokenizer) == len(pruned.kept) < len(tokenizer)
    assert same(tokenizer, pruned.tokenizer, pruned.kept, TEXTS)
    assert same(tokenizer, pruned.tokenizer, pruned.kept, TEXTS, TEXTS[::-1])


def test_it_survives_saving(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    """The saved student would come back with the teacher's vocabulary, and its ids would point past its table."""
    pruned = prune_vocabulary(tokenizer, TEXTS)
    pruned.tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert len(loaded) == len(pruned.kept)
    assert same(tokenizer, loaded, pruned.kept, TEXTS, TEXTS[::-1])
    assert loaded.model_max_length == tokenizer.model_max_length


def test_special_tokens_move_together(tokenizer: PreTrainedTokenizerFast) -> None:
    """Sentences would start with an ordinary word, or padding would be read as text."""
    pruned = prune_vocabulary(tokenizer, TEXTS)
    assert pruned.tokenizer.special_tokens_map == tokenizer.special_tokens_map
    for name in ("pad", "unk", "cls", "sep", "mask"):
        assert pruned.kept[getattr(pruned.tokenizer, f"{name}_token_id")] == getattr(tokenizer, f"{name}_token_id")
    padded = pruned.tokenizer(["walnut", "walnut butter tree"], padding=True)["input_ids"]
    assert padded[0][-1] == pruned.tokenizer.pad_token_id
    masked = f"walnut {tokenizer.mask_token} tree"
    assert same(tokenizer, pruned.tokenizer, pruned.kept, [masked])


def test_other_text_is_cut_finer_but_not_lost(tokenizer: PreTrainedTokenizerFast) -> None:
    """Words that the training text lacks would become unknown for the student, although the teacher reads them."""
    pruned = prune_vocabulary(tokenizer, TEXTS)
    for text in UNSEEN:
        before, after = tokenizer(text)["input_ids"], pruned.tokenizer(text)["input_ids"]
        assert after.count(pruned.tokenizer.unk_token_id) == before.count(tokenizer.unk_token_id)
        assert len(after) >= len(before)
        assert pruned.tokenizer.decode(after, skip_special_tokens=True) == tokenizer.decode(
            before, skip_special_tokens=True
        )


def test_added_tokens_stay(tokenizer: PreTrainedTokenizerFast) -> None:
    """Words that the user added to the teacher's tokenizer would fall into pieces."""
    tokenizer.add_tokens(["호두과자점", "walnutty"])
    pruned = prune_vocabulary(tokenizer, TEXTS)
    assert same(tokenizer, pruned.tokenizer, pruned.kept, ["walnut walnutty 호두과자점 tree"])
    assert len(pruned.tokenizer) == len(pruned.kept)


def test_the_given_tokenizer_is_unchanged(tokenizer: PreTrainedTokenizerFast) -> None:
    """The teacher would be fed the student's ids."""
    before = tokenizer.backend_tokenizer.to_str()
    prune_vocabulary(tokenizer, TEXTS)
    assert tokenizer.backend_tokenizer.to_str() == before


def test_texts_may_come_as_a_stream(tokenizer: PreTrainedTokenizerFast) -> None:
    """Texts read once would be counted but not checked."""
    assert torch.equal(prune_vocabulary(tokenizer, iter(TEXTS)).kept, prune_vocabulary(tokenizer, TEXTS).kept)


def test_unknown_words_stay_unknown() -> None:
    """Greedy search may cut a word only because a longer piece is gone: the student would read what the teacher could not."""
    vocabulary = {piece: index for index, piece in enumerate([*SPECIAL, "a", "ab", "##bc", "##d", "x"])}
    tokenizer = _with_template(Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]")))
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    texts = ["abc x", "a x"]  # "ab" matches first, then "##c" is missing: unknown; without "ab" it would be "a ##bc"
    pruned = prune_vocabulary(tokenizer, [*texts, "abcd"])
    assert same(tokenizer, pruned.tokenizer, pruned.kept, [*texts, "abcd"])


def test_merges_go_with_their_pieces() -> None:
    """Merges without their pieces make a tokenizer.json that does not load."""
    pruned = prune_vocabulary(byte_pairs(), TEXTS)
    model = json.loads(pruned.tokenizer.backend_tokenizer.to_str())["model"]
    assert 0 < len(model["merges"]) < 300
    assert all({left, right, left + right} <= model["vocab"].keys() for left, right in model["merges"])


def test_a_tokenizer_class_of_its_own_survives_saving(tmp_path: Path) -> None:
    """BERT's own tokenizer class rebuilds itself from the vocabulary when it loads: settings such as lower-casing would be lost."""
    bert = BertTokenizer(vocab=word_piece().get_vocab(), do_lower_case=True, model_max_length=64)
    pruned = prune_vocabulary(bert, TEXTS)
    assert type(pruned.tokenizer) is type(bert)
    pruned.tokenizer.save_pretrained(tmp_path)
    assert same(bert, AutoTokenizer.from_pretrained(tmp_path), pruned.kept, ["WALNUT Butter", *TEXTS])


def test_other_tokenizers_are_refused() -> None:
    """A tokenizer that hodu cannot prune would come back broken."""
    words = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    with pytest.raises(ModelError, match="WordLevel"):
        prune_vocabulary(PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]"), ["a"])
