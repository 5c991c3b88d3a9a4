"""Phase 2 of the plan demo: no package of the bill of materials is in the advisories.

Exit 0: none is. Exit 1: one is. Exit 2: there is nothing to compare with, so nobody can say.
"""

import json
import os
import sys
from pathlib import Path

advisories = Path("advisories.json")
if not advisories.is_file():
    print("advisories.json is missing: cannot look", file=sys.stderr)
    sys.exit(2)
known = {entry["package"] for entry in json.loads(advisories.read_text())}
packages = [entry["name"] for entry in json.loads(Path("build/sbom.json").read_text())["packages"]]
found = sorted(known.intersection(packages))
with open(os.environ["TODO_MANAGER_FACTS"], "a") as facts:
    facts.write(json.dumps({"packages": len(packages), "advisories": len(known)}) + "\n")
for name in found:
    print(f"{name} has an advisory")
sys.exit(1 if found else 0)
