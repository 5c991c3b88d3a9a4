"""`host:` of command, http, tcp and file: they look from that machine, or say that they cannot."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from containers import verdict, verdicts
from engine import free_port, until
from forked import Forked
from gated import new_project
from machines import Machine

pytestmark = pytest.mark.ssh

ANSWER = '{"status": "ok"}'
SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = sys.argv[2].encode()
        self.send_response(302 if self.path == "/old" else 200)
        self.send_header("Location", "/new")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Forked:
    return new_project(tmp_path_factory.mktemp("host"))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def port(pc2: Machine) -> Iterator[int]:
    """A port of pc2's loopback at which a server answers; this machine has nothing there."""
    found = free_port()
    argv = [*pc2.entry(), "/usr/bin/python3", "-c", SERVER, str(found), ANSWER]
    server = subprocess.Popen(argv)
    until(lambda: f":{found}" in pc2.run("ss", "-ltn").stdout, "the server on pc2")
    yield found
    server.kill()
    server.wait()


PASSED = [
    "command: [hostname], stdout: {equals: pc2}",
    "command: 'hostname | grep -qx pc2'",
    "command: ['false'], exit: 1",
    "command: [pwd], cwd: /etc, stdout: {equals: /etc}",
    "command: 'test \"$WORD\" = \"a b\"', env: {WORD: 'a b'}",
    "command: [env], stdout: {contains: LANG=C.UTF-8, lacks: SSH_CONNECTION}",
    "http: 'http://127.0.0.1:PORT/', json: {status: ok}",
    "http: 'http://localhost:PORT/', body: {contains: ok}",
    "http: 'http://127.0.0.1:PORT/old', follow_redirects: true, json: {status: ok}",
    "tcp: '127.0.0.1:PORT', send: \"GET / HTTP/1.0\\r\\n\\r\\n\", expect: '200 OK'",
    "tcp: '127.0.0.1:1', listening: false",
    "file: /etc/passwd, contains: ['root:'], mode: 644, owner: root",
    "file: '/etc/pass*d', count: 1",
    "file: /etc, count: {ge: 3}",
    "file: /etc/no-such-file, exists: false",
    "file: FOLDER/sshd_config, max_age: 1h, newer_than: /etc/passwd",
]
FAILED = {
    "command: [hostname], stdout: {equals: mainpc}": "pc2",
    "command: ['false']": "exited 1",
    "command: 'false | cat'": "exited 1",
    "http: 'http://127.0.0.1:1/'": "connection refused",
    "http: 'http://127.0.0.1:PORT/', json: {status: down}": "ok",
    "http: 'http://127.0.0.1:PORT/', status: 404": "status 200",
    "tcp: '127.0.0.1:1'": "connection refused",
    "tcp: '127.0.0.1:PORT', listening: false": "accepted a connection",
    "tcp: '127.0.0.1:PORT', send: \"x\\r\\n\\r\\n\", expect: hello": "the answer",
    "tcp: '127.0.0.1:PORT', expect: hello, timeout: 5s": "no complete answer within 5 s",
    "tcp: '127.0.0.1:DEAF', timeout: 6s": "no complete answer within 6 s (while connecting)",
    "http: 'http://127.0.0.1:DEAF/', timeout: 6s": "no complete answer within 6 s (while connecting)",
    "file: /etc/no-such-file": "does not exist",
    "file: /etc/passwd, exists: false": "there: /etc/passwd",
    "file: /etc/passwd, lacks: ['root:']": "in it",
    "file: FOLDER/sshd_config, newer_than: /no/such": "does not exist",
}
ERRORS = {
    "command: [no-such-program]": "needs no-such-program: no such program there",
    "command: 'no-such-program'": "127",
    "command: 'kill -9 $$'": "killed by signal 9",
    "command: [sleep, '60'], timeout: 5s": "still running after 5s",
    "command: [pwd], cwd: /no/such": "No such file or directory",
    "http: 'http://no-such-name.invalid/'": "the name does not resolve",
    "tcp: 'no-such-name.invalid:80'": "the name does not resolve",
    "tcp: 'no-such-name.invalid:80', listening: false": "the name does not resolve",
    "tcp: '192.0.2.1:80'": "network is unreachable",
    "file: /etc/passwd, owner: no-such-user": "no user no-such-user",
    "file: /proc/1/mem, contains: [x]": "could not look",
}


