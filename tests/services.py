"""What tests of deployments share: a small service in a plan of its own, and a client that counts."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.request import urlopen

from engine import Engine, free_port
from support import Project, Ran

TINI = 'ENTRYPOINT ["/usr/bin/tini", "--"]'
SERVE = 'CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]'
PROBED = "HEALTHCHECK --interval=1s --timeout=2s --retries=2 CMD test -f /www/well"
NETWORK = "services"
"""A network of their own: the addresses of the common one are also given by other engines here."""
KINDS = {"failed": "step_failed", "error": "step_error", "not_restored": "not_restored"}


def good(engine: Engine, version: str, *changes: str, **files: str) -> str:
    """An image svc:VERSION that serves its version at /health; its ID."""
    page = json.dumps({"status": "ok", "version": version})
    served = {"www/health": page, "www/well": "so"} | files
    return engine.image(f"svc:{version}", TINI, SERVE, f"ENV V={version}", *changes, files=served)


def bad(engine: Engine, version: str, command: str, **files: str) -> str:
    """An image that runs some shell text instead."""
    words = json.dumps(["sh", "-c", command])
    return engine.image(f"svc:{version}", TINI, f"CMD {words}", files=files)


def network(engine: Engine) -> dict[str, Any]:
    """The network of the services, which is made where there is none yet, as the engine describes it."""
    if not engine.api.networks(names=[NETWORK]):
        engine.docker("network", "create", NETWORK)
    found: dict[str, Any] = engine.api.inspect_network(NETWORK)
    return found


class Web:
    """The service `web` of a plan of its own: container, port, and what its steps do."""

    def __init__(
        self, place: Project, engine: Engine, step: str = "", *, more_ports: str = "", **more: str
    ) -> None:
        """`step` is put into the mapping of the deploy step, `more` into that of the service."""
        self.place, self.engine = place, engine
        network(engine)
        number = len(list(place.root.glob("plans/*")))
        self.plan, self.container = f"p{number}", f"web{number}"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/health"
        first = f'"127.0.0.1:{self.port}:8080"'
        self.ports = f"[{first}, {more_ports}]" if more_ports else f"[{first}]"
        self.more, self.step = more, step
        self.write()

    def write(self) -> None:
        """Import its plan: phase 0 deploys it, phase 1 takes it back, phase 2 wants that to be possible."""
        service = {
            "image": '"svc:${TAG}"',
            "container": self.container,
            "ports": self.ports,
            "networks": f"[{NETWORK}]",
            "outside": f'{{http: "{self.url}", json: {{status: ok}}}}',
        } | self.more
        keys = ", ".join(f"{key}: {value}" for key, value in service.items() if value)
        hosts = (
            f'hosts: {{local: {{docker: "{self.engine.url}"}},'
            ' pc9: {docker: "unix:///nowhere.sock"}}\n'
        )
        head = f"inputs: [TAG, FORCE_IMAGE_TAG, PORT]\nsecrets: [TOKEN]\nservices: {{web: {{{keys}}}}}\n"
        more = f", {self.step}" if self.step else ""
        self.place.plan(
            self.plan,
            f"- {{key: d, title: D, needs: [], steps: [{{deploy: web, within: 4s{more}}}],"
            " verify: [{file: none}]}\n"
            "- {key: r, title: R, needs: [], steps: [{rollback: web, within: 4s}],"
            " verify: [{file: none}]}\n"
            f"- {{key: c, title: C, needs: [], verify: [{{rollback_ready: {self.plan}/web}}]}}\n",
            head=hosts + head,
        )

    def words(self, phase: int, tag: str, **claims: object) -> list[str]:
        given = {"FORCE_IMAGE_TAG": "", "TAG": tag} | claims
        values = [word for name, value in given.items() for word in ("--var", f"{name}={value}")]
        return ["exec", self.plan, str(phase), "--run", *values]

    def deploy(self, tag: str, verdict: str = "passed", **claims: object) -> dict[str, Any]:
        """Deploy svc:TAG; the row of the step, after looking at its verdict."""
        return self._row(self.place.ask(*self.words(0, tag, **claims)), verdict)

    def rollback(self, tag: str, verdict: str = "passed") -> dict[str, Any]:
        return self._row(self.place.ask(*self.words(1, tag)), verdict)

    def ready(self) -> dict[str, Any]:
        """The row of the check rollback_ready."""
        row = self.place.ask("verify", self.plan, 2).data["phases"][0]["checks"][0]
        assert isinstance(row, dict)
        return row

    def start(self, tag: str, crash: str = "") -> subprocess.Popen[str]:
        """Begin to deploy in a process of its own, which may be made to die at a crash point."""
        env = {"TODO_MANAGER_CRASH_AT": f"deploy-{crash}"} if crash else None
        return self.place.start(*self.words(0, tag), env=env)

    def _row(self, ran: Ran, verdict: str) -> dict[str, Any]:
        ran.ok() if verdict == "passed" else ran.refused(KINDS[verdict])
        (row,) = ran.data["steps"]
        assert row["verdict"] == ("error" if verdict == "not_restored" else verdict), row
        assert isinstance(row, dict)
        return row

    def version(self) -> str:
        """The version that answers; empty when nothing does."""
        try:
            with urlopen(self.url, timeout=2) as answer:
                return str(json.load(answer).get("version", ""))
        except (OSError, ValueError):
            return ""

    def names(self) -> list[str]:
        """The containers of the service, running or not."""
        there = self.engine.docker("ps", "-a", "--format", "{{.Names}}").stdout.split()
        mine = (name for name in there if f"{name}-".startswith(f"{self.container}-"))
        return sorted(mine)

    def said(self) -> str:
        """Everything the last step wrote."""
        seq = self.place.events("ran")[-1]["seq"]
        return "\n".join(self.place.ask("log", "--run", seq).ok().data["outputs"].values())


class Gate:
    """What containers ask before they serve: each version may pass so many times."""

    def __init__(self) -> None:
        self.left: dict[str, int] = {}
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                version = self.path.strip("/")
                gate.left[version] = gate.left.get(version, 0) - 1
                self.send_response(200 if gate.left[version] >= 0 else 403)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = HTTPServer(("0.0.0.0", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, engine: Engine) -> str:
        """Where containers of an engine find it."""
        config = network(engine)["IPAM"]["Config"]
        return f"http://{config[0]['Gateway']}:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Client:
    """Asks a service every 100 ms, and counts what it does not get."""

    def __init__(self, web: Web) -> None:
        self.lost = 0
        self.asked = 0
        self.longest = 0.0
        """The longest time between two answers."""
        self._web = web
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stop.is_set():
            self.asked += 1
            if self._web.version():
                self.longest = max(self.longest, time.monotonic() - last)
                last = time.monotonic()
            else:
                self.lost += 1
            self._stop.wait(0.1)
        self.longest = max(self.longest, time.monotonic() - last)

    @contextmanager
    def polling(self) -> Iterator[Client]:
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()
