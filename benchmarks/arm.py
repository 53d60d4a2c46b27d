"""How far a bundle's answers on an emulated ARM processor are from those here, on the same ids: the part of arm.sh that knows bundles.

    benchmarks/arm.sh bundle            prints the largest difference; above 1e-3 it fails
    benchmarks/arm.sh bundle --json     and appends it to results/phone-arm.json

Emulation says whether numbers are right, not how fast a phone is.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hodu.exporting.manifest import MODEL
from hodu.exporting.running import Bundle, answers_of
from hodu.exporting.samples import built_in
from hodu.measuring import Row, append_rows, commit, hardware
from hodu.measuring.environment import today

MOST = 1e-3
"""The difference that a sum in another order and a rounding to int8 on its other side may make."""


def inputs_of(run: Bundle, texts: int) -> list[dict[str, Any]]:
    """Ids of the bundle's own examples and of built-in texts in its languages, unpadded."""
    task = run.manifest["task"]
    rows = built_in(task, run.manifest["languages"])
    places = np.unique(np.linspace(0, len(rows) - 1, min(texts, len(rows))).round().astype(int))
    asked = [(row["text"], row.get("pair"), row.get("choices", ())) for row in rows.select(places.tolist())]
    for one in run.manifest["examples"]:
        asked.append((one, None, ()) if isinstance(one, str) else (one["question"], None, one["choices"]))
    return [run.inputs(text, pair, choices=choices) for text, pair, choices in asked]


def on_arm(model: Path, inputs: list[dict[str, Any]], options: argparse.Namespace) -> tuple[str, list[dict[str, Any]]]:
    """What the model answers under qemu, and the version that answered."""
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "inputs.npz", Path(folder) / "answers.npz"
        np.savez(given, **{f"{place}/{name}": one for place, row in enumerate(inputs) for name, one in row.items()})
        root = options.root.resolve()
        python = [str(options.qemu), "-cpu", options.cpu, "-L", str(root), str(root / "usr/bin/python3.11")]
        guest = Path(__file__).with_name("arm_guest.py")
        command = [*python, str(guest), *(str(file.resolve()) for file in (model, given, found))]
        subprocess.run(command, check=True, env={"PYTHONPATH": str(root / "site"), "PYTHONDONTWRITEBYTECODE": "1"})
        said = np.load(found)
        assert str(said["machine"]) == "aarch64"
        names = {name.split("/")[1] for name in said.files if "/" in name}
        answers = [{name: said[f"{place}/{name}"] for name in names} for place in range(len(inputs))]
        return str(said["version"]), answers


def main() -> None:
    """Compare one bundle."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--texts", type=int, default=40)
    parser.add_argument("--json", action="store_true", help="append the figure to results/phone-arm.json")
    for name in ("--root", "--qemu"):
        parser.add_argument(name, type=Path, required=True, help="arm.sh gives it")
    parser.add_argument("--cpu", required=True, help="arm.sh gives it")
    options = parser.parse_args()
    run = Bundle(options.bundle)
    inputs = inputs_of(run, options.texts)
    version, theirs = on_arm(options.bundle / MODEL, inputs, options)
    ours = [answers_of(run.session, one) for one in inputs]
    pairs = [(one[name], other[name]) for one, other in zip(ours, theirs, strict=True) for name in one]
    far = max(float(np.abs(one - other).max()) for one, other in pairs)
    same = float(np.mean([bool((one.argmax(-1) == other.argmax(-1)).all()) for one, other in pairs]))
    print(
        f"{run.manifest['name']} ({run.manifest['precision']}), {len(inputs)} texts, onnxruntime {version} on {options.cpu} under qemu against x86: "
        f"largest difference {far:.2e}, likeliest answer the same in {same:.1%}"
    )
    if options.json:
        system, data = f"{run.manifest['name']} {run.manifest['precision']}", f"{len(inputs)} built-in texts"
        where = f"{options.cpu} under qemu; {hardware()}"
        command = shlex.join(["benchmarks/arm.sh", str(options.bundle), "--json"])
        stamp = (None, command, data, where, commit(), today())
        append_rows(
            Path("results") / "phone-arm.json",
            [Row("phone-arm", system, "largest_difference", far, "probability", *stamp)],
        )
    if not far <= MOST:
        sys.exit(f"{options.bundle} answers otherwise on ARM: {far:.2e} is more than {MOST:.0e}")


if __name__ == "__main__":
    main()
