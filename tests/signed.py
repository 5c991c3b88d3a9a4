"""A project in which persons sign: SSH keys made for a test, and a signers file that holds some of them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from forked import Forked
from required import need
from spoiled import database
from support import Project, Ran

from todo_manager.proof import MARKING, mark_of

SIGNERS = "signers.txt"


def key(folder: Path, name: str, *options: str) -> Path:
    """A new SSH key without a passphrase."""
    file = folder / name
    argv = [need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)]
    subprocess.run([*argv, *options], check=True)
    return file


def public(file: Path) -> str:
    """Type and key of a public key, as a signers file has them."""
    return " ".join(Path(f"{file}.pub").read_text().split()[:2])


class Signed(Forked):
    """A project with the keys `boss` and `worker`, of which the boss's is in the signers file."""

    def __init__(self, root: Path, home: Path) -> None:
        super().__init__(root, home)
        self.boss, self.worker = home / "boss", home / "worker"

    @classmethod
    def begun(cls, project: Project, phases: str) -> Signed:
        """Signers are pinned; the plan `p` was imported by the worker, and nobody has accepted it."""
        found = cls(project.root, Path(project.env["HOME"])).make()
        found.env["TODO_MANAGER_ACTOR"] = "worker@example.org"
        found.write("a.txt", "a")
        found.plan("p", phases)
        ran = found.pin()
        assert ran.exit == 0, ran
        return found

    def make(self) -> Signed:
        for file in (self.boss, self.worker):
            key(file.parent, file.name)
        self.signers({"boss@example.org": self.boss})
        self.write("todo_manager.yaml", f"signers: {SIGNERS}\n")
        return self

    def signers(self, keys: dict[str, Path]) -> Path:
        """Write the signers file: principals and options, and whose key it is."""
        lines = [f"{who} {public(file)}\n" for who, file in keys.items()]
        return self.write(SIGNERS, "".join(lines))

    def pin(self, file: Path | None = None) -> Ran:
        return self.person("signers", "--accept", "--key", file or self.boss)

    def by(self, file: Path, *words: object) -> Ran:
        """A verb signed with a key, without a terminal."""
        return self.ask(*words, "--key", file)


def append(project: Project, event: dict[str, Any]) -> int:
    """Append an event to the ledger by hand, with a chain, rows and a HEAD that fit; its number."""
    with database(project) as db:
        last = db.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
        event = event | {"seq": last["seq"] + 1, "prev": last["hash"]}
        body = json.dumps(event, sort_keys=True, separators=(",", ":"))
        hashed = hashlib.sha256(body.encode()).hexdigest()
        names = ("seq", "at", "event", "plan", "key", "actor")
        db.execute(
            "INSERT INTO ledger (seq, at, event, plan, key, actor, hash, body) VALUES (?,?,?,?,?,?,?,?)",
            (*(event[name] for name in names), hashed, body),
        )
        if event["event"] in ("imported", "accepted"):
            db.execute(
                "UPDATE plans SET accepted_seq = ?, accepted_hash = ?, accepted_by = ? WHERE id = ?",
                (event["seq"], hashed, event["actor"], event["plan"]),
            )
        if event["event"] in MARKING:
            data = event["data"]
            rows = (json.dumps(data["inputs"]), json.dumps(data.get("rests", {})))
            db.execute(
                "UPDATE phases SET mark = ?, mark_seq = ?, mark_hash = ?, mark_digest = ?,"
                " mark_inputs = ?, mark_rests = ? WHERE plan = ? AND key = ?",
                (mark_of(event), event["seq"], hashed, data["digest"], *rows, event["plan"], event["key"]),
            )  # fmt: skip
    (project.root / ".todo_manager/HEAD").write_text(f"{event['seq']} {hashed}\n")
    return int(event["seq"])


def whole(project: Project, seq: int) -> dict[str, Any]:
    """An event with everything in it."""
    with database(project) as db:
        found = db.execute("SELECT body FROM ledger WHERE seq = ?", (seq,)).fetchone()
    return dict(json.loads(found["body"]))


def kinds(events: Iterable[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events]