Rows = dict[str, dict[str, Any]]


DEAF = """
import socket, time
held = [socket.socket() for _ in range(5)]
held[0].bind(("127.0.0.1", 0))
held[0].listen(0)
for each in held[1:]:
    each.setblocking(False)
    each.connect_ex(held[0].getsockname())
print(held[0].getsockname()[1], flush=True)
time.sleep(1000)
"""


@pytest.fixture(scope="module")
def deaf(pc2: Machine) -> Iterator[int]:
    """A port of pc2's loopback that neither accepts nor refuses."""
    argv = [*pc2.entry(), "/usr/bin/python3", "-c", DEAF]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield int(server.stdout.readline())
        server.kill()


@pytest.fixture(scope="module")
def rows(place: Forked, pc2: Machine, port: int, deaf: int) -> Rows:
    """Every check of the lists above, from pc2: one connection, side by side."""
    written = [*PASSED, *FAILED, *ERRORS]
    filled = [
        f"{check}, host: pc2".replace("PORT", str(port))
        .replace("DEAF", str(deaf))
        .replace("FOLDER", str(pc2.folder))
        for check in written
    ]
    return dict(zip(written, verdicts(place, pc2.head(), filled).values()))


@pytest.mark.parametrize("check", PASSED)
def test_what_holds_there(rows: Rows, check: str) -> None:
    assert rows[check]["verdict"] == "passed", rows[check]


@pytest.mark.parametrize("check", FAILED)
def test_what_does_not(rows: Rows, check: str) -> None:
    assert rows[check]["verdict"] == "failed", rows[check]["actual"]
    assert FAILED[check] in rows[check]["actual"]


@pytest.mark.parametrize("check", ERRORS)
def test_what_could_not_be_looked_at(rows: Rows, check: str) -> None:
    assert rows[check]["verdict"] == "error", rows[check]
    assert ERRORS[check].lower() in rows[check]["actual"].lower()


def test_the_same_checks_here_say_otherwise(place: Forked, pc2: Machine, port: int) -> None:
    """What stands on pc2's loopback does not stand on ours, so none of it was answered from here."""
    here = [f"tcp: '127.0.0.1:{port}'", "command: [hostname], stdout: {equals: pc2}"]
    for row in verdicts(place, pc2.head(), here).values():
        assert row["verdict"] == "failed", row


LOGINS = {
    "known_hosts": ("unknown", "the key of pc2 (ssh root@127.0.0.1:"),
    "other": ("other", "shows another key than"),
    "revoked": ("revoked", "the key of pc2"),
    "missing": ("missing", "No such file"),
    "stranger": ("known_hosts", "refused root: none of 1 keys is accepted"),
    "locked": ("known_hosts", "cannot be used without its passphrase"),
    "nonsense": ("known_hosts", "it is no private key"),
}
"""What is wrong with a login: the file of known hosts, and what is said. Its name is that of the key."""


@pytest.fixture(scope="module")
def keys(pc2: Machine) -> Path:
    """Files of keys and known hosts, each wrong in its way."""
    known = pc2.known_hosts.read_text()
    stranger = (pc2.folder / "stranger.pub").read_text().split()
    files = {
        "unknown": known.replace("127.0.0.1", "127.0.0.2"),
        "other": f"{known.split()[0]} {stranger[0]} {stranger[1]}\n",
        "revoked": f"{known}@revoked * {' '.join(known.split()[1:])}\n",
        "nonsense": "no key",
    }
    for name, text in files.items():
        (pc2.folder / name).write_text(text)
    if not (pc2.folder / "locked").exists():
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", pc2.folder / "locked"]
        subprocess.run(argv, check=True)
    return pc2.folder


