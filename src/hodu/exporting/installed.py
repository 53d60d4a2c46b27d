"""What the extras bring that export needs: ``phone``, ``gguf``, ``litert``, ``executorch``."""

from __future__ import annotations

from importlib.util import find_spec

from hodu.errors import ExportError

WRITING = ("onnx", "onnxscript", "onnxruntime")
RUNNING = ("onnxruntime",)
GGUF = ("gguf",)


def check_installed(modules: tuple[str, ...] = WRITING, extra: str = "phone") -> None:
    """Say at once what is missing.

    Raises:
        ExportError: one of them is not installed.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise ExportError(f"exporting needs {', '.join(missing)}; install with: pip install 'hodu[{extra}]'")
