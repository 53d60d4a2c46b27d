"""The page that goes into a bundle."""

from __future__ import annotations

import shutil
from pathlib import Path

PAGE = Path(__file__).with_name("page")
"""What ``make page`` builds: the same for every bundle."""


def add_page(folder: Path) -> bool:
    """Copy the page into a bundle; False where this checkout has none."""
    if not (PAGE / "index.html").is_file():
        return False
    shutil.copytree(PAGE, folder, dirs_exist_ok=True)
    return True
