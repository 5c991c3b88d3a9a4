"""The scanners that the kind `scan` can run. A new one is one module of this folder and one line here."""

from __future__ import annotations

from todo_manager.checks.scanners.base import Scanner
from todo_manager.checks.scanners.grype import Grype
from todo_manager.checks.scanners.trivy import Trivy

SCANNERS: dict[str, Scanner] = {"grype": Grype(), "trivy": Trivy()}
