"""References of images, as the distribution specification writes them: `host:port/name:tag@sha256:…`."""

from __future__ import annotations

import re

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
_REFERENCE = re.compile(
    rf"(?:(?P<host>{_HOST})/)?(?P<path>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_INPUT = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


def image_reference(tree: Tree) -> str:
    """A reference or an ID as written; raises Wrong for what no engine would take.

    An input that is still to be put in stands for letters that fit.
    """
    found = fields.text(tree)
    if re.fullmatch(r"sha256:[0-9a-f]{64}", found):
        return found
    if not _REFERENCE.fullmatch(_INPUT.sub("x", found)) or len(found) > 500:
        raise Wrong(f"{found!r} is not the name of an image: write it like localhost:5000/app:1.4")
    return found