@pytest.mark.parametrize("name", LOGINS)
def test_logins_that_are_refused(place: Forked, pc2: Machine, keys: Path, name: str) -> None:
    """Over an unknown key nothing is asked; nothing asks a person; every kind says error."""
    known, words = LOGINS[name]
    identity = keys / name if name in ("stranger", "locked", "nonsense") else pc2.identity
    head = pc2.head(known_hosts=str(keys / known), identity=str(identity))
    checks = [
        "command: [hostname]",
        "http: 'http://127.0.0.1:1/'",
        "tcp: '127.0.0.1:1', listening: false",
        "file: /nothing, exists: false",
        "image: 'app:1'",
    ]
    found = verdicts(place, head, [f"{check}, host: pc2" for check in checks])
    for row in found.values():
        assert row["verdict"] == "error", row
        assert words in row["actual"], row


def test_a_hashed_name_is_known(place: Forked, pc2: Machine) -> None:
    hashed = pc2.folder / "hashed"
    hashed.write_text(pc2.known_hosts.read_text())
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", hashed], check=True, capture_output=True)
    assert "127.0.0.1" not in hashed.read_text()
    head = pc2.head(known_hosts=str(hashed))
    row = verdict(place, head, "command: [hostname], host: pc2")
    assert row["verdict"] == "passed", row


@pytest.mark.parametrize("trouble", ["refused", "silent", "nonsense"])
def test_a_machine_that_is_down(place: Forked, serve: Any, closed_port: int, trouble: str) -> None:
    """All of them end within one timeout, also when nobody answers at all."""
    port = closed_port
    if trouble != "refused":
        words = b"HTTP/1.0 400 Bad Request\r\n\r\n" if trouble == "nonsense" else b""
        port = serve(lambda sock: (sock.sendall(words), sock.recv(1) and time.sleep(60)))
    head = (
        f'hosts: {{pc2: {{ssh: "root@127.0.0.1:{port}", docker: "ssh://root@127.0.0.1:{port}"}}}}\n'
    )
    checks = [f"command: [hostname], env: {{N: 'x{n}'}}, timeout: 3s, host: pc2" for n in range(5)]
    checks += ["tcp: '127.0.0.1:1', timeout: 3s, host: pc2"]
    checks += ["file: /nothing, exists: false, timeout: 3s, host: pc2"]
    checks += ["image: 'app:1', timeout: 3s, host: pc2"]
    started = time.monotonic()
    found = verdicts(place, head, checks)
    assert time.monotonic() - started < 8
    for row in found.values():
        assert row["verdict"] == "error", row
        assert "pc2 (ssh" in row["actual"], row


SLOW = {
    "tcp: '127.0.0.1:PORT', expect: hello": ("failed", "no complete answer within 2 s"),
    "tcp: '127.0.0.1:PORT'": ("passed", ""),
    "http: 'http://127.0.0.1:PORT/', json: {status: ok}": ("passed", ""),
    "http: 'http://127.0.0.1:DEAF/'": ("failed", "no complete answer within 2 s"),
    "file: /etc/passwd, contains: ['root:']": ("passed", ""),
    "command: [hostname], stdout: {equals: pc2}": ("passed", ""),
    "command: [sleep, '60']": ("error", "still running after 2s"),
}


def test_a_machine_that_is_slow_to_begin(place: Forked, pc2: Machine, port: int, deaf: int) -> None:
    """It has let us in, so it is not down; and what it takes to begin is no silence of the target."""
    checks = [
        f"{check}, timeout: 2s, host: pc2".replace("PORT", str(port)).replace("DEAF", str(deaf))
        for check in SLOW
    ]
    with pc2.before_each("sleep 4") as key:
        found = verdicts(place, pc2.head(identity=str(key)), checks)
    for row, (verdict_, words) in zip(found.values(), SLOW.values()):
        assert row["verdict"] == verdict_, row
        assert words in row["actual"]


def test_a_host_that_names_no_login(place: Forked, pc2: Machine) -> None:
    row = verdict(place, pc2.head(ssh=""), "tcp: '127.0.0.1:1', host: pc2")
    assert (row["verdict"], row["actual"]) == (
        "error",
        "the host pc2 names no login: write ssh: under hosts.pc2",
    )


