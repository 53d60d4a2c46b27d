"""Taps: what happens inside a transformer, recorded while it runs.

Feature-based distillation wants hidden states and attention scores (TinyBERT, §3), or queries, keys and values (MiniLM
and MiniLMv2, §3). ``output_attentions=True`` would give the probabilities of every layer, from slow unfused attention,
and neither scores nor values. So hodu registers an attention function with transformers, which notes what it is given
and hands it on to fused (SDPA) attention; a :class:`Tap` switches a model over to it and back::

    with Tap(student, needs) as tap:
        output = student(**batch)
        capture = tap.take(output, batch["attention_mask"])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from hodu.errors import ModelError, ObjectiveError
from hodu.types import Capture, Heads, Needs, Readout

ATTENTION = "hodu_tap"
"""The name of our attention function in transformers' tables."""

# One registered function serves all tapped models: this says whose forward pass is running. Outside of one it is None,
# so that gradient checkpointing, which runs the layers again during the backward pass, records nothing a second time.
_running: ContextVar[Tap | None] = ContextVar("hodu_running_tap", default=None)


def _attend(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **options: Any) -> Any:
    if (tap := _running.get()) is not None:
        scaling = options.get("scaling")
        tap._keep_heads(Heads(query, key, value, query.shape[-1] ** -0.5 if scaling is None else float(scaling)))
    return ALL_ATTENTION_FUNCTIONS["sdpa"](module, query, key, value, mask, **options)


def _make_mask(*args: Any, **options: Any) -> Any:
    return ALL_MASK_ATTENTION_FUNCTIONS["sdpa"](*args, **options)


ALL_ATTENTION_FUNCTIONS.register(ATTENTION, _attend)
# Without a mask function of the same name, transformers would give ours no mask at all: it would attend to padding.
ALL_MASK_ATTENTION_FUNCTIONS.register(ATTENTION, _make_mask)


class _Enough(Exception):
    """Everything asked for is recorded."""


@dataclass(slots=True)
class _Record:
    """One forward pass, as far as it has come."""

    grad: bool
    layer: int = 0
    hidden: dict[int, Tensor] = field(default_factory=dict)
    attention: dict[int, Heads] = field(default_factory=dict)
    readout: Tensor | None = None
    tokens: tuple[int, ...] = ()
    device: torch.device | None = None

    def keep(self, values: dict[int, Any], value: Tensor | Heads) -> None:
        # A student would learn nothing from what is recorded under no_grad, and nobody would notice.
        if torch.is_grad_enabled() != self.grad:
            raise ObjectiveError(
                f"layer {self.layer} runs without gradients inside a forward pass that has them, as reentrant gradient "
                'checkpointing does; set gradient_checkpointing_kwargs={"use_reentrant": False}'
            )
        values[self.layer] = value

    def check(self, needs: Needs, name: str) -> None:
        missing = [f"hidden state {index}" for index in sorted(needs.hidden - self.hidden.keys())]
        missing += [f"attention {index}" for index in sorted(needs.attention - self.attention.keys())]
        missing += ["what stands before the vocabulary"] if needs.readout and self.readout is None else []
        if missing:
            raise ObjectiveError(
                f"{', '.join(missing)} of {name} was asked for, but its forward pass did not come by there; "
                "ask for layers that run, and attend, in every pass"
            )


