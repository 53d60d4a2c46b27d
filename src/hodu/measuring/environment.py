"""Where figures were made: machine, versions, commit. A figure without them says little."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import torch
import transformers

from hodu import __version__


def hardware() -> str:
    """The processor, how many of its cores this process may use, and the GPU if there is one: "Intel Xeon, 2 cores"."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [_processor(), f"{cores} cores"]
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name(0))
    return ", ".join(parts)


def commit() -> str:
    """The commit of the git checkout in which the command runs, with "+" when files differ; "" outside.

    Files under ``results`` may differ: rows that were added a minute ago change nothing in what is measured now.
    """
    head = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)results")
    return head + "+" if head and changed else head


def environment() -> dict[str, str]:
    """What a reader must know beside the figures, ready to print: name → value."""
    return {
        "hardware": hardware(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "hodu": __version__,
        "commit": commit(),
        "date": today(),
    }


def today() -> str:
    """UTC, to the second, ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")  # platform.processor() is empty or "x86_64" on Linux
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
