"""The report in a real browser: no error, no request, readable on a phone, in the dark, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import twenty
from browser import Browser, program
from gated import new_project
from required import absent

pytestmark = pytest.mark.browser

HOSTILE = """
- key: zero
  title: "<script>document.title = 'taken'</script><img src=https://evil.example/x onerror=alert(1)>"
  explain: "<script src=https://evil.example/x.js></script> ![x](https://evil.example/x.png)\\n\\n\
    | a | b |\\n|:-:|--:|\\n| c | d |\\n"
  note: "%s"
  verify: [{command: [cat, out.html]}]
""" % ("long" * 300)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = program()
    if path is None:
        absent("browser", "Chromium is not installed")
    with Browser(path) as found:
        yield found


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The reports of three plans, by plan."""
    project = twenty.build(new_project(tmp_path_factory.mktemp("browser")))
    project.write("out.html", "<script>document.title = 'taken'</script>" + "x" * 5000)
    project.plan("evil", HOSTILE)
    project.run("done", "evil", 0).ok()
    project.plan("chain", "\n".join(f"- {{title: P{n}, verify: [{{file: a}}]}}" for n in range(30)))
    found = {}
    for id_ in (twenty.ID, "evil", "chain"):
        project.run("report", id_, "--html", f"{id_}.html").ok()
        found[id_] = (project.root / f"{id_}.html").as_uri()
    return found


OPEN_ALL = "document.querySelectorAll('details').forEach(each => each.open = true)"
TOO_WIDE = """[...document.querySelectorAll('body *')].filter(each =>
    !each.closest('.wide, svg, pre') && each.getBoundingClientRect().right > innerWidth + 1
).map(each => each.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("plan", [twenty.ID, "evil", "chain"])
def test_no_error_no_request_and_the_title_is_ours(
    browser: Browser, addresses: dict[str, str], plan: str
) -> None:
    page = browser.open(addresses[plan])
    page.evaluate(OPEN_ALL)
    assert page.errors == []
    assert [each for each in page.requests if not each.startswith("data:")] == [addresses[plan]]
    assert page.evaluate("document.title").startswith(f"{plan}: ")
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") == "14px"


def test_the_browser_of_these_tests_sees_errors_and_requests(
    browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "bad.html"
    file.write_text("<img src='gone.png'><script>console.log('hello'); nothing.at.all</script>")
    page = browser.open(file.as_uri())
    assert len(page.requests) == 2
    assert any("hello" in each for each in page.errors)
    assert any("ReferenceError" in each for each in page.errors)


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("plan", [twenty.ID, "evil", "chain"])
def test_a_phone_scrolls_it_in_one_direction_only(
    browser: Browser, addresses: dict[str, str], plan: str, width: int
) -> None:
    page = browser.open(addresses[plan], width=width, height=800)
    page.evaluate(OPEN_ALL)
    assert page.evaluate("innerWidth") == width
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(TOO_WIDE) == []
    smallest = (
        "Math.min(...[...document.querySelectorAll('main *, header *')].map(each => parseFloat("
    )
    assert page.evaluate(f"{smallest} getComputedStyle(each).fontSize)))") >= 11.5


def test_the_picture_scrolls_in_its_own_box(browser: Browser, addresses: dict[str, str]) -> None:
    page = browser.open(addresses[twenty.ID], width=390, height=800)
    box = "document.querySelector('figure .wide')"
    assert page.evaluate(f"{box}.scrollWidth > {box}.clientWidth")
    assert page.evaluate(f"{box}.getBoundingClientRect().right") <= 390
    chain = browser.open(addresses["chain"], width=390, height=800)
    assert chain.evaluate(f"{box}.scrollWidth == {box}.clientWidth")


OVERLAPS = """(() => {
  const boxes = [...document.querySelectorAll('.box rect')].map(each => each.getBBox());
  const apart = (a, b) => a.x + a.width <= b.x || b.x + b.width <= a.x
    || a.y + a.height <= b.y || b.y + b.height <= a.y;
  return boxes.flatMap((a, n) => boxes.slice(n + 1).filter(b => !apart(a, b))).length;
})()"""
SPILLS = """[...document.querySelectorAll('.box')].filter(box => {
  const outer = box.querySelector('rect').getBBox();
  return [...box.querySelectorAll('text')].some(each => {
    const inner = each.getBBox();
    return inner.x + inner.width > outer.x + outer.width;
  });
}).map(each => each.textContent)"""


@pytest.mark.parametrize("plan", [twenty.ID, "chain"])
def test_boxes_lie_apart_inside_the_picture_and_hold_their_words(
    browser: Browser, addresses: dict[str, str], plan: str
) -> None:
    page = browser.open(addresses[plan])
    assert page.evaluate(OVERLAPS) == 0
    assert page.evaluate(SPILLS) == []
    inside = "(() => { const box = document.querySelector('.picture'), inner = box.getBBox();"
    inside += "return inner.x >= 0 && inner.y >= 0 && inner.x + inner.width <= box.clientWidth"
    assert page.evaluate(f"{inside} && inner.y + inner.height <= box.clientHeight; }})()") is True


CONTRAST = """(() => {
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const light = text => numbers(text).slice(0, 3).map(x => x / 255)
    .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, n) => sum + x * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = each => {
    for (let at = each; at; at = at.parentElement) {
      if (at.classList.contains('box')) return getComputedStyle(at.querySelector('rect')).fill;
      const found = getComputedStyle(at).backgroundColor;
      if ((numbers(found)[3] ?? 1) > 0) return found;
    }
    return 'rgb(255, 255, 255)';
  };
  const words = each => [...each.childNodes].some(x => x.nodeType === 3 && x.data.trim());
  return [...document.querySelectorAll('body *')].filter(words).filter(each =>
    !['title', 'style'].includes(each.tagName.toLowerCase())).map(each => {
    const style = getComputedStyle(each);
    const [a, b] = [light(each.closest('.box') ? style.fill : style.color), light(ground(each))];
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), each.outerHTML.slice(0, 120)];
  }).filter(([ratio]) => ratio < 4.5);
})()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_word_stands_out(browser: Browser, addresses: dict[str, str], dark: bool) -> None:
    page = browser.open(addresses[twenty.ID], dark=dark)
    page.evaluate(OPEN_ALL)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(15, 20, 27)") == dark
    assert page.evaluate(CONTRAST) == []


