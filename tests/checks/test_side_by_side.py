"""The first checks of a process run side by side, and so do the imports they make."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("run", range(3))
def test_the_first_http_checks_of_a_process(
    project: Any, answers: Any, http_kit: Any, run: int
) -> None:
    """Their client imports its parts in a circle, which threads must not do at once."""
    port = answers(http_kit.page(b"ok")).port
    urls = [f"http://127.0.0.1:{port}/{number}" for number in range(24)]
    checks = "".join(f"    - {{http: '{url}', body: {{equals: ok}}}}\n" for url in urls)
    project.plan("x", f"- title: A\n  verify:\n{checks}")
    found = project.ask("done", "x", 0).ok().data["checks"]
    assert [one["verdict"] for one in found] == ["passed"] * len(urls)
