"""The one training loop: ``transformers.Trainer``, subclassed thinly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments
from typing_extensions import override

from hodu.errors import RecipeError
from hodu.recipes import Stage
from hodu.training.precision import bf16_pays
from hodu.training.processes import processes
from hodu.training.sampler import LengthBuckets


class DistilTrainer(Trainer):
    """A Trainer for modules that return ``{"loss", "terms"}`` when training and ``{"logits"}`` when not.

    Args:
        term_names: names for the entries of ``terms``, logged as ``loss/<name>``.
    """

    def __init__(self, *args: Any, term_names: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # our losses are means over the micro-batch: the Trainer shall divide by the accumulation steps
        self.model_accepts_loss_kwargs = False
        self._term_names = term_names
        self._terms: Tensor | None = None
        self._term_steps = 0

    @override
    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        outputs = model(**inputs)
        if "terms" in outputs:  # summed on the device: reading them each step would wait for it
            self._terms = outputs["terms"] if self._terms is None else self._terms + outputs["terms"]
            self._term_steps += 1
        return (outputs["loss"], outputs) if return_outputs else outputs["loss"]

    @override
    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        # of checkpoints that are equally good on dev the Trainer keeps the first; the last has settled at a lower rate
        best = super()._determine_best_metric(metrics=metrics, trial=trial)
        name = self.args.metric_for_best_model
        if name and metrics[f"eval_{name.removeprefix('eval_')}"] == self.state.best_metric:
            self.state.best_global_step, best = self.state.global_step, True
        return bool(best)

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> LengthBuckets:
        # not the Trainer's own group_by_length: its order comes from the global generator, so a resumed run would see other batches
        rows: Any = self.train_dataset if train_dataset is None else train_dataset
        lengths = rows["length"][:]
        size = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        return LengthBuckets(lengths, size, self.args.seed)

    @override
    def prediction_step(
        self, model: nn.Module, inputs: dict[str, Any], *_: Any, **__: Any
    ) -> tuple[None, Tensor, Tensor | None]:
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            said = model(**inputs)
        return None, said["logits"].detach().float(), said.get("labels", inputs.get("labels"))

    @override
    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        if "loss" in logs and self._terms is not None:
            means = (self._terms / self._term_steps).tolist()
            logs |= {f"loss/{name}": value for name, value in zip(self._term_names, means, strict=True)}
            self._terms, self._term_steps = None, 0
        super().log(logs, *args, **kwargs)


def training_arguments(
    stage: Stage,
    folder: Path,
    *,
    examples: int,
    seed: int,
    metric: str | None,
    higher: bool = True,
    accumulate: int = 1,
    tensorboard: Path | None = None,
) -> TrainingArguments:
    """The Trainer's settings for a stage.

    Args:
        examples: training examples; evaluation and checkpoint come each epoch, and at least every 500 steps.
        metric: what to choose the best checkpoint by; None keeps the last.
        higher: whether more of it is better.
        accumulate: micro-batches per optimizer step; ``stage.batch_size`` is divided by it and by the number of processes.

    Raises:
        RecipeError: the batch cannot be divided so.
    """
    parts = accumulate * processes().num_processes
    if stage.batch_size % parts:
        raise RecipeError(
            f"a batch of {stage.batch_size} cannot be cut into {parts} equal parts ({accumulate} micro-batches in each of "
            f"{parts // accumulate} processes); change --batch-size or --accumulate"
        )
    steps = -(-examples // stage.batch_size)
    total = max(1, round(steps * stage.epochs))
    every = max(1, -(-steps // -(-steps // 500)))
    best = metric is not None and stage.keep_best
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=total,
        use_cpu=processes().device.type == "cpu",
        learning_rate=stage.learning_rate,
        per_device_train_batch_size=stage.batch_size // parts,
        gradient_accumulation_steps=accumulate,
        per_device_eval_batch_size=128,
        lr_scheduler_type=stage.schedule,
        warmup_steps=round(stage.warmup * total),
        weight_decay=stage.weight_decay,
        optim="adamw_torch_fused",
        max_grad_norm=1.0,
        bf16=bf16_pays(),
        eval_strategy="steps" if metric else "no",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=best,
        metric_for_best_model=metric if best else None,
        greater_is_better=higher if best else None,
        logging_steps=max(1, min(50, total // 20)),
        logging_nan_inf_filter=False,  # a NaN loss is an error to see, not a number to replace
        report_to=["tensorboard"] if tensorboard else [],
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        # objectives can leave the student's head or last layers without a gradient
        ddp_find_unused_parameters=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        seed=seed,
        data_seed=seed,
    )
    arguments._n_gpu = min(
        arguments.n_gpu, 1
    )  # several GPUs are for several processes: DataParallel's copies of the model have no taps
    return arguments
