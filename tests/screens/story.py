"""The project that the pictures and the snapshots show: a release with plans in every state."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

RELEASE = """schema: todo_manager/plan@1
id: billing_release
title: Ship the billing service
description: From the runbook to a rollback that has been tried.
inputs: [VERSION]
secrets: [REGISTRY_TOKEN]
vars: {registry: "localhost:5000"}
hosts: {pc2: {docker: "ssh://ops@pc2", ssh: ops@pc2}}
services:
  billing: {host: pc2, image: "${registry}/billing:${VERSION}", container: billing}
phases:
  - key: runbook
    title: Write the runbook
    explain: |
      # Before anything

      Whoever is called at night reads **this** first:

      - how the service is stopped,
      - how the one before is started again, and who may decide that.
    verify: [{file: docs/runbook.md, contains: [rollback]}]
  - key: build
    title: Build the package
    explain: The archive holds the service and its list of parts, nothing else.
    note: |
      Nothing is pushed from a laptop. Build on the release machine, from a clean checkout.
    verify:
      - {file: build/billing.tar, min_size: 1kB}
      - {name: parts, file: build/parts.json, json: {service: billing}}
      - name: archive
        command: python3 -m tarfile --test build/billing.tar
  - key: scan
    title: Scan what is shipped
    verify:
      - name: advisories
        serial: true
        command: |
          while read -r line; do printf '%s\\n' "$line"; done < scan/report.txt
          ! grep -q HIGH scan/report.txt
      - {file: scan/report.txt, min_size: 10B}
  - key: switch
    title: Put it in the place of the old one
    note: The old container is kept until the new one is proven.
    steps:
      - run: test -s build/billing.tar
      - deploy: billing
    verify: [{tcp: "localhost:1", timeout: 1s}]
    undo: [{rollback: billing}]
  - key: announce
    title: Tell everybody
    explain: A person says so; there is nothing that could be looked at.
"""
IMAGES = """schema: todo_manager/plan@1
id: base_images
title: Rebuild the base images
phases:
  - title: Inventory
    verify: [{file: docs/inventory.md}]
  - title: Build
    verify: [{name: rootfs, file: images/rootfs.txt}, {name: layers, file: images/layers.txt}]
  - title: Push
    verify: [{file: images/pushed.txt}]
"""
COLLECTOR = """schema: todo_manager/plan@1
id: observability
title: Every service reports its build
phases:
  - title: Collector
    verify: [{name: answers, http: "http://collector.invalid/health", timeout: 2s}]
  - title: Receipts
    verify: [{file: docs/receipts.md}]
"""
OLD = """schema: todo_manager/plan@1
id: backups
title: Backups that have been restored
phases:
  - title: Nightly copy
    verify: [{file: docs/backup.md, contains: [nightly]}]
  - title: Restore drill
    verify: [{file: docs/drill.md}]
"""
LAST = """schema: todo_manager/plan@1
id: keys_rotation
title: Rotate the signing keys
phases:
  - title: New keys are where they belong
    verify: [{file: docs/keys.md}]
"""


def command(folder: Path, *words: str, actor: str = "ann") -> None:
    """Run the command in a folder as somebody, whatever it exits with."""
    subprocess.run(
        [sys.executable, "-m", "todo_manager", "-C", str(folder), "--actor", actor, *words],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def build_all(home: Path) -> None:
    """The project, one without plans, and a folder whose store is gone."""
    for name in ("shop", "empty", "gone"):
        (home / name).mkdir()
    build(home / "shop")
    command(home / "empty", "init")
    (home / "gone" / ".todo_manager").mkdir()


def build(folder: Path) -> None:
    """A project with plans in several states, each from what was really run."""
    command(folder, "init")
    for file in folder.glob("plans/*.yaml"):
        file.unlink()
    _write(folder, "docs/runbook.md", "# Billing\nstop it, then rollback: start the old one\n")
    for name in ("docs/inventory.md", "images/rootfs.txt", "docs/keys.md", "docs/drill.md"):
        _write(folder, name, "who, what, how\n")
    _write(folder, "docs/backup.md", "nightly at two\n")
    _write(folder, "build/billing.tar", "x" * 2000)
    _write(folder, "build/parts.json", '{"service": "billing"}\n')
    for text in (LAST, OLD, COLLECTOR, IMAGES, RELEASE):
        name = text.split("id: ")[1].split()[0]
        _write(folder, f"plans/{name}.yaml", text)
        command(folder, "import", f"plans/{name}.yaml", actor="lee")
    command(folder, "set", "billing_release", "VERSION=2.4.0")
    _run(folder)


def _run(folder: Path) -> None:
    command(folder, "done", "keys_rotation", "0")
    command(folder, "done", "backups", "0")
    command(folder, "done", "backups", "1")
    _write(folder, "docs/backup.md", "monthly\n")
    command(folder, "verify", "backups", "0")
    command(folder, "done", "observability", "0")
    command(folder, "done", "base_images", "0")
    command(folder, "done", "billing_release", "0")
    command(folder, "done", "billing_release", "1")
    tar = [sys.executable, "-m", "tarfile", "--create", "build/billing.tar", "docs"]
    subprocess.run(tar, cwd=folder, check=True)
    command(folder, "done", "billing_release", "1")
    _write(
        folder,
        "scan/report.txt",
        "openssl 3.0.1  LOW   fixed in 3.0.2\nzlib 1.2.13  MEDIUM  no fix\n",
    )
    command(folder, "verify", "billing_release", "2")
    _write(
        folder,
        "scan/report.txt",
        "openssl 3.0.1  LOW   fixed in 3.0.2\nlibxml2 2.9  HIGH  fixed in 2.10\n",
    )
    command(folder, "done", "billing_release", "2")


def _write(folder: Path, path: str, text: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
