"""`file`: what passes, fails and cannot be told, and what would fool it."""

from __future__ import annotations

import errno
import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from todo_manager.canonical import Scalar
from todo_manager.checks import file as module
from todo_manager.model import Verdict

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR
NOBODY = 65534


@pytest.fixture
def root(world: Any) -> Path:
    return Path(world.root)


def put(root: Path, name: str, text: str | bytes = "some text\n") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to read everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public(world: Any) -> Iterator[Path]:
    """A project that other users may enter too, which they may not where pytest keeps its folders."""
    with tempfile.TemporaryDirectory() as folder:
        world.root = Path(folder)
        world.root.chmod(0o755)
        with as_nobody():
            reachable = os.access(folder, os.X_OK, effective_ids=True)
        if not reachable:
            pytest.skip("needs a temporary folder that other users may enter")
        yield world.root


class TestBare:
    def test_there_and_not_empty(self, look: Any, root: Path) -> None:
        put(root, "docs/plan.md", "rollback")
        found = look({"file": "docs/plan.md"})
        assert found.verdict == PASSED
        assert found.facts["size"] == 8
        assert found.facts["sha256"] == sha256(b"rollback").hexdigest()

    def test_missing(self, look: Any) -> None:
        found = look({"file": "docs/plan.md"})
        assert (found.verdict, found.actual) == (FAILED, "does not exist")
        assert "docs/plan.md" in found.expected

    def test_empty(self, look: Any, root: Path) -> None:
        put(root, "a", "")
        assert look({"file": "a"}).verdict == FAILED
        assert look({"file": "a", "min_size": 0}).verdict == PASSED

    def test_below_a_file(self, look: Any, root: Path) -> None:
        put(root, "a")
        assert look({"file": "a/b"}).verdict == FAILED

    def test_absolute_path(self, look: Any, tmp_path: Path) -> None:
        other = put(tmp_path, "elsewhere")
        assert look({"file": str(other)}).verdict == PASSED
        assert look({"file": str(tmp_path / "no")}).verdict == FAILED

    def test_proc_has_no_size_but_a_content(self, look: Any) -> None:
        if not os.path.exists("/proc/self/status"):
            pytest.skip("needs /proc")
        assert look({"file": "/proc/self/status", "contains": "Pid:"}).verdict == PASSED

    def test_name_with_brackets(self, look: Any, root: Path) -> None:
        put(root, "a[1].txt")
        assert look({"file": "a[1].txt"}).verdict == PASSED

    def test_odd_names(self, look: Any, root: Path) -> None:
        with open(os.fsencode(root) + b"/\xff\x1b.txt", "wb"):
            pass
        found = look({"file": "*.txt"})
        assert found.verdict == FAILED
        assert (found.expected + found.actual).isprintable()
        found.expected.encode()

    def test_project_folder_gone(self, look: Any, root: Path) -> None:
        root.rmdir()
        assert look({"file": "a"}).verdict == ERROR
        assert look({"file": "a", "exists": False}).verdict == ERROR


