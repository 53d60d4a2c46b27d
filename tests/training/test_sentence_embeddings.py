"""Sentence encoders trained on scored pairs, distilled from single sentences, and measured by the cosines they find."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import AutoModel, AutoTokenizer

import hodu
from hodu.data import load, sentences
from hodu.data import split as split_data
from hodu.errors import LabelError, ModelError, RecipeError
from hodu.measuring import predict
from hodu.models.load import load_model
from hodu.models.pooling import Pooling, pooling_of, read_pooling
from hodu.training import baseline
from tests.training.conftest import sentences as labelled

QUICK = {"epochs": 1.0, "learning_rate": 3e-3, "progress": False}
TASK = {"task": "sentence-embedding"}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs of English and of Korean sentences: the higher the score, the more they have in common."""
    rows = []
    for (one, label), (other, same) in pairwise([labelled()[i * 37 % 80] for i in range(80)]):
        words = [set(text.split()) for text in (one, other)]
        rows.append(f"{one}\t{other}\t{(label == same) * 3 + len(words[0] & words[1]) / 2:.1f}")
    file = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    file.write_text("\n".join(["sentence1\tsentence2\tscore", *dict.fromkeys(rows)]) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def encoder(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "encoder"
    return hodu.train("2x32", pairs, out, vocabulary=120, **{**QUICK, "epochs": 3.0}, **TASK)  # type: ignore[arg-type]


@pytest.mark.parametrize("student", ["1x16", "1x32"])
def test_an_encoder_is_distilled_and_measured(student: str, encoder: Path, pairs: Path, tmp_path: Path) -> None:
    """The README's command for a sentence encoder does not end in a folder that transformers loads and hodu measures."""
    out = hodu.distill(encoder, pairs, tmp_path / "small", student=student, **QUICK, **TASK)  # type: ignore[arg-type]
    config = AutoModel.from_pretrained(out).config
    assert f"{config.num_hidden_layers}x{config.hidden_size}" == student
    first, second = hodu.measure([out, encoder], pairs, speed=False)
    assert first.role == "teacher" and second.task == "sentence-embedding"
    assert list(second.metrics)[:3] == ["spearman", "pearson", "agreement"]
    low, high = second.intervals["spearman"]
    # of so few pairs, most of one score, a percentile interval need not hold the figure itself
    assert -1 <= low < high <= 1 and -1 <= second.metrics["spearman"] <= 1
    assert json.loads((out / "hodu.json").read_text())["recipe"] == "hodu"


def test_latency_is_that_of_one_sentence(encoder: Path, pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sentences of a pair are timed as one text, which is not how a search server reads them."""
    from hodu.measuring import compare

    seen: list[str] = []

    def remember(_: object, rows: list[dict[str, str]], **__: object) -> int:
        seen.extend(f"{sorted(row)}" for row in rows)
        return 1

    monkeypatch.setattr(compare, "peak_memory", remember)
    (figures,) = hodu.measure([encoder], pairs)
    assert set(seen) == {"['text']"} and figures.metrics["latency_p50_ms"] > 0


def test_an_untrained_copy_agrees_with_its_teacher(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    """A pruned vocabulary or a lost pooling puts the student's sentences elsewhere before it has learnt anything."""
    settings = {**QUICK, **TASK, "learning_rate": 1e-9, "start": "layers", "student": "2x32"}
    out = hodu.distill(encoder, pairs, tmp_path / "copy", **settings)  # type: ignore[arg-type]
    _, copy = hodu.measure([encoder, out], pairs, teacher=str(encoder), speed=False)
    assert copy.metrics["agreement"] == pytest.approx(1.0, abs=1e-4)


def test_without_hodu_the_vectors_are_the_same(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    """Somebody who loads the student with transformers alone, as the model card says, gets other vectors than were measured."""
    out = hodu.distill(encoder, pairs, tmp_path / "small", student="1x16", **QUICK, **TASK)  # type: ignore[arg-type]
    texts = ["the film is good", "영화 좋다"]
    model, tokenizer = AutoModel.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    states = model(**batch).last_hidden_state  # B L D
    mask = batch["attention_mask"][..., None]
    mean = ((states * mask).sum(1) / mask.sum(1)).detach().numpy()
    loaded = load_model(out)
    given = predict(loaded.model, loaded.tokenizer, Dataset.from_dict({"text": texts}))
    np.testing.assert_allclose(given, mean, rtol=1e-4, atol=1e-5)
    assert "sentence_pooling" not in json.loads((out / "config.json").read_text())
    library = pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    np.testing.assert_allclose(library.SentenceTransformer(str(out)).encode(texts), mean, rtol=1e-4, atol=1e-5)


def test_sentences_without_scores_are_enough(encoder: Path, tmp_path: Path) -> None:
    """Distilling an encoder asks for scored pairs, which hardly anybody has."""
    text = tmp_path / "lines.txt"
    text.write_text("\n".join(one for one, _ in labelled()), encoding="utf-8")
    out = hodu.distill(encoder, text, tmp_path / "small", student="1x16", **QUICK)  # type: ignore[arg-type]
    card = json.loads((out / "hodu.json").read_text())
    assert -1 <= card["agreement"] <= 1
    _, student = hodu.measure([encoder, out], text, speed=False)
    assert "agreement" in student.metrics and "spearman" not in student.metrics
    with pytest.raises(LabelError, match="pairs of sentences with a score"):
        baseline(out, progress=False)
    with pytest.raises(LabelError, match="pairs of sentences with a score"):
        hodu.train(encoder, text, tmp_path / "tuned", **QUICK, **TASK)  # type: ignore[arg-type]


def test_the_baseline_takes_as_many_steps_on_scored_pairs(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    """What distillation was worth is compared with a baseline that trained half as long."""
    out = hodu.distill(encoder, pairs, tmp_path / "small", student="1x16", batch_size=8, **QUICK, **TASK)  # type: ignore[arg-type]
    made = baseline(out, progress=False)
    one, other = (json.loads((folder / "hodu.json").read_text()) for folder in (out, made))
    assert abs(one["steps"] - other["steps"]) <= 1 and other["objectives"] == [["1 Labels()"]]
    measured = {one.system: one.metrics for one in hodu.measure([encoder, out, made], pairs, speed=False)}
    assert {"teacher", "student", "baseline"} == set(measured)


def test_a_cached_encoder_teaches_what_a_live_one_does(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    """--cache makes another student."""
    made = [
        hodu.distill(encoder, pairs, tmp_path / str(cache), student="1x16", cache=cache, **QUICK, **TASK)  # type: ignore[arg-type]
        for cache in (False, True)
    ]
    live, cached = (load_model(folder).model.state_dict() for folder in made)
    for name, weight in live.items():
        torch.testing.assert_close(cached[name], weight, rtol=2e-2, atol=2e-3)  # float16's rounding


def test_pooling_is_read_from_the_files_and_kept(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    """A teacher that pools by its first token is distilled by the mean, or its student's folder does not say how to pool."""
    loaded = load_model(encoder)
    loaded.model.save_pretrained(tmp_path / "cls")
    loaded.tokenizer.save_pretrained(tmp_path / "cls")
    kinds = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for kind, path in kinds.items()]
    (tmp_path / "cls" / "modules.json").write_text(json.dumps(modules))
    (tmp_path / "cls" / "1_Pooling").mkdir()
    (tmp_path / "cls" / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    (tmp_path / "cls" / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 24}))
    first = load_model(tmp_path / "cls")
    assert pooling_of(first.model.config) == Pooling("cls", normalize=True, max_length=24)
    said = first.model(**first.encode({"text": "the film is good"}))
    torch.testing.assert_close(said.logits, torch.nn.functional.normalize(said.last_hidden_state[:, 0]))
    out = hodu.distill(tmp_path / "cls", pairs, tmp_path / "small", student="1x16", **QUICK, **TASK)  # type: ignore[arg-type]
    assert read_pooling(out) == Pooling("cls", normalize=True, max_length=24)


def test_an_unknown_way_to_a_vector_is_refused(encoder: Path, tmp_path: Path) -> None:
    """The student learns vectors that its teacher does not give: a module behind the pooling is left out silently."""
    kinds = {"Transformer": "", "Pooling": "1_Pooling", "Dense": "2_Dense"}
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for kind, path in kinds.items()]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ModelError, match="Transformer, Pooling, Dense"):
        read_pooling(tmp_path)
    (tmp_path / "modules.json").write_text(json.dumps(modules[:2]))
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode": ["mean", "max"]}))
    with pytest.raises(ModelError, match="mean and max"):
        read_pooling(tmp_path)


def test_scores_that_are_none_are_named_with_their_row(tmp_path: Path) -> None:
    """A typo in one score of a thousand stops training with a traceback, or turns all scores off."""
    file = tmp_path / "pairs.tsv"
    file.write_text("sentence1\tsentence2\tscore\na\tb\t1.5\nc\td\tmany\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r"row 3.*'many' is not a finite number"):
        load(file, task="sentence-embedding")
    file.write_text("sentence1\tsentence2\tlabel\na\tb\tyes\nc\td\tno\n", encoding="utf-8")
    data = load(file, task="sentence-embedding")
    assert "label" not in data.splits["train"].column_names and "no scores of pairs" in data.notes[0]


def test_sentences_of_all_columns_are_learnt_once(pairs: Path, tmp_path: Path) -> None:
    """Half of the sentences are never seen, or frequent ones are seen a hundred times an epoch."""
    data = split_data(load(pairs, task="sentence-embedding"))
    train = data.splits["train"]
    texts = sentences(train)["text"][:]
    assert len(texts) == len(set(texts)) and set(texts) == {*train["text"], *train["pair"]}


def test_single_sentences_to_learn_from_and_pairs_to_be_scored_by(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    """A folder with plain text in train and scored pairs in dev and test, the usual thing to have, is refused."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.txt").write_text("\n".join(one for one, _ in labelled()), encoding="utf-8")
    for name in ("dev", "test"):
        (tmp_path / "data" / f"{name}.tsv").write_text(pairs.read_text(encoding="utf-8"), encoding="utf-8")
    out = hodu.distill(encoder, tmp_path / "data", tmp_path / "small", student="1x16", **QUICK, **TASK)  # type: ignore[arg-type]
    assert "spearman" in json.loads((out / "hodu.json").read_text())
    assert "spearman" in hodu.measure([out], tmp_path / "data", speed=False)[0].metrics


def test_what_is_no_encoder_says_what_to_take(teacher: Path, encoder: Path, pairs: Path, tmp_path: Path) -> None:
    """A recipe for language models, a bare encoder without --task, or a classifier beside an encoder ends in a traceback."""
    with pytest.raises(RecipeError, match="is for masked-lm teachers, and --task says sentence-embedding"):
        hodu.distill(encoder, pairs, tmp_path / "one", recipe="distilbert", **QUICK, **TASK)  # type: ignore[arg-type]
    loaded = load_model(encoder)
    for part in (loaded.model, loaded.tokenizer):
        part.save_pretrained(tmp_path / "bare")  # without sentence-transformers' files
    with pytest.raises(ModelError, match="--task sentence-embedding"):
        hodu.distill(tmp_path / "bare", pairs, tmp_path / "two", **QUICK)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="different things"):
        hodu.measure([encoder, teacher], pairs, speed=False)


@pytest.mark.parametrize("recipe", ["hinton", "tinybert", "minilm"])
def test_other_recipes_take_an_encoder_as_well(recipe: str, encoder: Path, pairs: Path, tmp_path: Path) -> None:
    """--recipe tinybert compares an encoder's vectors as if they were classes, or asks sentences for labels."""
    out = hodu.distill(encoder, pairs, tmp_path / "small", recipe=recipe, student="1x16", **QUICK)  # type: ignore[arg-type]
    card = json.loads((out / "hodu.json").read_text())
    terms = [term.split()[1].split("(")[0] for stage in card["objectives"] for term in stage]
    expected = {
        "hinton": ["Embeddings", "Similarities"],
        "tinybert": ["HiddenStates", "AttentionScores", "Embeddings", "Similarities"],
        "minilm": ["Relations"],
    }
    assert terms == expected[recipe] and card["task"] == "sentence-embedding"
