"""A file beside the scripts of a plan that looks as if it were one, and only helps the others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from todo_manager.coupling import FOLDER, SCRIPT_NAME, folder_names
from todo_manager.lint.base import WARNING, Subject

LEVEL = WARNING
_LIKE_A_SCRIPT = re.compile(r"[pP]([0-9]+)[^A-Za-z0-9]*(.*)")


def look(subject: Subject) -> Iterator[tuple[int, str, str, str]]:
    """Files of the plan's folder that begin like a script of a phase and are none."""
    plan = subject.bound.plan.id
    for path in folder_names(subject.root, plan):
        last = path.rsplit("/", 1)[-1]
        looks = _LIKE_A_SCRIPT.fullmatch(last)
        if looks and (not SCRIPT_NAME.fullmatch(last) or path.count("/") > 2):
            message = (
                f"{path} is a helper, not a script of a phase; scripts are named p<N>_<slug>.<ext>"
            )
            better = f"{FOLDER}/{plan}/p{looks[1]}_{looks[2].lower() or 'check.sh'}"
            yield 0, "", message, f"mv {path} {better}"
