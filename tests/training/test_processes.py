"""Two processes, as ``accelerate launch`` and ``torchrun`` start them, on one machine without a GPU."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import hodu
from tests.training.conftest import sentences


def launched(count: int, *arguments: str) -> str:
    """What ``hodu`` writes to standard output, run by so many processes with the environment that a launcher gives them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "ACCELERATE_USE_CPU": "true"}
    shared |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "hodu", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(count)
    ]
    ended = [process.communicate(timeout=200) for process in processes]
    assert not any(process.returncode for process in processes), "\n".join(err for _, err in ended)
    return "".join(out for out, _ in ended)


@pytest.mark.usefixtures("as_other_processes_train")
def test_two_processes_train_the_student_of_one(teacher: Path, tmp_path: Path) -> None:
    """On two GPUs the batch doubles behind the user's back, or both processes write one folder."""
    rows = [f"{text},{label}\n" for text, label in sentences()]
    data = tmp_path / "data"
    data.mkdir()
    for name, part in (("train", rows[::2] + rows[1::4]), ("dev", rows[3::4])):  # 60 and 20: 60 is five batches of 12
        (data / f"{name}.csv").write_text("text,label\n" + "".join(part), encoding="utf-8")
    model = AutoModelForSequenceClassification.from_pretrained(teacher)
    model.config.hidden_dropout_prob = model.config.attention_probs_dropout_prob = 0.0
    still = tmp_path / "still"
    model.save_pretrained(still)
    AutoTokenizer.from_pretrained(teacher).save_pretrained(still)
    settings = {"student": "2x16", "start": "slice", "epochs": 2, "batch_size": 12}
    hodu.distill(still, data, tmp_path / "one", **settings, progress=False)
    flags = [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    said = launched(2, "distill", str(still), "--data", str(data), "--out", str(tmp_path / "two"), *flags)
    assert said.count("is ready") == 1, "both processes speak"
    cards = [json.loads((tmp_path / name / "hodu.json").read_text()) for name in ("one", "two")]
    assert cards[0]["steps"] == cards[1]["steps"]
    left, right = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    for name, value in left.items():
        # sums in another order, and Adam's division by a tiny second moment in the first steps, cost some digits
        torch.testing.assert_close(right[name], value, rtol=1e-3, atol=1e-4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "one", "still", "two"]