class TestCannotLook:
    def test_folder_that_may_not_be_read(self, look: Any, public: Path) -> None:
        put(public, "shut/a")
        (public / "shut").chmod(0)
        with as_nobody():
            found = [
                look({"file": "shut/a"}),
                look({"file": "shut/a", "exists": False}),
                look({"file": "shut/*"}),
                look({"file": "shut/*", "exists": False}),
                look({"file": "**/b", "exists": False}),
                look({"file": "*/b", "count": 0}),
            ]
        assert [one.verdict for one in found] == [ERROR] * 6
        (public / "shut").chmod(0o700)
        assert "Permission denied" in found[0].actual

    def test_file_that_may_not_be_read(self, look: Any, public: Path) -> None:
        put(public, "a", "secret").chmod(0)
        with as_nobody():
            assert look({"file": "a", "contains": "secret"}).verdict == ERROR
            assert look({"file": "a", "lacks": "other"}).verdict == ERROR
            assert look({"file": "a", "mode": "0000"}).verdict == PASSED

    def test_loop_of_links(self, look: Any, root: Path) -> None:
        (root / "a").symlink_to("b")
        (root / "b").symlink_to("a")
        assert look({"file": "a"}).verdict == ERROR
        assert look({"file": "a/x", "exists": False}).verdict == ERROR

    def test_name_too_long(self, look: Any) -> None:
        assert look({"file": "a" * 300}).verdict == ERROR
        assert look({"file": "a" * 300, "exists": False}).verdict == ERROR

    def test_disk_that_does_not_answer(
        self, look: Any, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(root, "a")

        def fails(*args: Any) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "read", fails)
        assert look({"file": "a", "lacks": "x"}).verdict == ERROR

    def test_out_of_the_project_through_a_link(self, look: Any, root: Path) -> None:
        put(root.parent, "outside/a")
        (root / "out").symlink_to("../outside")
        (root / "a").symlink_to("../outside/a")
        (root / "gone").symlink_to("../outside/gone")
        for mapping in (
            {"file": "a"},
            {"file": "gone"},
            {"file": "out/a"},
            {"file": "out/no", "exists": False},
            {"file": "*"},
            {"file": "*/a"},
            {"file": "out/*", "exists": False},
        ):
            found = look(mapping)
            assert found.verdict == ERROR, mapping
            assert "leaves the project through a symlink" in found.actual

    def test_link_within_the_project(self, look: Any, root: Path) -> None:
        put(root, "real/a")
        (root / "link").symlink_to("real/a")
        found = look({"file": "link"})
        assert found.verdict == PASSED
        assert found.facts["real"].endswith("real/a")

    def test_project_reached_through_a_link(self, check: Any, world: Any, root: Path) -> None:
        put(root, "a")
        world.root = root.parent / "alias"
        world.root.symlink_to(root)
        assert check({"file": "a"}).attempt(world, 5).verdict == PASSED

    def test_broken_link(self, look: Any, root: Path) -> None:
        (root / "a").symlink_to("nowhere")
        assert look({"file": "a"}).verdict == FAILED
        assert look({"file": "a", "exists": False}).verdict == FAILED

    def test_too_little_time(self, look: Any, root: Path) -> None:
        for number in range(50):
            put(root, f"d/{number}")
        assert look({"file": "**/*.md", "exists": False}, timeout=0.0).verdict == ERROR


class TestTypes:
    @pytest.mark.alone
    def test_fifo_is_not_waited_for(self, look: Any, root: Path) -> None:
        os.mkfifo(root / "pipe")
        start = time.monotonic()
        found = look({"file": "pipe", "contains": "x"})
        assert (found.verdict, time.monotonic() - start < 1) == (FAILED, True)
        assert "a FIFO" in found.actual

    def test_fifo_in_the_place_of_a_file(self, root: Path) -> None:
        """It was a file when it was looked at, and is a FIFO when it is opened."""
        os.mkfifo(root / "pipe")
        with pytest.raises(module.Unlookable):
            module.Ground(root, 5)._read(str(root / "pipe"), whole=False)

    def test_link_in_the_place_of_a_file(self, root: Path) -> None:
        (root / "a").symlink_to("/etc/hostname")
        with pytest.raises(OSError, match="symbolic links"):
            module.Ground(root, 5)._read(str(root / "a"), whole=False)

    def test_socket_and_device(self, look: Any, root: Path) -> None:
        with socket.socket(socket.AF_UNIX) as held:
            held.bind(os.path.relpath(root / "s"))
            assert look({"file": "s"}).verdict == FAILED
        assert look({"file": "/dev/null", "min_size": 0}).verdict == FAILED

    def test_folder(self, look: Any, root: Path) -> None:
        (root / "d").mkdir(mode=0o750)
        assert look({"file": "d"}).verdict == FAILED
        assert look({"file": "d", "mode": "0750"}).verdict == PASSED
        put(root, "d/.hidden")
        assert look({"file": "d"}).verdict == PASSED
        assert look({"file": "d/"}).verdict == PASSED
        assert look({"file": "d", "count": 1}).verdict == PASSED
        assert look({"file": "d", "count": 0}).verdict == FAILED

    @pytest.mark.parametrize("name", ["contains", "lacks", "matches", "max_age", "min_size"])
    def test_folder_has_no_content(self, look: Any, root: Path, name: str) -> None:
        put(root, "d/a")
        found = look({"file": "d", name: {"max_age": "1d", "min_size": 0}.get(name, "x")})
        assert (found.verdict, found.actual) == (FAILED, "it is a folder")

    def test_file_where_a_folder_is_wanted(self, look: Any, root: Path) -> None:
        put(root, "d")
        assert look({"file": "d/"}).verdict == FAILED
        assert look({"file": "d", "count": 1}).verdict == FAILED


