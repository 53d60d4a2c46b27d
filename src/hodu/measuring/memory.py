"""``python -m hodu.measuring.memory MODEL``: the child process of :func:`hodu.measuring.peak_memory`.

Reads rows as a JSON list from standard input, writes one JSON object to standard output.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from hodu.errors import HoduError
from hodu.models.load import load_model


def main(arguments: list[str] | None = None) -> None:
    """Loads the model, runs the rows one by one, reports how far the peak of resident memory rose."""
    parser = argparse.ArgumentParser(prog="python -m hodu.measuring.memory", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    rows = json.load(sys.stdin)
    torch.set_num_threads(options.threads)
    before = peak_resident_bytes()
    loaded = load_model(options.model)
    with torch.inference_mode():
        for row in rows:
            loaded.model(**loaded.encode(row))
    peak = peak_resident_bytes()
    json.dump({"peak_memory_bytes": peak - before, "peak_resident_bytes": peak, "imports_bytes": before}, sys.stdout)


def peak_resident_bytes() -> int:
    """The most memory that this process ever held.

    On Linux this is VmHWM, not ``ru_maxrss``: a process started from a big one inherits that one's ``ru_maxrss``, and a
    model would seem to need nothing. (macOS counts each process by itself, in bytes.)
    """
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    raise HoduError(f"peak memory can be read on Linux and macOS only, not on {sys.platform}; measure without speed")


if __name__ == "__main__":
    try:
        main()
    except HoduError as error:
        sys.exit(str(error))
