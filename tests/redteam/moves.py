"""What an attack may do to a project: each move is a mapping with one key.

write: {path: text}                   a file                  link: {path: target}    a symbolic link
edit: {path: [old, new]}              a text in a file        rm: [path]              files or folders
sh: text                              with the adversary's own hands, in the project; it must exit 0
sql: text                             in the store, its guards taken away
env: {NAME: value}                    what commands from here on inherit
todo: words                           a command of ours that succeeds
try: words                            one that may end as it likes
person: words                         one that is answered yes at a terminal, and succeeds
answer: words                         the same, and it may end as it likes
plan: {id, phases, head}              a plan document; not imported
serve: {NAME: {path: {status, body, headers}}}      a web server; @NAME@ is its host and port
image: {name, changes, files, debian} an image of the engine; `debian` is a release, in place of files
run: {name, image, options, command}  a container
docker: words                         Debian's client
scanners: {…}                         stand-ins for trivy and grype, and what they say

In all texts @ROOT@, @HOME@, @PYTHON@, @ENGINE@ and @REGISTRY@ are the places of this run, and @FREE@
is a port at which nothing listens.
"""

from __future__ import annotations

import json
import shlex
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import containers
from engine import Engine, free_port
from forked import Forked
from scanners import Scanners, debian
from support import REPOSITORY, Ran

_SBOMS: dict[str, bytes] = {}
"""What the real syft has made for the stand-ins; it takes a second, and is the same for the same content."""


class Ground:
    """A project, what an attack has put beside it, and what stands for the names in its texts."""

    def __init__(self, root: Path, home: Path, engine: Engine | None) -> None:
        self.project = Forked(root, home)
        self.engine = engine
        self.names = {"ROOT": str(root), "HOME": str(home), "PYTHON": sys.executable}
        self.names |= {"FREE": str(free_port()), "REPOSITORY": str(REPOSITORY)}
        if engine:
            self.names |= {"ENGINE": engine.url, "REGISTRY": engine.registry}
        self._servers: list[ThreadingHTTPServer] = []
        self._scanners: Scanners | None = None

    def text(self, value: Any) -> Any:
        """A value in which the names of this run are filled in."""
        if isinstance(value, dict):
            return {self.text(key): self.text(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.text(each) for each in value]
        if isinstance(value, str):
            for name, meant in self.names.items():
                value = value.replace(f"@{name}@", meant)
        return value

    def words(self, line: str) -> list[str]:
        return shlex.split(self.text(line))

    def play(self, moves: list[dict[str, Any]]) -> None:
        """Make all moves, in order."""
        for move in moves:
            ((name, value),) = move.items()
            known: dict[str, Callable[[Any], object]] = {
                "write": self._write, "edit": self._edit, "rm": self._rm, "link": self._link,
                "sh": self._sh, "sql": self._sql, "env": self.project.env.update,
                "todo": self._todo, "try": self._try, "person": self._person, "answer": self._answer, "plan": self._plan,
                "serve": self._serve, "image": self._image, "run": self._run,
                "docker": self._docker, "scanners": self._scan,
            }  # fmt: skip
            known[name](self.text(value))

    def close(self) -> None:
        for made in self.project.root.glob("tools/sbom-*.json"):
            _SBOMS[made.name] = made.read_bytes()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _write(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            self.project.write(path, text, mode=0o755 if text.startswith("#!") else 0o644)

    def _edit(self, files: dict[str, list[str]]) -> None:
        for path, (old, new) in files.items():
            file = self.project.root / path
            text = file.read_text(encoding="utf-8")
            assert old in text, f"{path} does not hold {old!r}"
            file.write_text(text.replace(old, new), encoding="utf-8")

    def _rm(self, paths: list[str]) -> None:
        for path in paths:
            self._sh(f"rm -r {shlex.quote(path)}")

    def _link(self, links: dict[str, str]) -> None:
        for path, target in links.items():
            file = self.project.root / path
            file.unlink(missing_ok=True)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.symlink_to(target)

    def _sh(self, text: str) -> None:
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": self.names["HOME"]}
        env |= {
            f"GIT_{who}_{what}": "dev@x.y"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        ran = subprocess.run(
            ["bash", "-euc", text], cwd=self.project.root, env=env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30,
        )  # fmt: skip
        assert ran.returncode == 0, f"{text}\n{ran.stdout.decode()}"

    def _sql(self, text: str) -> None:
        db = sqlite3.connect(self.project.root / ".todo_manager/store.db", isolation_level=None)
        for verb in ("update", "delete"):
            db.execute(f"DROP TRIGGER IF EXISTS ledger_no_{verb}")
        db.executescript(text)
        db.close()

    def _todo(self, line: str) -> None:
        self.project.run(*self.words(line)).ok()

    def _try(self, line: str) -> Ran:
        return self.project.run(*self.words(line))

    def _person(self, line: str) -> None:
        self.project.person(*self.words(line)).ok()

    def _answer(self, line: str) -> None:
        self.project.person(*self.words(line))

    def _plan(self, given: dict[str, str]) -> None:
        head = given.get("head", "")
        self.project.plan(given.get("id", "p"), given["phases"], head=head, imported=False)

    def _serve(self, sites: dict[str, dict[str, Any]]) -> None:
        for name, pages in sites.items():
            server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(pages))
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self._servers.append(server)
            self.names[name] = f"127.0.0.1:{server.server_port}"

    def _image(self, given: dict[str, Any]) -> None:
        assert self.engine
        files = debian(given["debian"]) if "debian" in given else given.get("files")
        self.engine.image(given["name"], *given.get("changes", ()), files=files)

    def _run(self, given: dict[str, Any]) -> None:
        assert self.engine
        options, command = given.get("options", ()), given.get("command", "")
        containers.run(self.engine, given["name"], given["image"], *options, command=command)

    def _docker(self, line: str) -> None:
        assert self.engine
        ran = self.engine.docker(*shlex.split(line))
        assert ran.returncode == 0, ran.stderr

    def _scan(self, said: dict[str, Any]) -> None:
        if self._scanners is None:
            self._scanners = Scanners(self.project)
            for name, data in _SBOMS.items():
                (self.project.root / "tools" / name).write_bytes(data)
        self._scanners.say(**said)


def _handler(pages: dict[str, Any]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def do_GET(self) -> None:
            page = pages.get(self.path, {"status": 404})
            body = page.get("body", "")
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(page.get("status", 200))
            for name, value in page.get("headers", {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
