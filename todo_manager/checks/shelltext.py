"""Shell texts that cannot fail: what is refused at load, and what lint warns of.

Shell text runs with `set -euo pipefail`, which finds most hidden failures. What defeats it is written
out: an ending that succeeds whatever came before, and constructs that switch the rule off.
"""

from __future__ import annotations

import re

STRICT = "set -euo pipefail"

_COMMENT = re.compile(r"(?:(?<=\s)|^)#.*$", re.MULTILINE)
_CLOSERS = re.compile(r"(?:[\s;]|[)}]|\bfi\b|\bdone\b|\besac\b)+$")
_SUCCEEDS = re.compile(
    r"""(?:^|[;&|\n(){]|\bthen\b|\bdo\b|\belse\b)\s*
    (?:(?:command|builtin|exec)\s+)?
    (?P<what>(?:/usr)?/bin/true|true(?:\s+[^$`;&|\n]*)?|:(?:\s+[^$`;&|\n]*)?|(?:exit|return)\s+["']?0+["']?)$""",
    re.VERBOSE,
)
_SUSPICIOUS = {
    r"\|\|\s*(?:true\b|:(?:\s|$)|/bin/true)": "`|| true` hides a failure",
    r"\|\|\s*(?:echo|printf)\b": "`|| echo` hides a failure",
    r"\bexit\s+0\b": "`exit 0` passes whatever came before it",
    r"\bset\s+\+(?:e|o\s+(?:errexit|pipefail))": "it switches off the rule that a failure stops it",
    r"\btrap\b": "a trap may replace the exit code",
    r";\s*true\b": "`; true` hides a failure",
}


def cannot_fail(text: str) -> str | None:
    """Why a shell text passes whatever happens in it, or None when its ending can fail."""
    bare = _COMMENT.sub("", text).rstrip()
    if not bare.strip():
        return "an empty shell text asserts nothing"
    if bare.endswith("&") and not bare.endswith("&&"):
        return "it ends in the background (`&`), so its exit code is never seen"
    end = _CLOSERS.sub("", bare)
    found = _SUCCEEDS.search(end)
    if found:
        return f"it ends in `{found['what'].strip()}` and so passes whatever came before"
    return None


def doubts(text: str) -> list[str]:
    """What in a shell text may hide a failure; for lint."""
    bare = _COMMENT.sub("", text)
    return [message for pattern, message in _SUSPICIOUS.items() if re.search(pattern, bare)]
