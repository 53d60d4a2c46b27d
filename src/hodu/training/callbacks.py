"""What happens around training steps: the progress bar, and a Ctrl-C that loses nothing."""

from __future__ import annotations

import logging
import signal
import threading
import time
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from typing_extensions import override

from hodu.training.processes import processes

logger = logging.getLogger("hodu")


class ProgressBar(TrainerCallback):
    """A rich bar on standard error with steps, time left, loss and dev metric."""

    def __init__(self, title: str, metric: str | None) -> None:
        self._title, self._metric, self._note = title, metric, ""
        self._bar: Progress | None = None
        self._task = TaskID(0)

    @override
    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if not state.is_world_process_zero:
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True))
        self._task = self._bar.add_task(self._title, total=state.max_steps, completed=state.global_step, note="")
        self._bar.start()

    @override
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._bar:
            self._bar.update(self._task, completed=state.global_step)

    @override
    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        logs = logs or {}
        if self._bar and "loss" in logs:
            self._bar.update(self._task, note=f"loss {logs['loss']:.3f} {self._note}")
        if self._metric and f"eval_{self._metric}" in logs:
            self._note = f"dev {self._metric} {logs[f'eval_{self._metric}']:.4f}"

    @override
    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the bar away, also after an error, so that the terminal is left as it was."""
        if self._bar:
            self._bar.stop()
            self._bar = None


class TimeAhead(TrainerCallback):
    """Says once, after the first steps, how long the whole will take and how much of the batches is padding (a share)."""

    _SKIP, _STEPS = 2, 10  # the first steps also prepare kernels

    def __init__(self, title: str, padding: float) -> None:
        self._title, self._padding = title, padding
        self._first, self._begin = 0, 0.0

    @override
    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._first = state.global_step

    @override
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        done = state.global_step - self._first
        if done == self._SKIP:
            self._begin = time.perf_counter()
        elif done == self._SKIP + self._STEPS:
            ahead = state.max_steps - state.global_step
            seconds = (time.perf_counter() - self._begin) / self._STEPS * ahead
            logger.info(
                "%s: %s steps ahead, about %s and the looks at dev; %.1f %% of the batches is padding",
                self._title,
                f"{ahead:,}",
                duration(seconds),
                100 * self._padding,
            )


def duration(seconds: float) -> str:
    """Seconds or minutes, as a person says them."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


class Interrupt(TrainerCallback):
    """The first Ctrl-C (or SIGTERM) ends the step in hand, writes a checkpoint and stops; a second one stops at once.

    Use as a context manager around ``Trainer.train``; ``asked`` then says whether it was interrupted. Of several processes each may hear Ctrl-C at another
    step, and one that writes a checkpoint waits for the rest: there it stops the run at once, which goes on from the last checkpoint written.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupt:
        alone = processes().num_processes == 1
        if (
            alone and threading.current_thread() is threading.main_thread()
        ):  # elsewhere Python lets nobody set a handler
            self._before = {one: signal.signal(one, self._handle) for one in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    @override
    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        if self.asked:
            control.should_save = control.should_training_stop = True
        return control


class LastStep(TrainerCallback):
    """Evaluate after the last step too, wherever the evaluation rhythm ends, so that the finished student can be the best one."""

    @override
    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        if args.eval_strategy != "no" and state.global_step >= state.max_steps:
            control.should_evaluate = True
        return control


class EveryMinutes(TrainerCallback):
    """A checkpoint whenever ten minutes have passed since the last one: a step of a large model takes long, and a killed run shall not cost an hour."""

    SECONDS = 600.0

    def __init__(self) -> None:
        self._saved = time.monotonic()

    @override
    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        # all processes must save at once, and their clocks differ: several keep to the steps
        if processes().num_processes == 1 and time.monotonic() - self._saved > self.SECONDS:
            control.should_save = True
        return control

    @override
    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._saved = time.monotonic()