class Tap:
    """Records what ``needs`` asks for, of each forward pass of ``model`` (or of its ``base_model``), until it exits.

    Hidden states equal ``output_hidden_states=True``: 0 is the input of the first layer, *i* the output of layer *i*,
    and the last one is ``last_hidden_state``, behind the final norm where the model has one. Queries, keys and values
    are those that attention was given.

    When attention is asked for, the model attends by SDPA while it is tapped, and only one such tap fits on it. Exit
    brings back its own implementation, so with gradient checkpointing ``backward()`` belongs inside the ``with`` too.

    Raises:
        ModelError: the model cannot be tapped: its attention bypasses transformers' function table (DeBERTa, MPNet),
            does not run on SDPA (Gemma 2), or has cross attention. When only logits are asked for, every model will do.
            Or, for ``readout``, it has no linear layer over the vocabulary.
        ObjectiveError: a layer that the model does not have.
    """

    def __init__(self, model: PreTrainedModel, needs: Needs) -> None:
        self._model = model
        self._needs = needs
        self._body: nn.Module = model.base_model
        self._layers = _layers_to_hook(model, needs)
        self._depth = layers_of(model) if needs.hidden else 0
        self._causal = is_causal(model)
        self._vocabulary = vocabulary_of(model) if needs.readout else None
        self._undo = ExitStack()
        self._token: Token[Tap | None] | None = None
        self._open: _Record | None = None  # of the forward pass that is running
        self._done: _Record | None = None  # of the one that has run and waits for take()
        self._early = False  # whether to leave the forward pass once everything is recorded

    def __enter__(self) -> Self:
        if self._needs.attention:
            self._undo.enter_context(_tapped_attention(self._model))
        handles = [self._body.register_forward_pre_hook(self._begin)]
        for layer in self._layers:
            handles += [layer.register_forward_pre_hook(self._enter_layer)]
            handles += [layer.register_forward_hook(self._leave_layer)]
        if self._vocabulary is not None:
            handles += [self._vocabulary.register_forward_pre_hook(self._keep_readout)]
        # always_call: a forward pass that raises must not leave the tap running.
        handles += [self._body.register_forward_hook(self._end, always_call=True)]
        for handle in handles:
            self._undo.callback(handle.remove)
        return self

    def __exit__(self, *error: object) -> None:
        self._undo.close()
        self._end(self._body, (), None)  # hooks miss a KeyboardInterrupt
        self._done = None

    def ask(self, inputs: Mapping[str, Tensor], labels: Tensor | None = None) -> Capture:
        """Run the model on a batch, no further than needed, and take what it said: without logits neither head nor pooler, nor any layer above the last one asked for.

        With ``readout`` the pass ends before the product with the vocabulary, the dearest of all.

        Args:
            inputs: ``input_ids``, ``attention_mask`` and what else the model takes, ``B L``.
            labels: gold labels, handed through.
        """
        output = None
        whole = self._needs.logits or self._needs.readout
        # the last hidden state may come out of a norm behind the last layer
        self._early = not whole and self._depth not in self._needs.hidden
        try:
            output = (self._model if whole else self._body)(**inputs)
        except _Enough:
            pass
        finally:
            self._early = False
        return self.take(output, inputs["attention_mask"], labels)

    def take(self, output: Any, mask: Tensor | None, labels: Tensor | None = None) -> Capture:
        """What the latest forward pass said; each pass can be taken once.

        Args:
            output: what the model returned; its ``logits`` are taken when ``needs`` asks for them.
            mask: ``B L``, nonzero on real tokens; None means that all are real.
            labels: gold labels, handed through.

        Raises:
            ObjectiveError: no forward pass since the last take, no logits, a mask of another shape, a layer not run.
        """
        record, self._done = self._done, None
        name = type(self._model).__name__
        if record is None:
            raise ObjectiveError(f"{name} has not run since the last take(); run it before each take(), inside the tap")
        record.check(self._needs, name)
        logits = logits_from(output) if self._needs.logits else None
        if self._needs.logits and logits is None:
            raise ObjectiveError(f"logits were asked for, but {name} gives none; load the model with a task head")
        return Capture(
            mask=_as_bool(mask, record),
            logits=None if logits is None else _outside_inference(logits),
            hidden={index: _outside_inference(state) for index, state in record.hidden.items()},
            attention={index: _heads_outside_inference(heads) for index, heads in record.attention.items()},
            causal=self._causal,
            labels=labels,
            readout=self._read(record),
        )

    def _read(self, record: _Record) -> Readout | None:
        if record.readout is None or self._vocabulary is None:
            return None
        bias = self._vocabulary.bias
        return Readout(_outside_inference(record.readout), self._vocabulary.weight, bias)

    def _begin(self, body: nn.Module, args: Any) -> None:
        self._open, self._done = _Record(grad=torch.is_grad_enabled()), None
        if self._needs.attention:
            self._token = _running.set(self)

    def _enter_layer(self, layer: nn.Module, args: Any) -> None:
        if (record := self._open) is not None:
            if record.layer == 0 and 0 in self._needs.hidden:
                record.keep(record.hidden, args[0])
            record.layer += 1  # counted rather than looked up: in ALBERT one module is all the layers

    def _leave_layer(self, layer: nn.Module, args: Any, output: Any) -> None:
        if (record := self._open) is not None and record.layer in self._needs.hidden:
            state = output[0] if isinstance(output, tuple) else output
            record.keep(record.hidden, state)
            self._leave(record, state.shape[1])

    def _keep_readout(self, vocabulary: nn.Module, args: Any) -> None:
        if (record := self._done) is not None:  # the body has run, its head is running
            record.readout = args[0]
            if not self._needs.logits:
                raise _Enough

    def _keep_heads(self, heads: Heads) -> None:
        if (record := self._open) is not None and record.layer in self._needs.attention:
            if record.layer in record.attention:
                raise ModelError(
                    f"layer {record.layer} of {type(self._model).__name__} attends twice, so it is not clear which one "
                    "is asked for; take a model with one self-attention in each layer"
                )
            record.keep(record.attention, heads)
            self._leave(record, heads.queries.shape[2])

    def _leave(self, record: _Record, length: int) -> None:
        whole = self._needs.hidden <= record.hidden.keys() and self._needs.attention <= record.attention.keys()
        if self._early and whole:
            one = next(iter([*record.hidden.values(), *(heads.queries for heads in record.attention.values())]))
            record.tokens, record.device = (one.shape[0], length), one.device  # B L
            self._done = record
            raise _Enough

    def _end(self, body: nn.Module, args: Any, output: Any) -> None:
        record, self._open = self._open, None
        if self._token is not None:
            _running.reset(self._token)
            self._token = None
        if record is None or output is None:  # the forward pass raised
            return
        last = output[0]
        if self._depth in self._needs.hidden:
            record.hidden[self._depth] = last
        record.tokens, record.device = tuple(last.shape[:2]), last.device  # B L
        self._done = record


