"""Which libraries does a program need that an image lacks? audit.py IMAGE PROGRAM FOLDER

Writes FOLDER/libraries.json, and the program with the missing libraries below FOLDER/root, each where
it belongs in the image. `ldd` says what the program needs; what is there, the image itself is asked.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from engine import files_of

image, program, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])

listed = subprocess.run(["ldd", program], check=True, stdout=subprocess.PIPE, text=True).stdout
if "not found" in listed:
    sys.exit(f"{program} does not even run here:\n{listed}")
needed = sorted({word for word in listed.split() if word.startswith("/")})
missing = sorted(set(needed) - files_of(image))

shutil.rmtree(folder, ignore_errors=True)
for path in [program, *missing]:
    target = folder / "root" / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)
report = {"image": image, "program": program, "needed": needed, "missing": missing}
(folder / "libraries.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
print(f"{image}: {program} needs {len(needed)} libraries, {len(missing)} are missing")
