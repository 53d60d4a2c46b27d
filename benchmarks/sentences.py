"""The whole sentences of a phrase-level SST-2, as a data folder.

SST-2's training file holds phrases of about 6,900 sentences. A row is taken for a sentence if it is long enough to be one and stands inside no other row::

    python benchmarks/sentences.py ../shared/data/sst2 runs/sst2-sentences
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from hodu.data import load

_SHORTEST = 6  # words: shorter rows that stand alone are mostly fragments of sentences that are not in the file


def whole_sentences(texts: list[str]) -> list[int]:
    """Places of the texts that are no part of another one."""
    words = [tuple(text.split()) for text in texts]
    inside: set[tuple[str, ...]] = set()
    known = set(words)
    for sentence in words:
        for begin in range(len(sentence)):
            for end in range(begin + 1, len(sentence) + 1):
                if end - begin < len(sentence) and sentence[begin:end] in known:
                    inside.add(sentence[begin:end])
    return [place for place, sentence in enumerate(words) if len(sentence) >= _SHORTEST and sentence not in inside]


def main(source: Path, out: Path) -> None:
    """Write train.tsv of whole sentences; dev and test are copied."""
    train = load(source).splits["train"]
    texts, labels = train["text"][:], train["label"][:]
    out.mkdir(parents=True, exist_ok=True)
    places = whole_sentences(texts)
    rows = [f"{texts[place]}\t{labels[place]}\n" for place in places]
    (out / "train.tsv").write_text("sentence\tlabel\n" + "".join(rows), encoding="utf-8")
    for name in ("dev.tsv", "test.tsv"):
        shutil.copy(source / name, out / name)
    print(f"{len(rows)} sentences of {len(texts)} rows")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