def test_secrets_stand_in_no_argument(place: Forked, pc2: Machine) -> None:
    """Neither in this process's arguments nor over there, where everybody could read them."""
    head = f"secrets: [DOOR_CODE]\n{pc2.head()}"
    text = '\'test -n "$DOOR_CODE"; ! grep -ral "$DOOR_CODE" /proc/[0-9]*/cmdline\''
    place.plan("secret", f"- {{title: T, verify: [{{command: {text}, host: pc2}}]}}", head=head)
    ran = place.run("done", "secret", 0, env={"DOOR_CODE": "open-sesame-42"}, json=True)
    assert ran.data["checks"][0]["verdict"] == "passed", ran
    assert "open-sesame-42" not in ran.out


def processes_with(mark: str) -> list[str]:
    """Processes in whose arguments a text stands."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark in file.read_bytes().decode("utf-8", "replace"):
                found.append(file.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("limit", ["30s", "4s"])
def test_nothing_is_left_behind(place: Forked, pc2: Machine, limit: str) -> None:
    """Neither by a program that passes nor by one that is ended: not even in a session of its own."""
    mark = f"31{limit[:-1]}59.26"
    wait = "; hostname" if limit == "30s" else "; sleep 60"
    text = f"'env -i setsid sleep {mark} & (setsid sleep {mark} > /dev/null &) {wait}'"
    check = f"command: {text}, timeout: {limit}, host: pc2"
    row = verdict(place, pc2.head(), check)
    assert row["verdict"] == ("passed" if limit == "30s" else "error"), row
    assert row["facts"].get("leaked", 0) >= 2
    until(lambda: not processes_with(mark), "the end of what was left", 5)


def test_output_is_kept_in_part_and_hashed_whole(place: Forked, pc2: Machine) -> None:
    check = "command: 'head -c 20000000 /dev/zero | tr \"\\0\" a', stdout: {contains: aaa}"
    row = verdict(place, pc2.head(), f"{check}, host: pc2")
    assert row["verdict"] == "passed", row
    (output,) = [each for each in row["outputs"] if each["stream"] == "stdout"]
    assert output["size"] == 20_000_000
    assert output["truncated"] is True


def test_a_connection_that_breaks_is_an_error(place: Forked, pc2: Machine) -> None:
    """Not the target's failure: whatever it would have said is unknown."""
    seconds = f"20.{os.getpid()}"  # other programs sleep, too
    slow = "import socket,time;s=socket.socket();s.bind(('127.0.0.1',0));s.listen();print(s.getsockname()[1],flush=True);c=s.accept()[0];c.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nok');print('said',flush=True);time.sleep(60)"
    with subprocess.Popen(
        [*pc2.entry(), "/usr/bin/python3", "-c", slow], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        place.plan("breaks", f"""
          - title: T
            verify:
              - {{http: 'http://127.0.0.1:{port}/', body: {{contains: ok}}, timeout: 20s, host: pc2}}
              - {{command: [sleep, '{seconds}'], timeout: 25s, host: pc2}}
        """, head=pc2.head())  # fmt: skip
        running = place.start("verify", "breaks", 0, "--json")
        until(lambda: processes_with(f"sleep\x00{seconds}"), "the program on pc2")
        assert server.stdout.readline().strip() == "said"
        pc2.hang_up()
        out, _ = running.communicate(timeout=60)
        server.kill()
    for row in json.loads(out)["data"]["phases"][0]["checks"]:
        assert row["verdict"] == "error", row
        assert "pc2" in row["actual"]


REFUSED = {
    "script: a.sh, host: pc2": "script looks from this machine only",
    "image: 'app:1', inside: web": "image does not look from inside a container",
    "file: a.txt, host: pc2": "a.txt is a path of the project; pc2 has none",
    "file: '*', inside: web": "is a path of the project",
    "command: ['true'], host: pc2, user: app": "runs as the user of its login",
    "command: ['true'], inside: web, cwd: a": "cwd is an absolute path",
    "command: ['true'], host: pc3": "there is no host 'pc3' (did you mean pc2?)",
    "tcp: 'a:1', inside: 'a b'": "is not the name of a container",
}


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(place: Forked, check: str) -> None:
    place.write("a.sh", "#!/bin/sh\n")
    head = "hosts: {pc2: {ssh: pc2}}\n"
    place.plan("bad", f"- {{title: T, verify: [{{{check}}}]}}", head=head, imported=False)
    told = place.ask("lint", "plans/bad.yaml").refused("invalid_document").data["problems"]
    assert REFUSED[check] in "\n".join(told)
