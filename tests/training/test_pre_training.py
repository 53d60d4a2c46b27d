"""A discriminator and its generator, trained together from nothing."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import ElectraForMaskedLM, ElectraForPreTraining, PreTrainedModel

import hodu
from hodu.cli.app import app
from hodu.data import unfilled
from hodu.errors import RecipeError
from hodu.models.load import Loaded, load_model
from hodu.models.scratch import new_discriminator, new_generator
from hodu.training.pre_training import Pair
from hodu.types import IGNORED
from tests.training.conftest import looked_on_by
from tests.training.test_replaced_token import QUICK, documents

SMALL = {**QUICK, "task": "replaced-token", "vocabulary": 200, "max_length": 32}
SHARED = "electra.embeddings."


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return documents(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def made(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hodu.train("1x32", text, tmp_path_factory.mktemp("pair") / "electra", **{**SMALL, "epochs": 4.0})  # type: ignore[arg-type]


def pair(text: Path) -> tuple[Pair, Loaded, dict[str, Tensor]]:
    """An untrained pair without dropout, and a batch for it."""
    torch.manual_seed(0)
    texts = text.read_text(encoding="utf-8").splitlines()
    loaded = new_discriminator("1x64", texts, 200, 32, generator=None)
    partner = new_generator(None, loaded)
    for model in (loaded.model, partner.model):
        for part in model.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        with torch.no_grad():  # wide weights: the generator shall prefer some pieces
            for weight in model.parameters():
                weight.mul_(3)
    encoded = [loaded.tokenizer(one, truncation=True, max_length=32) for one in texts[:6]]
    rows = [{"input_ids": each.input_ids, "attention_mask": each.attention_mask} for each in encoded]
    module = Pair(loaded.model, partner.model, loaded.tokenizer.all_special_ids)
    return module.train(), loaded, unfilled(loaded.tokenizer, seed=0)(rows)


def watch(model: PreTrainedModel) -> list[Tensor]:
    seen: list[Tensor] = []
    model.register_forward_pre_hook(lambda _, args, kwargs: seen.append(kwargs["input_ids"]), with_kwargs=True)
    return seen


def test_the_loss_is_electras(text: Path) -> None:
    """hodu train 4x256 --task replaced-token trains on something else than Clark et al.'s L_MLM + 50 L_Disc, by transformers' own losses."""
    module, loaded, batch = pair(text)
    seen = watch(loaded.model)
    with module.tapped():
        said = module(**batch)
    (read,) = seen
    labels, real = batch["labels"], batch["attention_mask"].bool()
    original = torch.where(labels == IGNORED, batch["input_ids"], labels)
    inputs = {"attention_mask": batch["attention_mask"]}
    logits = module.generator(input_ids=batch["input_ids"], **inputs).logits
    guessing = torch.stack([F.cross_entropy(*row) for row in zip(logits, labels, strict=True)]).mean()
    judged = loaded.model(input_ids=read, **inputs).logits
    wrong = F.binary_cross_entropy_with_logits(judged, (read != original).float(), reduction="none")
    judging = torch.stack([row[there].mean() for row, there in zip(wrong, real, strict=True)]).mean()
    torch.testing.assert_close(said["terms"], torch.stack((judging, guessing)), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(said["loss"], guessing + 50 * judging, rtol=1e-5, atol=1e-5)
    assert not (read != original)[labels == IGNORED].any(), "a piece was replaced that was not hidden"
    assert not torch.isin(read[labels != IGNORED], torch.tensor(loaded.tokenizer.all_special_ids)).any()


def test_the_generator_does_not_learn_to_deceive(text: Path) -> None:
    """The discriminator's loss flows back through the samples: another training than the paper's (a GAN), or a generator that learns nothing."""
    module, _, batch = pair(text)
    with module.tapped():
        module(**batch)["loss"].backward()
    got = {name: weight.grad for name, weight in module.generator.named_parameters()}
    module.zero_grad()
    labels, logits = batch["labels"], module.generator(batch["input_ids"], batch["attention_mask"]).logits
    torch.stack([F.cross_entropy(*row) for row in zip(logits, labels, strict=True)]).mean().backward()
    for name, weight in module.generator.named_parameters():
        alone, together = weight.grad, got[name]
        assert alone is not None
        assert together is not None
        if name.startswith(SHARED):
            assert (alone - together).abs().max() > 1e-4, f"{name} learns nothing of the discriminator's loss"
        else:
            torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)


def test_pieces_are_sampled_as_the_generator_expects_them(text: Path) -> None:
    """The likeliest piece is always taken, or any piece: the discriminator learns little from either."""
    module, loaded, batch = pair(text)
    few = {name: value[:2] for name, value in batch.items()}
    seen, hidden, rounds = watch(loaded.model), few["labels"] != IGNORED, 500
    with torch.no_grad():
        logits = module.generator(few["input_ids"], few["attention_mask"]).logits[hidden]  # N V
        with module.tapped():
            module(**{name: value.repeat(rounds, 1) for name, value in few.items()})
    chances = logits.index_fill(1, torch.tensor(loaded.tokenizer.all_special_ids), -torch.inf).softmax(-1)
    drawn = torch.stack([each[hidden] for each in seen[0].split(2)])  # T N
    shares = F.one_hot(drawn, chances.shape[1]).float().mean(0)  # N V
    assert chances.max() > 0.2, "all pieces are alike, so nothing was tested"
    torch.testing.assert_close(shares, chances, rtol=0, atol=0.1)


def test_a_pair_is_trained_saved_and_used(made: Path, text: Path, tmp_path: Path) -> None:
    """The README's way from raw text to a distilled ELECTRA: the generator is lost, or its embeddings are its own, or the teacher's generator is not found."""
    discriminator = ElectraForPreTraining.from_pretrained(made)
    generator = ElectraForMaskedLM.from_pretrained(made / "generator")
    assert (discriminator.config.hidden_size, generator.config.hidden_size) == (32, 16)
    assert generator.config.embedding_size == 32
    theirs = discriminator.electra.embeddings.state_dict()
    for name, weight in generator.electra.embeddings.state_dict().items():
        assert torch.equal(weight, theirs[name]), name
    assert torch.equal(generator.generator_lm_head.weight, theirs["word_embeddings.weight"])
    card = json.loads((made / "hodu.json").read_text())
    assert card["objectives"][0][0].startswith("50 ReplacedTokens") and card["cross_entropy"] > 0
    out = hodu.distill(made, text, tmp_path / "small", task="replaced-token", student="1x16", **QUICK)  # type: ignore[arg-type]
    assert json.loads((out / "hodu.json").read_text())["generator"] == str(made / "generator")
    assert not (out / "generator").exists()
    first, student = hodu.measure([made, out], text, generator=made / "generator", speed=False)
    assert first.role == "teacher" and 0 < student.metrics["cross_entropy"] < 1


def test_both_learn(made: Path, text: Path) -> None:
    """One of the two stands still: the generator's loss, or the discriminator's, never reaches the optimizer."""
    fresh = hodu.train("1x32", text, made.parent / "fresh", **{**SMALL, "epochs": 1.0, "learning_rate": 1e-9})  # type: ignore[arg-type]
    trained, untrained = (
        (
            hodu.measure([folder], text, generator=folder / "generator", speed=False)[0].metrics["cross_entropy"],
            hodu.measure([folder / "generator"], text, speed=False)[0].metrics["perplexity"],
        )
        for folder in (made, fresh)
    )
    assert trained[0] < 0.9 * untrained[0]
    assert trained[1] < 0.9 * untrained[1]


def test_a_stopped_pair_goes_on_as_it_would_have(text: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Ctrl-C during days of pre-training, and the same command again: other pieces are sampled, or the generator begins anew."""
    from hodu.training import stages

    settings = {**SMALL, "epochs": 2.0, "seed": 3}
    hodu.train("1x16", text, tmp_path / "whole", **settings)  # type: ignore[arg-type]

    class Stop(stages.TrainerCallback):
        def on_save(self, args: object, state: object, control: object, **_: object) -> None:
            raise KeyboardInterrupt

    with looked_on_by(Stop()), pytest.raises(KeyboardInterrupt):
        hodu.train("1x16", text, tmp_path / "parts", **settings)  # type: ignore[arg-type]
    caplog.set_level(logging.INFO, "hodu")
    hodu.train("1x16", text, tmp_path / "parts", **settings)  # type: ignore[arg-type]
    assert "going on from" in caplog.text
    for folder in (".", "generator"):
        whole, parts = (load_model(tmp_path / name / folder).model.state_dict() for name in ("whole", "parts"))
        assert all(torch.equal(whole[name], parts[name]) for name in whole), folder