def logits_from(output: Any) -> Tensor | None:
    """What a model's head said: ``B C`` or ``B L C``; of a question answerer where the answer begins and ends, ``B L 2``."""
    if (begins := getattr(output, "start_logits", None)) is not None:
        return torch.stack((begins, output.end_logits), dim=-1)  # B L 2
    said: Tensor | None = getattr(output, "logits", None)
    return said


def layers_of(model: PreTrainedModel) -> int:
    """The number of transformer layers (ALBERT: of passes through its shared layers)."""
    return int(model.config.num_hidden_layers) * int(getattr(model.config, "inner_group_num", 1))


def _layers_to_hook(model: PreTrainedModel, needs: Needs) -> list[nn.Module]:
    """The layer modules, after a check that ``needs`` can be met; none when nothing inside the model is asked for."""
    if not (needs.hidden or needs.attention):
        return []
    name, depth = f"{type(model).__name__} ({model.config.model_type})", layers_of(model)
    if model.config.is_encoder_decoder or getattr(model.config, "add_cross_attention", False):
        raise ModelError(f"{name} cannot be tapped: it has cross attention; take an encoder or a decoder alone")
    # transformers' own table of what output_hidden_states records, so that our layers are the ones it counts.
    recorded = (getattr(model.base_model, "_can_record_outputs", None) or {}).get("hidden_states")
    layer = getattr(recorded, "target_class", recorded)
    fused = model._supports_attention_backend and model._supports_sdpa
    if not isinstance(layer, type) or (needs.attention and not fused):
        raise ModelError(
            f"{name} cannot be tapped: its attention does not run on SDPA through transformers' attention functions; "
            "use a recipe that needs logits only, or a BERT, ELECTRA, RoBERTa, ALBERT, DistilBERT, ModernBERT, GPT-2 "
            "or Llama"
        )
    for what, wanted, first in (("hidden state", needs.hidden, 0), ("attention", needs.attention, 1)):
        if beyond := sorted(wanted - set(range(first, depth + 1))):
            raise ObjectiveError(f"{what} {beyond} was asked of {name}, which has {first} to {depth}; choose of these")
    return [module for module in model.base_model.modules() if isinstance(module, layer)]


def is_causal(model: PreTrainedModel) -> bool:
    """Whether a token sees only itself and what stands before it."""
    # The config's word comes first: transformers lets it make a decoder bidirectional.
    allowed = getattr(model.config, "is_causal", True)
    return bool(allowed) and any(getattr(module, "is_causal", False) is True for module in model.base_model.modules())


def vocabulary_of(model: PreTrainedModel) -> nn.Linear:
    """The linear layer that a language model's last states are multiplied with.

    Raises:
        ModelError: there is none, or something else comes behind it.
    """
    output = model.get_output_embeddings()
    changed = [name for name in ("final_logit_softcapping", "logit_scale") if getattr(model.config, name, None)]
    if not isinstance(output, nn.Linear) or changed:
        reason = f"its {changed[0]} changes the logits" if changed else "it has no linear layer over the vocabulary"
        raise ModelError(
            f"{type(model).__name__} cannot be read out before its vocabulary: {reason}; take a masked or causal language model such as BERT, "
            "ELECTRA's generator, GPT-2 or Llama"
        )
    return output


@contextmanager
def _tapped_attention(model: PreTrainedModel) -> Iterator[None]:
    configs = {id(module.config): module.config for module in model.modules() if isinstance(module, PreTrainedModel)}
    before = [(config, config._attn_implementation) for config in configs.values()]
    if any(implementation == ATTENTION for _, implementation in before):
        raise ModelError(
            f"{type(model).__name__} is tapped already, or shares its config with a model that is; "
            "leave the first tap, or give each model a copy.deepcopy of the config"
        )
    try:
        model.set_attn_implementation(ATTENTION)
        yield
    finally:
        for config, implementation in before:
            config._attn_implementation = implementation


def _as_bool(mask: Tensor | None, record: _Record) -> Tensor:
    if mask is None:
        return torch.ones(record.tokens, dtype=torch.bool, device=record.device)  # B L
    if mask.shape != record.tokens:
        raise ObjectiveError(
            f"the mask is {tuple(mask.shape)}, but the forward pass was {record.tokens} (examples, tokens); "
            "give take() the attention_mask of the same batch"
        )
    return mask.to(device=record.device, dtype=torch.bool)


def _heads_outside_inference(heads: Heads) -> Heads:
    queries, keys, values = map(_outside_inference, (heads.queries, heads.keys, heads.values))
    return Heads(queries, keys, values, heads.scaling)


def _outside_inference(tensor: Tensor) -> Tensor:
    # A teacher's tensors from inference_mode cannot be saved for the student's backward pass; copies made later can.
    return tensor.clone() if tensor.is_inference() and not torch.is_inference_mode_enabled() else tensor
