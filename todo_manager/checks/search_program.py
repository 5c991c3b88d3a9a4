"""Started as a program of its own by `searching.py`: looks for one pattern in some texts.

Reads a marshalled `(pattern, flags, texts, every, seconds)` and writes, for each text, the spans that
match: the first one, or every one. The kernel ends it when it has used its seconds. Standard library only.
"""

import marshal
import re
import resource
import sys


def main() -> None:
    pattern, flags, texts, every, seconds = marshal.loads(sys.stdin.buffer.read())
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    wanted = re.compile(pattern, flags)
    sys.stdout.buffer.write(marshal.dumps([spans(wanted, text, every) for text in texts]))


def spans(wanted: "re.Pattern[str]", text: str, every: bool) -> "list[tuple[int, int]]":
    """Where a pattern is found in a text."""
    if every:
        return [match.span() for match in wanted.finditer(text)]
    first = wanted.search(text)
    return [first.span()] if first else []


if __name__ == "__main__":
    main()