def test_training_goes_on_with_the_pair(
    made: Path, text: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A second training of a pair forgets its generator, or parts their embeddings."""
    caplog.set_level(logging.INFO, "hodu")
    out = hodu.train(made, text, tmp_path / "more", **{**QUICK, "task": "replaced-token"})  # type: ignore[arg-type]
    assert "a generator of 1x16 is trained together" in caplog.text
    both = [load_model(folder).model.get_input_embeddings().weight for folder in (out, out / "generator", made)]
    assert torch.equal(both[0], both[1]) and not torch.equal(both[0], both[2])


def test_a_generator_of_another_shape(text: Path, tmp_path: Path) -> None:
    """--generator 2x32 is looked for on the hub; or taken where a trained one is needed."""
    from typer.testing import CliRunner

    flags = ["--task", "replaced-token", "--data", str(text), "--vocabulary", "200", "--max-length", "32"]
    out = tmp_path / "electra"
    said = CliRunner().invoke(
        app, ["train", "1x16", *flags, "--generator", "2x32", "--epochs", "0.2", "--out", str(out)]
    )
    assert said.exit_code == 0, said.output
    assert f"--generator {out / 'generator'}" in said.output.replace("\n", "")
    config = load_model(out / "generator").model.config
    assert (config.num_hidden_layers, config.hidden_size, config.embedding_size) == (2, 32, 16)
    with pytest.raises(RecipeError, match="--generator 2x32 is a shape"):
        hodu.distill(out, text, tmp_path / "small", task="replaced-token", generator="2x32", **QUICK)  # type: ignore[arg-type]