class TestContent:
    @pytest.mark.parametrize(
        ("text", "wanted", "verdict"),
        [
            ("a rollback b", {"contains": ["rollback", "a"]}, PASSED),
            ("a rollback b", {"contains": ["rollback", "z"]}, FAILED),
            ("v1\nport: 80\n", {"matches": "^port: [0-9]+$"}, PASSED),
            ("v1\nport: x\n", {"matches": "^port: [0-9]+$"}, FAILED),
            ("fine", {"lacks": "TODO"}, PASSED),
            ("TODO", {"lacks": "TODO"}, FAILED),
            ("", {"lacks": "TODO"}, FAILED),
            ("", {"lacks": "TODO", "min_size": 0}, FAILED),
            (" \n\t\n", {"lacks": "TODO"}, FAILED),
            ("TODO".encode("utf-16-le"), {"lacks": "TODO"}, ERROR),
            ("Größe".encode("latin-1"), {"lacks": "Größe"}, ERROR),
            ("abc", {"sha256": sha256(b"abc").hexdigest()}, PASSED),
            ("abc", {"sha256": sha256(b"abd").hexdigest()}, FAILED),
            ("abc", {"min_size": 3}, PASSED),
            ("abc", {"min_size": "1kB"}, FAILED),
            ('{"a": [1, {"b": "x"}]}', {"json": {"a[0]": 1, "a[1].b": "x"}}, PASSED),
            ('{"a": true}', {"json": {"a": 1}}, FAILED),
            ('{"a": 1}', {"json": {"b": {"ne": 1}}}, FAILED),
            ('{"a": 1, "a": 2}', {"json": {"a": 2}}, FAILED),
            ('{"a": 1e999999999999999999999}', {"json": {"a": 2}}, FAILED),
            ("[" * 100_000, {"json": {"a": 2}}, FAILED),
            ("a: {b: [x, 8080]}", {"yaml": {"a.b[1]": 8080}}, PASSED),
            ("a: {b: [x, '8080']}", {"yaml": {"a.b[1]": 8080}}, FAILED),
            ("a: yes", {"yaml": {"a": True}}, FAILED),
            ("a: [", {"yaml": {"a": 1}}, FAILED),
            ("a: 1\na: 2", {"yaml": {"a": 2}}, ERROR),
            ("a: &x 1\nb: *x", {"yaml": {"b": 1}}, ERROR),
            ("a: 1\n---\na: 2", {"yaml": {"a": 1}}, ERROR),
            ("a: " + "9" * 5000, {"yaml": {"a": 1}}, ERROR),
        ],
    )
    def test_content(
        self, look: Any, root: Path, text: str | bytes, wanted: Any, verdict: Verdict
    ) -> None:
        put(root, "f", text)
        assert look({"file": "f", **wanted}).verdict == verdict

    @pytest.mark.parametrize("wanted", [{"lacks": "x"}, {"contains": "x"}, {"sha256": "0" * 64}])
    def test_missing_file_meets_nothing(self, look: Any, wanted: Any) -> None:
        assert look({"file": "f", **wanted}).verdict == FAILED
        assert look({"file": "*.f", **wanted}).verdict == FAILED

    def test_file_too_large_to_search(
        self, look: Any, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "CONTENT_LIMIT", 1000)
        put(root, "f", "x" * 1001)
        for name in ("contains", "lacks", "matches"):
            assert look({"file": "f", name: "x"}).verdict == ERROR
        digest = sha256(b"x" * 1001).hexdigest()
        assert look({"file": "f", "sha256": digest}).verdict == PASSED
        assert look({"file": "f", "min_size": 1001}).verdict == PASSED

    @pytest.mark.alone
    def test_sparse_file_of_many_gigabytes(self, look: Any, root: Path) -> None:
        os.truncate(put(root, "f"), 2**36)
        assert look({"file": "f", "lacks": "x"}).verdict == ERROR
        start = time.monotonic()
        assert look({"file": "f", "sha256": "0" * 64}, timeout=0.2).verdict == ERROR
        assert time.monotonic() - start < 1.5
        assert look({"file": "f", "min_size": "1GB"}).verdict == PASSED

    def test_content_is_not_repeated(self, look: Any, root: Path) -> None:
        put(root, ".env", "PASSWORD=hunter2-hunter2")
        found = look({"file": ".env", "contains": "TOKEN", "matches": "^TOKEN", "lacks": "PASS"})
        assert found.verdict == FAILED
        assert "hunter2" not in repr(found)


