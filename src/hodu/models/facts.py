"""Facts beside a sentence, as a transformer is to see them: one integer a token says which fact it belongs to, and masks and positions follow from it inside the model.

star
    The sentence sees everything, a fact sees the sentence and itself; each fact's positions go on after the sentence. No fact can disturb another, and their order does not matter.
text
    The facts are more text: ordinary positions, everything sees everything.
tree
    K-BERT's (Liu et al. 2020, §3.4): a fact hangs on the words that mention its subject or object, sees them and itself, is seen by them alone, and its positions go on after them.

No layout has weights. Without facts each is the plain model, bit for bit. A bias on the attention of the text to facts keeps them quiet at first where a model learnt to read without them.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from hodu.errors import ModelError
from hodu.taps import is_causal
from hodu.types import QUIET_BIAS, FactSettings

FACT_INPUTS = ("fact_ids", "anchors")
"""What a batch has for a model that reads facts, each ``B L``: 0 for the sentence, *k* for the k-th fact; and, for ``tree``, the number of the mention that a token is in, or hangs on."""
_SETTING = "hodu_facts"
_SHIFTED = ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "roberta-prelayernorm")
_LEAK, _ROUNDING = 1e-2, 1e-5
_QUIETEST = -1e4


def facts_of(config: PretrainedConfig) -> FactSettings | None:
    """How a model was trained to read facts; None for models that never were."""
    settings = getattr(config, _SETTING, None)
    return FactSettings(**settings) if settings else None


def read_facts(model: PreTrainedModel, settings: FactSettings) -> None:
    """Let a model take :data:`FACT_INPUTS` beside its other inputs, and note the settings in its configuration; a second call changes them.

    Raises:
        ModelError: its attention cannot be told what sees what (DeBERTa, MPNet, MobileBERT), or it is a decoder; ``text`` works with all.
    """
    if settings.layout == "tree" and settings.slots:
        raise ModelError(
            "in the layout tree facts hang on the mentions themselves, so there is nothing to number; leave out --entity-slots"
        )
    if settings.layout == "text" and settings.bias:
        raise ModelError(
            "in the layout text facts are text, and nothing tells their attention apart; leave out --fact-bias"
        )
    if settings.bias is not None and not _QUIETEST <= settings.bias <= 0:
        raise ModelError(
            f"the bias on the attention to facts is {settings.bias}; expected a number from {_QUIETEST:.0f} to 0, such as -3"
        )
    if settings.layout != "text":
        check_isolation(model)
    setattr(model.config, _SETTING, asdict(settings))
    if getattr(model, "_hodu_reads_facts", False):
        return
    model._hodu_reads_facts = True  # type: ignore[assignment]  # a mark, no weight
    pending: dict[str, Tensor] = {}  # from the head's hook to the body's: heads hand on no inputs that they do not know

    def at_head(_: nn.Module, args: Any, inputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        pending.clear()
        pending.update({name: inputs[name] for name in FACT_INPUTS if inputs.get(name) is not None})
        return args, {name: value for name, value in inputs.items() if name not in FACT_INPUTS}

    def at_body(_: nn.Module, args: Any, inputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        given = {**pending, **{name: inputs[name] for name in FACT_INPUTS if inputs.get(name) is not None}}
        pending.clear()
        rest = {name: value for name, value in inputs.items() if name not in FACT_INPUTS}
        return args, rest | _as_laid_out(model.config, rest, given)

    model.register_forward_pre_hook(at_head, with_kwargs=True)
    if model.base_model is not model:
        model.base_model.register_forward_pre_hook(at_body, with_kwargs=True, prepend=True)
    else:
        model.register_forward_pre_hook(at_body, with_kwargs=True)


def quiet_at_first(settings: FactSettings) -> FactSettings:
    """How a model that has read texts alone begins to read facts: with :data:`QUIET_BIAS` where nothing was said of the bias. To the layout ``text`` facts are text, and none can be quieter."""
    return replace(settings, bias=QUIET_BIAS) if settings.bias is None and settings.layout != "text" else settings


def forget_facts(model: PreTrainedModel) -> None:
    """Let a model be one that was never trained to read facts."""
    setattr(model.config, _SETTING, None)


def _as_laid_out(config: PretrainedConfig, inputs: dict[str, Any], given: dict[str, Tensor]) -> dict[str, Tensor]:
    """The mask and the positions that replace a body's own; none without facts."""
    settings, facts = facts_of(config), given.get("fact_ids")
    if settings is None or facts is None or settings.layout == "text":
        return {}
    if (
        not torch.compiler.is_exporting() and not facts.any()
    ):  # an exported graph cannot ask, and the star without facts is the plain model
        return {}
    facts = facts.reshape(-1, facts.shape[-1])  # B L
    real = inputs.get("attention_mask")
    real = torch.ones_like(facts, dtype=torch.bool) if real is None else real.bool()  # B L
    anchors = given.get("anchors")
    if settings.layout == "tree":
        if anchors is None:
            raise ModelError("the layout tree needs the anchors of facts, and the batch has none; tokenise with it")
        anchors = anchors.reshape(-1, anchors.shape[-1])  # B L
        seen, places = tree_mask(facts, anchors), tree_positions(facts, anchors)
    else:
        seen, places = star_mask(facts), star_positions(facts, real)
    dtype = torch.get_autocast_dtype(facts.device.type) if torch.is_autocast_enabled(facts.device.type) else None
    mask = additive(seen & real[:, None, :], dtype or getattr(config, "dtype", None) or torch.float32)
    if settings.bias:
        to_facts = (facts[:, :, None] == 0) & (facts[:, None, :] > 0)  # B L L
        mask = mask + settings.bias * to_facts.to(mask.dtype)  # B L L
    if config.model_type in _SHIFTED:
        places = places + (config.pad_token_id or 0) + 1
    return {"attention_mask": mask[:, None], "position_ids": places}  # B 1 L L


