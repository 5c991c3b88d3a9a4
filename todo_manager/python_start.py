"""How our interpreter is started for checks, so that no file of the project answers for another module.

`python -m NAME`, `python -c …` and `python tools/check.py` look in a folder of the project before they look
among Python's own modules and those that are installed. Started like this they look there last.
"""

from __future__ import annotations

import sys
from pathlib import Path

from todo_manager.shellword import word

NAMES = ("python", "python3")
"""What it is called by."""
OPTIONS = ("-P",)
"""Said on the command line, too: -E would not see the variable."""
_FOLDER = str(Path(__file__).with_name("python_path"))


def environment() -> dict[str, str]:
    """The variables it is given; Python that it starts in turn has them, too."""
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": _FOLDER}


def wrapper() -> str:
    """The shell script behind its names in shell texts and scripts; their own PYTHONPATH stays."""
    return f"""#!/bin/sh
export PYTHONSAFEPATH=1 PYTHONPATH={word(_FOLDER)}"${{PYTHONPATH:+:$PYTHONPATH}}"
exec {word(sys.executable)} {" ".join(OPTIONS)} "$@"
"""