class TestMeta:
    def test_mode(self, look: Any, root: Path) -> None:
        put(root, "f").chmod(0o644)
        assert look({"file": "f", "mode": "0644"}).verdict == PASSED
        found = look({"file": "f", "mode": "0600"})
        assert (found.verdict, found.actual) == (FAILED, "it has 0644")

    def test_owner(self, look: Any, root: Path) -> None:
        put(root, "f")
        assert look({"file": "f", "owner": os.getuid()}).verdict == PASSED
        assert look({"file": "f", "owner": os.getuid() + 1}).verdict == FAILED
        assert look({"file": "f", "owner": "nobody-of-that-name"}).verdict == ERROR

    def test_old_file(self, look: Any, root: Path) -> None:
        path = put(root, "report")
        assert look({"file": "report", "max_age": "1h"}).verdict == PASSED
        os.utime(path, (0, time.time() - 7200))
        found = look({"file": "report", "max_age": "1h"})
        assert found.verdict == FAILED
        assert "ago" in found.actual

    def test_time_in_the_future(self, look: Any, root: Path) -> None:
        put(root, "source")
        os.utime(put(root, "report"), (0, time.time() + 86400))
        for wanted in ({"max_age": "1h"}, {"newer_than": "source"}):
            found = look({"file": "report", **wanted})
            assert (found.verdict, found.actual) == (FAILED, "its time is in the future")

    def test_newer_than(self, look: Any, root: Path) -> None:
        now = time.time() - 100
        os.utime(put(root, "source"), (now, now))
        os.utime(put(root, "report"), (now, now))
        assert look({"file": "report", "newer_than": "source"}).verdict == FAILED
        os.utime(root / "report", (now, now + 1))
        assert look({"file": "report", "newer_than": "source"}).verdict == PASSED

    def test_newer_than_nothing(self, look: Any, root: Path) -> None:
        put(root, "report")
        found = look({"file": "report", "newer_than": "source"})
        assert (found.verdict, found.actual) == (FAILED, "source does not exist")


