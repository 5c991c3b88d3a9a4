"""Drills the way back of one service, as the runbook has it, and forth again:

drill.py SCOPE REPOSITORY TAG NAME PORT CENTRE: writes receipts/rollback-NAME.json. Fails when the service
does not serve as what it is told to be, each time. Whatever happens, the new one is started in the end.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from engine import asked

scope, repository, tag, name, port, centre = sys.argv[1:]
supervise = [str(Path(__file__).with_name("supervise.sh")), *sys.argv[1:]]
without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def serving(**force: str) -> tuple[str, str, float]:
    """Start the service; the version that answers, the image it runs, and the seconds it took."""
    began = time.monotonic()
    subprocess.run(["bash", *supervise], check=True, env=os.environ | force)
    health = json.load(without_proxy.open(f"http://127.0.0.1:{port}/health", timeout=5))
    seconds = round(time.monotonic() - began, 2)
    return health["version"], asked("inspect", "--format", "{{.Image}}", f"{scope}-{name}"), seconds


new = asked("image", "inspect", "--format", "{{.Id}}", f"{repository}/{name}:{tag}")
try:
    version, previous, seconds = serving(FORCE_IMAGE_TAG=f"{tag}-prev")
finally:
    again, now, _ = serving()
if version == tag or previous == new:
    sys.exit(f"{name}: {tag}-prev is no way back: it is {tag} itself")
if again != tag or now != new:
    sys.exit(f"{name}: {again} serves after the drill, not {tag}")
receipt = {
    "service": name,
    "from": tag,
    "to": version,
    "previous": previous,
    "seconds": seconds,
    "drilled": datetime.now(UTC).isoformat(timespec="seconds"),
}
file = Path("receipts") / f"rollback-{name}.json"
file.parent.mkdir(exist_ok=True)
file.write_text(json.dumps(receipt, indent=2) + "\n", encoding="utf-8")
print(f"{name}: back to {version} in {seconds} s, and forth again")
