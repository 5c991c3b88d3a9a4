"""`dependency_audit`: pip-audit for real against advisories of our own, and what would fool it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from msgspec import structs
from support import Project

from todo_manager.canonical import Scalar
from todo_manager.checks import audit_run, requirements
from todo_manager.checks.audit_report import findings
from todo_manager.checks.base import Program, Ran, Unresolvable
from todo_manager.checks.ground import Ground, Unlookable
from todo_manager.checks.requirements import Pin
from todo_manager.model import Output, Verdict

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR
HASH = "--hash=sha256:" + "a" * 64
CONTROL = "pyyaml==5.3"


def day(from_today: int) -> str:
    return (datetime.now(UTC) + timedelta(days=from_today)).date().isoformat()


# Advisories of our own, in OSV's query interface


def advisory(name: str, id_: str, fixed: str, **more: Any) -> dict[str, Any]:
    versions = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}
    affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [versions]}]
    return {"id": id_, "summary": "s", "aliases": [], "affected": affected, **more}


KNOWN: dict[str, list[dict[str, Any]]] = {
    CONTROL: [advisory("pyyaml", "PYSEC-1-1", "5.4")],
    "leaky==1.0": [advisory("leaky", "PYSEC-2-1", "1.1", aliases=["CVE-2-1"])],
    "odd==1.0": [advisory("odd", "PYSEC-3-1", "1.1", schema_version="2.0.0")],
}


def told(package: str) -> bytes:
    """What an honest service says of a package."""
    found = KNOWN.get(package)
    return json.dumps({"vulns": found} if found else {}).encode()


Say = Callable[[str], bytes | None]


@pytest.fixture
def service(serve: Any, http_kit: Any) -> Callable[[Say], str]:
    """An advisory service that says of each package what `say` does; None hangs up. Its URL."""

    def start(say: Say) -> str:
        def talk(connection: socket.socket) -> None:
            answer = say(asked_about(connection, http_kit))
            if answer is not None:
                connection.sendall(http_kit.page(answer, headers="Connection: close\r\n"))

        return f"http://127.0.0.1:{serve(talk)}/v1/query"

    return start


def asked_about(connection: socket.socket, http_kit: Any) -> str:
    """The package an OSV query is about, as `name==version`."""
    head, _, body = http_kit.request_of(connection).partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(65536)
    query = json.loads(body)
    return f"{query['package']['name']}=={query['version']}"


def dies_at(package: str) -> Say:
    return lambda asked: None if asked == package else told(asked)


FILES = {
    "leaky.txt": "safe==1.0\nleaky==1.0\n",
    "fixed.txt": "safe==1.0\nLeaky[extra]==1.1  # cured\n",
    "elsewhere.txt": 'safe==1.0\nleaky==1.0 ; sys_platform == "win32"\n',
    "twice.txt": 'leaky==1.1 ; python_version >= "3"\nleaky==1.0 ; python_version < "3"\n',
    "main.txt": "-r sub/more.txt\nsafe==1.0\n",
    "sub/more.txt": "leaky==1.0\n",
    "odd.txt": "odd==1.0\n",
    "control.txt": "PyYAML==5.3\n",
    "hashed.txt": f"safe==1.0 \\\n    {HASH}\n",
    "pylock.toml": 'lock-version = "1.0"\n[[packages]]\nname = "leaky"\nversion = "1.0"\n',
}
HONEST = "osv"
CASES = {
    # file, service, parameters: verdict, a text of what was seen
    "found": ("leaky.txt", HONEST, "", "failed", "leaky 1.0: PYSEC-2-1 (fixed in 1.1)"),
    "cleared": ("fixed.txt", HONEST, "", "passed", "none is known"),
    "lock": ("pylock.toml", HONEST, "", "failed", "PYSEC-2-1"),
    "for another system": ("elsewhere.txt", HONEST, "", "failed", "leaky 1.0"),
    "two versions": ("twice.txt", HONEST, "", "failed", "leaky 1.0"),
    "included": ("main.txt", HONEST, "", "failed", "leaky 1.0"),
    "hashed": ("hashed.txt", HONEST, "require_hashes: true", "passed", "none"),
    "not hashed": ("fixed.txt", HONEST, "require_hashes: true", "failed", "without: safe"),
    "the control itself": ("control.txt", HONEST, "", "failed", "pyyaml 5.3: PYSEC-1-1"),
    "lost by the program": ("odd.txt", HONEST, "", "error", "left something out"),
    "dies midway": ("leaky.txt", "dying", "", "error", "without a report"),
    "rubbish": ("fixed.txt", "rubbish", "", "error", "without a report"),
    "says nothing": ("leaky.txt", "silent", "", "error", "it did not look"),
    "allowed": ("leaky.txt", HONEST, f"allow: {{cve-2-1: {day(0)}}}", "passed", "none"),
    "expired": ("leaky.txt", HONEST, f"allow: {{CVE-2-1: {day(-2)}}}", "failed", "which is over"),
}


def test_for_real(project: Project, service: Any) -> None:
    """Every case with the real program, all in one run."""
    project = Forked(project.root, Path(project.env["HOME"]))
    urls = {
        HONEST: service(told),
        "dying": service(dies_at("leaky==1.0")),
        "rubbish": service(lambda asked: b"<html>Please log in</html>"),
        "silent": service(lambda asked: b"{}"),
    }
    for name, text in FILES.items():
        project.write(name, text)
    checks = [
        f"{{name: {name}, dependency_audit: {file}, service: osv, url: '{urls[who]}', "
        f"timeout: 60s{more and ', '}{more}}}"
        for name, (file, who, more, _, _) in CASES.items()
    ]
    project.plan("p", f"- {{key: k, title: T, verify: [{', '.join(checks)}]}}")
    rows = project.ask("verify", "p").data["phases"][0]["checks"]
    seen = {row["name"]: (row["verdict"], row["actual"]) for row in rows}
    for name, (_, _, _, verdict, text) in CASES.items():
        assert seen[name][0] == verdict, (name, seen[name])
        assert text in seen[name][1], (name, seen[name])


# Reports as recorded, and worse ones


@pytest.fixture
def reports(look: Any, world: Any) -> Any:
    """What a check finds when pip-audit says this about a file that pins `leaky==1.0`."""
    (world.root / "a.txt").write_text("leaky==1.0\n")
    world.program = lambda *args: Program(path="/usr/bin/pip-audit", sha256="0" * 64)

    def find(
        report: Any, exit: int | None = 0, err: str = "", cut: bool = False, **more: Any
    ) -> Any:
        text = report if isinstance(report, str) else json.dumps(report)
        outputs = {"stdout": output("stdout", text, cut), "stderr": output("stderr", err)}
        world.run = lambda *args, **kw: Ran(exit=exit, **outputs, **more)
        return look({"dependency_audit": "a.txt"})

    return find


def report(*packages: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": [CONTROLLED, *packages], "fixes": []}


def output(name: str, text: str, truncated: bool = False) -> Output:
    data = text.encode()
    return Output(stream=name, size=len(data), sha256="", kept=data, truncated=truncated)


def only(*packages: dict[str, Any]) -> Output:
    """A report in which the control is not."""
    return output("stdout", json.dumps({"dependencies": packages, "fixes": []}))


FOUND = {"id": "PYSEC-1", "fix_versions": [], "aliases": []}
CONTROLLED = {"name": "pyyaml", "version": "5.3", "vulns": [FOUND]}
CLEAN = {"name": "leaky", "version": "1.0", "vulns": []}
SKIPPED = {"name": "leaky", "skip_reason": "Dependency not found on PyPI"}


class TestReports:
    def test_the_report_decides_not_the_exit_code(self, reports: Any) -> None:
        assert reports(report(CLEAN), exit=0).verdict == PASSED
        assert reports(report(CLEAN | {"vulns": [FOUND]}), exit=1).verdict == FAILED
        assert reports(report(CLEAN | {"vulns": [FOUND]}), exit=0).verdict == FAILED

    def test_no_fixed_version(self, reports: Any) -> None:
        found = reports(report(CLEAN | {"vulns": [FOUND]}), exit=1)
        assert found.actual == "leaky 1.0: PYSEC-1 (no fixed version)"
        assert found.facts["found"] == ["leaky 1.0 PYSEC-1"]
        assert found.facts["packages"] == 1

    @pytest.mark.parametrize(
        ("text", "exit"),
        [
            ("", 0),
            ("", 1),
            (report(CLEAN), 2),
            ("No known vulnerabilities found", 0),
            ("{", 1),
            ("[]", 0),
            ({}, 0),
            (report(), 0),
            (report(SKIPPED), 0),
            (report(CLEAN, SKIPPED), 0),
            (report(CLEAN | {"name": "other"}), 0),
            (report({"name": "leaky", "version": "1.0"}), 0),
            (report({"version": "1.0", "vulns": []}), 0),
            (report(CLEAN | {"vulns": [{}]}), 1),
            (report(CLEAN | {"vulns": None}), 0),
            ({"dependencies": {}}, 0),
            ({"dependencies": [CLEAN]}, 0),
            ({"dependencies": [CLEAN, CONTROLLED | {"vulns": []}]}, 0),
            ({"dependencies": [CLEAN, CONTROLLED | {"vulns": []}]}, 1),
            ('{"dependencies": [], "dependencies": []}', 0),
        ],
    )
    def test_reports_that_say_nothing(self, reports: Any, text: Any, exit: int) -> None:
        assert reports(text, exit).verdict == ERROR

    def test_a_skipped_package_is_named(self, reports: Any) -> None:
        assert "skipped leaky: Dependency not found" in reports(report(SKIPPED)).actual

    def test_a_report_that_contradicts_its_exit_code(self, reports: Any, world: Any) -> None:
        """Without a finding nothing says why it exited 1."""
        reports(report(CLEAN), exit=1)
        pins = (Pin(name="leaky", version="1.0", hashed=False, place="a.txt:1"),)
        ran = world.run()
        with pytest.raises(Unlookable, match="exited 1 and reports nothing"):
            findings(structs.replace(ran, stdout=only(CLEAN)), pins)
        assert not findings(structs.replace(ran, exit=0, stdout=only(CLEAN)), pins)

    def test_a_report_that_was_cut(self, reports: Any) -> None:
        assert reports(report(CLEAN), cut=True).verdict == ERROR

    def test_an_advisory_that_was_left_out(self, reports: Any) -> None:
        warned = "WARNING:pip_audit._service.osv:OSV vuln entry 'X' is missing 'affected' list\n"
        assert reports(report(CLEAN), err=warned).verdict == ERROR
        usual = "WARNING:pip_audit._cli:--no-deps is supported, but …\n"
        assert reports(report(CLEAN), err=usual).verdict == PASSED

    @pytest.mark.parametrize("more", [{"timed_out": True}, {"signal": 9}, {"problem": "no fork"}])
    def test_a_program_without_an_end(self, reports: Any, more: dict[str, Any]) -> None:
        assert reports(report(CLEAN), exit=None, **more).verdict == ERROR

    def test_needs_the_program(self, reports: Any, world: Any) -> None:
        def none(*args: Any) -> None:
            raise Unresolvable("needs pip-audit: no such program on the search path")

        world.program = none
        found = reports(report(CLEAN))
        assert found.verdict == ERROR
        assert "pip install 'todo_manager[audit]'" in found.actual

    def test_it_is_asked_strictly_and_with_a_cache_of_its_own(
        self, reports: Any, world: Any, look: Any
    ) -> None:
        reports(report(CLEAN))
        asked: list[list[str]] = []
        answer = world.run

        def run(argv: list[str], **options: Any) -> Ran:
            asked.append(argv)
            listed = Path(argv[argv.index("--requirement") + 1])
            assert listed.read_text() == f"{CONTROL}\nleaky==1.0\n"
            return answer()  # type: ignore[no-any-return]

        world.run = run
        assert look({"dependency_audit": "a.txt"}).verdict == PASSED
        (argv,) = asked
        assert {"--strict", "--disable-pip", "--no-deps", "--format=json"} < set(argv)
        assert not Path(argv[argv.index("--cache-dir") + 1]).parent.exists()
        assert "--osv-url" not in argv


class TestAllowances:
    @pytest.fixture
    def allowing(self, reports: Any, world: Any, look: Any) -> Any:
        reports(report(CLEAN | {"vulns": [FOUND | {"aliases": ["CVE-1"]}]}), exit=1)
        return lambda **allow: look({"dependency_audit": "a.txt", "allow": allow})

    def test_by_id_or_alias_until_the_end_of_the_day(self, allowing: Any) -> None:
        for name in ("PYSEC-1", "CVE-1", "cve-1"):
            found = allowing(**{name: day(0)})
            assert (found.verdict, found.facts["allowed"]) == (PASSED, ["PYSEC-1"])

    def test_an_expired_one_counts_again(self, allowing: Any) -> None:
        found = allowing(**{"PYSEC-1": day(-1)})
        assert found.verdict == FAILED
        assert f"allowed until {day(-1)}, which is over" in found.actual

    def test_the_later_of_two(self, allowing: Any) -> None:
        assert allowing(**{"PYSEC-1": day(-1), "CVE-1": day(5)}).verdict == PASSED

    def test_an_unused_one_is_told(self, allowing: Any) -> None:
        found = allowing(**{"PYSEC-1": day(5), "PYSEC-9": day(5)})
        assert found.verdict == PASSED
        assert found.message == "allowed and not found: PYSEC-9"
        assert found.facts["unused_allowances"] == ["PYSEC-9"]

    def test_another_one_does_not_help(self, allowing: Any) -> None:
        assert allowing(**{"PYSEC-10": day(5)}).verdict == FAILED

    def test_lint_tells_of_expired_ones(self, check: Any) -> None:
        assert check({"dependency_audit": "a.txt", "allow": {"X-1": day(-1)}}).lint()
        assert not check({"dependency_audit": "a.txt", "allow": {"X-1": day(0)}}).lint()


class TestFiles:
    @pytest.fixture
    def pins(self, world: Any) -> Callable[..., list[Pin]]:
        """What is read from a file with this text."""

        def read(text: str, name: str = "a.txt") -> list[Pin]:
            (world.root / name).write_text(text)
            return list(requirements.read(Ground(world.root, 5), name).pins)

        return read

    def test_missing(self, look: Any) -> None:
        found = look({"dependency_audit": "gone.txt"})
        assert (found.verdict, found.actual) == (FAILED, "gone.txt does not exist")

    @pytest.mark.parametrize("text", ["", "# nothing\n", "--index-url https://x\n", "-c b.txt\n"])
    def test_nothing_pinned(self, look: Any, world: Any, text: str) -> None:
        (world.root / "a.txt").write_text(text)
        found = look({"dependency_audit": "a.txt"})
        assert (found.verdict, "nothing was audited" in found.actual) == (ERROR, True)

    @pytest.mark.parametrize(
        "line",
        [
            "flask",
            "flask>=1",
            "flask~=1.0",
            "flask==1.*",
            "flask==1.0,!=2",
            "flask===",
            "-e .",
            "./flask",
            "flask @ https://x/flask.whl",
            "https://x/flask.whl",
            "flask==${V}",
            "-r ../b.txt",
            "-r /etc/b.txt",
            "-r https://x/b.txt",
            "--unknown",
            "flask==1.0 other==2",
            # pip takes every option of a line, and what these name is installed.
            "--pre -r b.txt",
            "-i https://x -r b.txt",
            "--no-index --requirement=b.txt",
            "-c c.txt -rb.txt",
            "--pre \\\n-r b.txt",
            "--pre -e ./flask",
            "--trusted-host x --editable=git+https://x/y",
            "--index-url https://x --req b.txt",
            "--find-links 'unclosed",
        ],
    )
    def test_what_is_not_pinned_is_not_known(self, look: Any, world: Any, line: str) -> None:
        (world.root / "a.txt").write_text(f"ok==1.0\n{line}\n")
        (world.root / "b.txt").write_text("fine==1.0\n")
        found = look({"dependency_audit": "a.txt"})
        assert found.verdict == ERROR
        assert "a.txt:2: " in found.actual

    def test_lines_as_pip_reads_them(self, pins: Any) -> None:
        text = (
            "\ufeff# head\n"
            "Flask_Login[a, b] == 1.0.post1 ; python_version < '3' # old\n"
            "one==1 \\\n    --hash=sha256:" + "a" * 64 + " \\\n    --hash=sha256:" + "b" * 64 + "\n"
            "two===2+local\n"
            "   # indented\n"
            "three==1!3.0 --config-settings=x=y\n"
        )
        found = [(pin.text, pin.hashed, pin.place) for pin in pins(text)]
        assert found == [
            ("flask-login==1.0.post1", False, "a.txt:2"),
            ("one==1", True, "a.txt:3"),
            ("two==2+local", False, "a.txt:6"),
            ("three==1!3.0", False, "a.txt:8"),
        ]

    def test_options_that_install_nothing(self, pins: Any) -> None:
        text = "--index-url https://x --trusted-host x\n-f wheels --no-index\n-c bounds.txt\n"
        text += "--no-binary :all: --prefer-binary\none==1\n"
        assert [pin.text for pin in pins(text)] == ["one==1"]

    @pytest.mark.parametrize("given", ["--hash=md5:" + "a" * 64, "--hash=sha256:abc", "--hash="])
    def test_what_is_no_hash(self, pins: Any, given: str) -> None:
        assert not pins(f"one==1 {given}\n")[0].hashed

    def test_files_that_include_each_other(self, pins: Any, world: Any) -> None:
        (world.root / "b.txt").write_text("-r a.txt\ntwo==2\n")
        assert [pin.text for pin in pins("-r b.txt\none==1\n")] == ["two==2", "one==1"]

    def test_an_included_file_that_is_gone(self, look: Any, world: Any) -> None:
        (world.root / "a.txt").write_text("-r gone.txt\none==1\n")
        found = look({"dependency_audit": "a.txt"})
        assert (found.verdict, "gone.txt" in found.actual) == (FAILED, True)

    def test_not_text(self, look: Any, world: Any) -> None:
        (world.root / "a.txt").write_bytes("one==1\n".encode("utf-16"))
        assert look({"dependency_audit": "a.txt"}).verdict == ERROR

    LOCK = 'lock-version = "1.0"\n[[packages]]\nname = "One"\nversion = "1"\n'

    def test_lock(self, pins: Any) -> None:
        name = "pylock.dev.toml"
        hashed = 'wheels = [{name = "x", hashes = {sha256 = "a"}}]\n'
        assert [(p.text, p.hashed) for p in pins(self.LOCK, name)] == [("one==1", False)]
        assert pins(self.LOCK + hashed, name)[0].hashed
        assert not pins(self.LOCK + hashed + 'sdist = {name = "y"}\n', name)[0].hashed
        assert not pins(self.LOCK + hashed.replace("sha256", "md5"), name)[0].hashed

    @pytest.mark.parametrize(
        "text",
        [
            "x",
            "",
            'lock-version = "2.0"\n',
            LOCK.replace("lock-version", "version"),
            LOCK + '[[packages]]\nname = "two"\n',
            LOCK.replace('"1"', '"1 2"'),
            LOCK.replace("[[packages]]", "[packages]"),
            'lock-version = "1.0"\npackages = [1]\n',
        ],
    )
    def test_locks_that_cannot_be_read(self, pins: Any, text: str) -> None:
        with pytest.raises(Unlookable):
            pins(text, "pylock.toml")

    def test_versions_of_one_package_are_asked_for_apart(self, pins: Any) -> None:
        found = pins("a==1\na==2\nb==1\na==1\na==3\n")
        batches = [[pin.text for pin in batch] for batch in audit_run._batches(found)]
        assert batches == [["a==1", "b==1"], ["a==2"], ["a==3"]]


class TestLoad:
    @pytest.mark.parametrize(
        "parameters",
        [
            {"url": "http://a/v1/query"},
            {"service": "esms"},
            {"service": "osv", "url": "http://me:pass@a/"},
            {"allow": {}},
            {"allow": ["PYSEC-1"]},
            {"allow": {"PYSEC-1": "soon"}},
            {"allow": {"PYSEC-1": "2026-02-30"}},
            {"allow": {"PYSEC-1": "20260101"}},
            {"control": "pyyaml"},
            {"control": "pyyaml>=5"},
        ],
    )
    def test_parameters_that_are_refused(self, refused: Any, parameters: dict[str, Any]) -> None:
        refused({"dependency_audit": "a.txt", **parameters})

    @pytest.mark.parametrize(
        "path", ["poetry.lock", "uv.lock", "pyproject.toml", "Pipfile", "*.txt", "../a.txt"]
    )
    def test_files_it_does_not_read(self, refused: Any, path: str) -> None:
        refused({"dependency_audit": Scalar(path)})

    def test_an_input_may_not_steer(self, refused: Any) -> None:
        for steered in ({"service": "${X}"}, {"allow": {"PYSEC-1": "${X}"}}, {"control": "${X}"}):
            told = refused({"dependency_audit": "a.txt", **steered}, inputs=["X"])
            assert "the input X" in told


def test_every_kind_of_pin_reaches_the_report(look: Any, world: Any) -> None:
    """A report that lacks one of many packages does not pass for the others."""
    (world.root / "a.txt").write_text("one==1\ntwo==2\n")
    world.program = lambda *args: Program(path="/usr/bin/pip-audit", sha256="0" * 64)
    lacking = report({"name": "one", "version": "1", "vulns": []})
    world.run = lambda *args, **kw: Ran(exit=0, stdout=output("stdout", json.dumps(lacking)))
    found = look({"dependency_audit": "a.txt"})
    assert (found.verdict, found.actual) == (ERROR, "pip-audit did not audit two")
