"""The processes of one run: one, or as many as ``accelerate launch -m hodu ...`` starts. The first one writes and speaks."""

from __future__ import annotations

import os

from accelerate import PartialState


def processes() -> PartialState:
    """accelerate's view of them; without a launcher there is one.

    On the CPU several are told from one by ``ACCELERATE_USE_CPU``, which ``accelerate launch --cpu`` sets.
    """
    return PartialState(cpu=os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes"))
