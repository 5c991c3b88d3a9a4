"""Fetches what a service has reported of itself: receipt.py NAME URL FILE

Writes FILE, the report with the moment it was fetched. Waits for a report of the container's latest
start, for the centre may still hold an earlier one.
"""

import json
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from engine import asked

container, url, file = sys.argv[1], sys.argv[2], Path(sys.argv[3])
started = asked("inspect", "--format", "{{.State.StartedAt}}", container)
begun = datetime.fromisoformat(started[:19] + "+00:00").timestamp()
without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))

report, deadline = {}, time.monotonic() + 20
while report.get("started", 0) < begun:
    if time.monotonic() > deadline:
        sys.exit(f"{container} has reported nothing since it started at {started}")
    try:
        report = json.load(without_proxy.open(url, timeout=5))
    except OSError:
        pass
    time.sleep(0.1)

report["fetched"] = datetime.now(UTC).isoformat(timespec="seconds")
file.parent.mkdir(parents=True, exist_ok=True)
file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
print(f"{file}: {report}")
