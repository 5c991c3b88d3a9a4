"""Where the plans and phases that come with the program lie: in the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path


def folder() -> Path:
    """The folder that holds `plans/` and `phases/`."""
    package = Path(__file__).resolve().parent
    bundled = package / "_bundled"
    return bundled if bundled.is_dir() else package.parent