def test_landmarks_headings_and_names_are_there(
    browser: Browser, addresses: dict[str, str]
) -> None:
    page = browser.open(addresses[twenty.ID])

    def ask(script: str) -> Any:
        return page.evaluate(script)

    for tag in ("header", "nav", "main", "footer", "h1"):
        assert ask(f"document.querySelectorAll('{tag}').length") == 1
    assert ask("document.documentElement.lang") == "en"
    levels = ask("[...document.querySelectorAll('h1, h2, h3, h4')].map(x => +x.tagName[1])")
    assert all(below - above <= 1 for above, below in pairwise(levels))
    assert ask("[...document.querySelectorAll('th')].every(x => x.scope)")
    ids = "[...document.querySelectorAll('[id]')].map(x => x.id)"
    assert ask(f"new Set({ids}).size == {ids}.length")
    links = "[...document.querySelectorAll('a[href]')].map(x => x.getAttribute('href').slice(1))"
    assert ask(f"{links}.every(x => document.getElementById(x))")
    assert ask("[...document.querySelectorAll('svg')].every(x => x.getAttribute('aria-label'))")


def test_it_prints_with_all_that_is_folded(browser: Browser, addresses: dict[str, str]) -> None:
    page = browser.open(addresses[twenty.ID])
    folded = page.pdf()
    assert folded.startswith(b"%PDF-")
    page.evaluate(OPEN_ALL)
    assert folded.count(b"/Type /Page\n") == page.pdf().count(b"/Type /Page\n") > 3