class TestAbsent:
    def test_absent(self, look: Any, root: Path) -> None:
        found = look({"file": "old/sub/thing", "exists": False})
        assert (found.verdict, found.facts["listed"]) == (PASSED, ".")

    def test_present(self, look: Any, root: Path) -> None:
        put(root, "old/a", "")
        assert look({"file": "old/a", "exists": False}).verdict == FAILED
        assert look({"file": "old", "exists": False}).verdict == FAILED
        assert look({"file": "old/*", "exists": False}).verdict == FAILED

    def test_listed_but_not_there(
        self, look: Any, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file system that lists a name and then denies it is not believed."""
        monkeypatch.setattr(os, "listdir", lambda folder: ["a"])
        assert look({"file": "a", "exists": False}).verdict == ERROR

    def test_pattern_in_a_folder_that_is_not_there(self, look: Any, root: Path) -> None:
        found = look({"file": "scr/*.bak", "exists": False})
        assert found.verdict == FAILED
        assert "scr, does not exist" in found.actual
        put(root, "scr/a.py")
        assert look({"file": "scr/*.bak", "exists": False}).verdict == PASSED


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "names"),
        [
            ("*.md", ["a.md", "b.md"]),
            ("?.md", ["a.md", "b.md"]),
            ("[!a].md", ["b.md"]),
            ("./*.md", ["a.md", "b.md"]),
            ("*/a.md", ["d/a.md"]),
            ("d/*/c.md", ["d/e/c.md"]),
            ("**/*.md", ["a.md", "b.md", "d/a.md", "d/e/c.md"]),
            ("d/**", ["d/a.md", "d/e", "d/e/c.md"]),
            ("**/e/**/c.md", ["d/e/c.md"]),
            (".*/*.md", [".h/h.md"]),
        ],
    )
    def test_matches(self, look: Any, root: Path, pattern: str, names: list[str]) -> None:
        for name in ("a.md", "b.md", ".x.md", "d/a.md", "d/e/c.md", ".h/h.md"):
            put(root, name)
        found = look({"file": pattern, "count": len(names)})
        assert found.verdict == PASSED
        if len(names) > 1:
            assert found.facts["files"] == names

    def test_absolute_pattern(self, look: Any, tmp_path: Path) -> None:
        put(tmp_path, "x/1")
        put(tmp_path, "x/2")
        assert look({"file": f"{tmp_path}/x/*", "count": 2}).verdict == PASSED

    def test_every_match_must_be_so(self, look: Any, root: Path) -> None:
        put(root, "a.md", "Owner: x")
        put(root, "b.md", "nobody")
        found = look({"file": "*.md", "contains": "Owner"})
        assert found.verdict == FAILED
        assert "b.md" in found.expected
        assert "a.md" not in found.expected

    def test_one_empty_match(self, look: Any, root: Path) -> None:
        put(root, "a.md")
        put(root, "b.md", "")
        assert look({"file": "*.md"}).verdict == FAILED

    def test_nothing_matches(self, look: Any) -> None:
        for wanted in ({}, {"lacks": "x"}, {"count": 1}, {"count": {"le": 3}, "lacks": "x"}):
            assert look({"file": "*.md", **wanted}).verdict == FAILED

    def test_count(self, look: Any, root: Path) -> None:
        assert look({"file": "*.md", "count": 0}).verdict == PASSED
        assert look({"file": "d/*.md", "count": 0}).verdict == FAILED
        put(root, "a.md")
        put(root, "b.md")
        for wanted, verdict in ((2, PASSED), (3, FAILED), ({"ge": 2}, PASSED), ({"gt": 2}, FAILED)):
            assert look({"file": "*.md", "count": wanted}).verdict == verdict

    def test_a_file_named_like_the_pattern_hides_nothing(self, look: Any, root: Path) -> None:
        put(root, "[ab].md", "good")
        put(root, "*.md", "good")
        put(root, "a.md", "bad")
        assert look({"file": "[ab].md", "contains": "good"}).verdict == FAILED
        assert look({"file": "*.md", "contains": "good"}).verdict == FAILED

    def test_folders_among_the_matches(self, look: Any, root: Path) -> None:
        put(root, "d/x.md/inner")
        put(root, "d/y.md", "good")
        assert look({"file": "d/*.md", "contains": "good"}).verdict == FAILED

    def test_linked_folders_are_no_endless_way(self, look: Any, root: Path) -> None:
        put(root, "d/a.md")
        (root / "d" / "again").symlink_to("..")
        assert look({"file": "**/*.md", "count": 1}).verdict == PASSED

    @pytest.mark.parametrize("hidden", ["other/sub", ".sub", "src/.sub"])
    def test_what_is_moved_behind_a_link_is_not_absent(
        self, look: Any, root: Path, hidden: str
    ) -> None:
        put(root, "src/good.py", "fine")
        put(root, f"{hidden}/bad.py", "eval")
        (root / "src" / "sub").symlink_to(root / hidden)
        for asked in ({"lacks": "eval"}, {"contains": "fine"}, {"count": 1}, {"max_age": "1d"}):
            found = look({"file": "src/**/*.py", **asked})
            assert (found.verdict, "src/sub" in found.actual) == (ERROR, True)
        assert look({"file": "src/**/bad.py", "exists": False}).verdict == ERROR
        assert look({"file": "src/**/*.py", "count": {"ge": 1}}).verdict == PASSED
        assert look({"file": "src/**/*.py"}).verdict == PASSED

    def test_a_link_to_what_is_seen_anyway(self, look: Any, root: Path) -> None:
        put(root, "src/lib/good.py", "fine")
        (root / "src" / "lib64").symlink_to("lib")
        assert look({"file": "src/**/*.py", "lacks": "eval", "count": 1}).verdict == PASSED

    def test_many_matches_are_told_shortly(self, look: Any, root: Path) -> None:
        for number in range(100):
            put(root, f"{number}.md", "")
        found = look({"file": "*.md"})
        assert found.verdict == FAILED
        assert "90 more" in found.expected
        assert len(found.expected) < 1000

    def test_folders_of_great_depth(self, look: Any, root: Path) -> None:
        put(root, "/".join("d" * 700) + "/a.md")
        assert look({"file": "**/*.md", "count": 1}).verdict == PASSED


class TestLoad:
    @pytest.mark.parametrize("path", ["../x", "a/../x", "..", "~/x", "a\0b", "", "*/"])
    def test_paths_that_are_none(self, refused: Any, path: str) -> None:
        refused({"file": Scalar(path)})
        if "*" not in path:
            refused({"file": "x", "newer_than": Scalar(path)})

    @pytest.mark.parametrize(
        "beside",
        [
            {"contains": "x"},
            {"lacks": "x"},
            {"mode": "0644"},
            {"owner": "root"},
            {"min_size": 0},
            {"max_age": 0},
            {"json": {"a": 1}},
            {"count": 0},
            {"newer_than": "a"},
        ],
    )
    def test_nothing_there_and_something_of_it(self, refused: Any, beside: Any) -> None:
        assert "exists: false" in refused({"file": "x", "exists": False, **beside})

    @pytest.mark.parametrize(
        "wanted",
        [
            {"contains": []},
            {"contains": Scalar("")},
            {"matches": "x*"},
            {"json": {}},
            {"count": {"ge": 0}},
            {"count": -1},
            {"count": {"exists": True}},
            {"count": Scalar("x")},
            {"sha256": "abc"},
            {"mode": "rw"},
            {"owner": "root:root"},
            {"max_age": "old"},
            {"yaml": {"a.*": 1}},
            {"count": 0, "contains": "x"},
            {"content": "x"},
        ],
    )
    def test_parameters_that_assert_nothing(self, refused: Any, wanted: Any) -> None:
        refused({"file": "*.md", **wanted})

    def test_no_input_in_an_expectation(self, check: Any, refused: Any) -> None:
        check({"file": "${DIR}/a"}, inputs=["DIR"])
        for name in ("contains", "sha256", "mode", "count", "newer_than", "owner", "max_age"):
            assert "input" in refused({"file": "a", name: "${DIR}"}, inputs=["DIR"])

    def test_lint(self, check: Any) -> None:
        assert check({"file": "a", "min_size": 0}).lint()
        assert not check({"file": "a"}).lint()

    def test_every_parameter_is_documented(self) -> None:
        source = Path(module.__file__).read_text()
        for name in module.File.__annotations__:
            assert re.search(rf'^    {name}: .*\n    """', source, re.MULTILINE), name