def star_mask(facts: Tensor) -> Tensor:
    """What sees what, ``B L L`` bool, from fact numbers ``B L``: the sentence (0) and everything, a fact and itself."""
    own, other = facts[:, :, None], facts[:, None, :]  # B L 1, B 1 L
    return (own == 0) | (other == 0) | (own == other)  # B L L


def star_positions(facts: Tensor, real: Tensor) -> Tensor:
    """Positions ``B L`` that go on after the sentence at the start of each fact."""
    place = torch.arange(facts.shape[1], device=facts.device).expand_as(facts)  # B L
    length = ((facts == 0) & real).sum(1, keepdim=True)  # B 1
    return torch.where(facts == 0, place, length + place - _starts(facts, place))  # B L


def tree_mask(facts: Tensor, anchors: Tensor) -> Tensor:
    """What sees what, ``B L L`` bool: the trunk itself, a branch itself and its mention, the mention its branches."""
    own, other = facts[:, :, None], facts[:, None, :]  # B L 1, B 1 L
    hangs = (anchors[:, :, None] == anchors[:, None, :]) & (anchors[:, :, None] > 0)  # B L L
    return (own == other) | (((own == 0) | (other == 0)) & hangs)  # B L L


def tree_positions(facts: Tensor, anchors: Tensor) -> Tensor:
    """Soft positions ``B L``: of a branch they go on after the last token of its mention."""
    place = torch.arange(facts.shape[1], device=facts.device).expand_as(facts)  # B L
    mentioned = (facts == 0)[:, None, :] & (anchors[:, None, :] == anchors[:, :, None])  # B L L
    last = torch.where(mentioned, place[:, None, :], 0).amax(2)  # B L
    return torch.where(facts == 0, place, last + 1 + place - _starts(facts, place))  # B L


def _starts(facts: Tensor, place: Tensor) -> Tensor:
    """For each token the place at which its fact begins, ``B L``: the first token with its number (not by ``cummax``, which ONNX does not have)."""
    own = facts[:, :, None] == facts[:, None, :]  # B L L
    return torch.where(own, place[:, None, :], facts.shape[1]).amin(2)  # B L


def additive(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """0 where seen, the least number where not: under eager attention a bool mask is silently taken for numbers."""
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill(~seen, torch.finfo(dtype).min)


@torch.no_grad()
def check_isolation(model: PreTrainedModel) -> None:
    """Try whether a model obeys: tokens that the sentence may not see must leave it as it was, and positions must be those that are given.

    Raises:
        ModelError: it does not.
    """
    if is_causal(model):
        raise ModelError(
            f"{type(model).__name__} reads from left to right, and in the star and the tree facts are seen by the sentence before them; take --fact-layout text"
        )
    body, training = model.base_model, model.training
    nn.Module.eval(model)
    try:
        moved, kept = _states_with_branch(body, model.config)
    except (TypeError, ValueError, RuntimeError, IndexError) as error:
        moved, kept, why = True, False, f" ({str(error).splitlines()[0][:120]})"
    else:
        why = ""
    finally:
        model.train(training)
    if moved or not kept:
        raise ModelError(
            f"{type(model).__name__} ({model.config.model_type}) does not take {'a mask of what sees what' if moved else 'positions'}{why}, so facts cannot stand beside a "
            "sentence without disturbing it; take --fact-layout text, or a BERT, ELECTRA, RoBERTa, ALBERT, DistilBERT or ModernBERT"
        )


def _states_with_branch(body: nn.Module, config: PretrainedConfig) -> tuple[bool, bool]:
    """Whether a hidden branch moves the sentence's states, and whether positions are those that are given, wherever a token stands."""
    many = max(8, min(int(config.vocab_size), 64))
    ids = torch.arange(9, device=next(body.parameters()).device)[None] * 7 % (many - 4) + 4  # 1 9
    length = 6
    first = (config.pad_token_id or 0) + 1 if config.model_type in _SHIFTED else 0
    places = torch.arange(9, device=ids.device)[None] % length + first  # 1 9
    seen = torch.zeros(1, 1, 9, 9, dtype=torch.bool, device=ids.device)
    seen[..., :length, :length] = True
    seen[..., length:, length:] = True
    dtype = next(body.parameters()).dtype
    whole = torch.ones_like(ids)

    def states(mask: Tensor, *, upto: int = 9, text: Tensor = ids, positions: Tensor = places) -> Tensor:
        found: Tensor = body(input_ids=text[:, :upto], attention_mask=mask, position_ids=positions[:, :upto])[0]
        return found[:, :length].float()  # 1 6 D

    few, back = whole[:, :length], ids[:, :length].flip(1)
    plain = states(few, upto=length)
    hidden = (states(additive(seen, dtype)) - plain).abs().max()
    shown = (states(whole) - plain).abs().max()
    # a text backwards, with its positions backwards, is the same text
    turned = (states(few, upto=length, text=back, positions=places[:, :length].flip(1)).flip(1) - plain).abs().max()
    other = (states(few, upto=length, text=back).flip(1) - plain).abs().max()
    rounding = (
        _ROUNDING * plain.abs().max()
    )  # a model whose training collapsed, and which sees nothing, differs by no more
    return bool(hidden > _LEAK * shown + rounding), bool(turned <= _LEAK * other + rounding)
