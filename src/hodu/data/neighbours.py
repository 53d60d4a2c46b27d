"""The words nearest to a word: for augmentation, where a word has several pieces and so no single mask stands for it."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize
from transformers import PreTrainedTokenizerFast
from typing_extensions import override

from hodu.data.rows import lines_of
from hodu.data.vocabulary import pieces_in_text, words_of_vocabulary
from hodu.data.words import is_word
from hodu.errors import DataError

_GLOVE_ROWS = 100_000  # as the reference code: the most frequent words stand first
_AT_ONCE = 512


class Neighbours(ABC):
    """The nearest words by cosine, found once for each word.

    Args:
        words: the words to choose from.
        vectors: of each word: ``V D``.
        most: how many are given.
    """

    def __init__(self, words: Sequence[str], vectors: Tensor, most: int) -> None:
        self._words, self._most = words, most
        self._directions = normalize(vectors.float(), dim=-1)
        self._known: dict[str, tuple[str, ...]] = {}

    @property
    def digest(self) -> str:
        """Changes with the words and their vectors."""
        content = hashlib.sha256("\n".join(self._words).encode())
        content.update(self._directions.cpu().numpy().tobytes())
        return content.hexdigest()

    def of(self, words: Sequence[str]) -> list[tuple[str, ...]]:
        """The nearest words to each of these, the nearest first, never the word itself; none for a word without a vector."""
        new = [word for word in dict.fromkeys(words) if word not in self._known]
        for begin in range(0, len(new), _AT_ONCE):
            some = new[begin : begin + _AT_ONCE]
            self._known |= zip(some, self._nearest(some), strict=True)
        return [self._known[word] for word in words]

    @abstractmethod
    def vectors_of(self, words: Sequence[str]) -> Tensor:
        """``N D``: a vector for each word, zeros for one that is not known."""

    def _nearest(self, words: Sequence[str]) -> list[tuple[str, ...]]:
        vectors = self.vectors_of(words)
        cosines = normalize(vectors, dim=-1) @ self._directions.T  # N V
        # two more than asked for: the word itself may be among them, as it is and in small letters
        nearest = cosines.topk(min(self._most + 2, len(self._words))).indices.tolist()
        found = []
        for word, known, places in zip(words, vectors.any(-1).tolist(), nearest, strict=True):
            others = [self._words[place] for place in places if self._words[place] not in (word, word.lower())]
            found.append(tuple(others[: self._most]) if known else ())
        return found


class VocabularyNeighbours(Neighbours):
    """Nearest in a model's own table of input embeddings: any language that the model has, and nothing to download.

    A word is the mean of its pieces; to choose from are the pieces that are whole words.
    """

    def __init__(self, table: Tensor, tokenizer: PreTrainedTokenizerFast, most: int) -> None:
        self._table, self._tokenizer = table.detach(), tokenizer
        whole = {place: word for place, word in enumerate(words_of_vocabulary(tokenizer)) if word is not None}
        super().__init__(list(whole.values()), self._table[list(whole)], most)

    @override
    def vectors_of(self, words: Sequence[str]) -> Tensor:
        pieces = pieces_in_text(self._tokenizer, words)
        means = [
            self._table[ids].float().mean(0) if ids else self._table.new_zeros(self._table.shape[1]) for ids in pieces
        ]
        return torch.stack(means)  # N D


class VectorFile(Neighbours):
    """Nearest in a file of word vectors as GloVe and fastText write them: a word and its numbers a line, the frequent words first.

    The first 100,000 lines count. A word that is not there is looked up in small letters.

    Raises:
        DataError: a line that is not a word and its numbers; names file and row.
    """

    def __init__(self, path: Path, most: int) -> None:
        words, vectors = _read_vectors(path)
        self._places = {word: place for place, word in reversed(list(enumerate(words)))}
        self._vectors = torch.from_numpy(vectors)
        super().__init__(words, self._vectors, most)

    @override
    def vectors_of(self, words: Sequence[str]) -> Tensor:
        places = [self._places.get(word, self._places.get(word.lower())) for word in words]
        zeros = torch.zeros(self._vectors.shape[1])
        return torch.stack([zeros if place is None else self._vectors[place] for place in places])  # N D


def _read_vectors(path: Path) -> tuple[list[str], np.ndarray]:
    """Words of letters, and their vectors (``V D`` float32)."""
    words, vectors = [], []
    width = None
    for row, line in islice(lines_of(path), _GLOVE_ROWS):
        word, *numbers = line.rstrip().split(" ")
        if row == 1 and len(numbers) == 1 and word.isdigit() and numbers[0].isdigit():
            continue  # fastText's first line: how many words, how wide
        width = width or len(numbers)
        # some words of GloVe 840B hold spaces: the numbers are the last ones
        if width < 2 or len(numbers) < width:
            raise DataError(
                f"a word and {len(numbers)} numbers, expected a word and {width if width > 1 else 'its'} numbers, with single spaces between, "
                "as in a file of GloVe or fastText vectors (.txt, .vec)",
                file=path,
                row=row,
            )
        if len(numbers) > width or not is_word(word):
            continue
        try:
            vectors.append(np.array(numbers, dtype=np.float32))
        except ValueError as error:
            raise DataError(f"{error}; expected a word and its {width} numbers", file=path, row=row) from error
        words.append(word)
    if not words:
        raise DataError("there is no word of letters in it; expected a file of GloVe or fastText vectors", file=path)
    return words, np.stack(vectors)
