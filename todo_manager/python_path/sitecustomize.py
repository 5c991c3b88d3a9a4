"""Read by every Python that a check starts, before its program: the folder of that program comes last.

Python would look there first, so that a file `tarfile.py` left in the project answers for the real module.
It is started with PYTHONSAFEPATH, which leaves that folder out; here it is put at the end, where modules
that are installed nowhere are still found.
"""

import os
import sys


def _folder(words: list) -> str:  # type: ignore[type-arg]  # any Python may read this, an old one too
    """What Python would have put first: the folder of the script, else the working folder."""
    rest = iter(words[1:])
    for word in rest:
        if word == "-":
            break
        if not word.startswith("-"):
            return str(os.path.dirname(os.path.realpath(word)))
        last = _decisive(word)
        if last in ("c", "m"):
            return os.getcwd() if last == "m" else ""
        if last == "value":
            next(rest, "")
    return ""


def _decisive(word: str) -> str:
    """Of a word of options: `c` or `m`, which end them, or `value` where the next word belongs to it."""
    if word.startswith("--"):
        return "value" if word == "--check-hash-based-pycs" else ""
    for at, letter in enumerate(word[1:], start=2):
        if letter in "cm":
            return letter
        if letter in "WX":
            return "value" if at == len(word) else ""
    return ""


def _put_last() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    words = getattr(sys, "orig_argv", None)
    if words and getattr(sys.flags, "safe_path", False):
        sys.path.append(_folder(words))


try:
    _put_last()
except OSError:
    pass  # no such folder any more: then nothing is found there
