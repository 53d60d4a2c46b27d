"""Attention in fp32 within training in bf16, for CPUs on which that is faster."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import BertConfig, BertModel

import hodu
from hodu.training import stages, trainer
from hodu.training.precision import attention_in_fp32


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[torch.dtype]:
    """In which numbers attention was computed, time after time."""
    kinds: list[torch.dtype] = []
    fused = F.scaled_dot_product_attention

    def attend(query: Tensor, *rest: Tensor, **options: object) -> Tensor:
        kinds.append(query.dtype)
        return fused(query, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(F, "scaled_dot_product_attention", attend)
    return kinds


def test_attention_alone_is_in_fp32(seen: list[torch.dtype]) -> None:
    """Training on a CPU with AVX-512-BF16 takes half as long again; or the whole model, or one that is used later, runs in fp32 too; or no gradient comes back."""
    size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    torch.manual_seed(0)
    model = BertModel(BertConfig(vocab_size=50, **size), add_pooling_layer=False).eval()
    ids, mask = torch.arange(14).view(2, 7), torch.tensor([[1] * 7, [1] * 4 + [0] * 3])
    plain = model(ids, attention_mask=mask).last_hidden_state
    with torch.autocast("cpu", torch.bfloat16):
        with attention_in_fp32():
            product = model.encoder.layer[0].attention.output.dense(torch.zeros(1, 32))
            inside = model(ids, attention_mask=mask).last_hidden_state
        outside = model(ids, attention_mask=mask).last_hidden_state
    assert seen == [torch.float32, torch.float32, torch.bfloat16] and product.dtype == torch.bfloat16
    torch.testing.assert_close(inside.float(), plain, atol=0.05, rtol=0)
    torch.testing.assert_close(outside.float(), plain, atol=0.05, rtol=0)
    inside.float().sum().backward()
    assert model.encoder.layer[0].attention.self.query.weight.grad is not None


def test_training_in_bf16_attends_in_fp32_where_that_pays(
    teacher: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: list[torch.dtype]
) -> None:
    """On a CPU with AVX-512-BF16 hodu train attends in bf16 after all, or attention has to be asked for by hand."""
    monkeypatch.setattr(trainer, "bf16_pays", lambda: True)
    for pays, kind in ((True, torch.float32), (False, torch.bfloat16)):
        seen.clear()
        monkeypatch.setattr(stages, "fp32_attention_pays", lambda pays=pays: pays)
        hodu.train(teacher, data, tmp_path / str(pays), epochs=1, batch_size=16, progress=False)
        assert set(seen) == {kind}
