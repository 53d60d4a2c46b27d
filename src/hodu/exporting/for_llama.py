"""A GPT-2 on its way to llama.cpp: written, read back, compared, then there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hodu.exporting.gguf import read_back, with_weights, write_gguf
from hodu.exporting.manifest import manifest_of, write_manifest
from hodu.exporting.parity import GGUF, Parity, compare, in_torch
from hodu.exporting.quantize import Precision
from hodu.exporting.samples import Samples
from hodu.models.load import Loaded
from hodu.output import appearing

SUFFIX = ".gguf"
MODEL = f"model{SUFFIX}"

logger = logging.getLogger("hodu")


def export_gguf(
    loaded: Loaded,
    samples: Samples,
    out: Path,
    precision: Precision,
    agreement: float,
    say: Callable[[Parity], dict[str, Any]],
    overwrite: bool,
) -> tuple[Path, dict[str, Any], Parity]:
    """Write ``out`` if it ends in .gguf, else a folder of that name with the same and a manifest. What is compared is the written file, its weights back in PyTorch.

    Returns:
        The folder in which the file lies, its manifest, and the comparison.

    Raises:
        Disagreement: it answers otherwise.
        OutputError: it cannot be written.
    """
    alone = out.suffix == SUFFIX
    system = GGUF[precision]
    with appearing(out, overwrite=overwrite, file=alone) as part:
        file = part if alone else part / MODEL
        logger.info("writing %s as GGUF", loaded.path)
        write_gguf(loaded, file, precision, Path(loaded.path).name)
        logger.info("comparing it with PyTorch on %d texts of %s", len(samples.asked), samples.source)
        copy = with_weights(loaded.model, read_back(file))
        parity = compare(loaded, "causal-lm", samples, {system: in_torch(copy, "causal-lm")})
        parity.check(agreement)
        said = say(parity)
        manifest = {} if alone else write_manifest(part, said, MODEL)
    if alone:  # what it says of itself is for who asked, and lies nowhere
        return out.parent, manifest_of(said, {"model": out}), parity
    return out, manifest, parity
