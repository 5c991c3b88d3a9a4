"""What the checks of one run may use to look at the world (`checks.base.World`)."""

from __future__ import annotations

import copy
import math
import os
import pwd
import secrets
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from todo_manager import copies, coupling, programs
from todo_manager.canonical import Tree
from todo_manager.checks.base import Approval, BoundScript, Program, Ran, Unresolvable
from todo_manager.checks.parse import references
from todo_manager.definition import Definition, words_in
from todo_manager.documents.substitution import resolve_tree
from todo_manager.engines import archive
from todo_manager.engines.address import LOCAL, engine_address, local_engine
from todo_manager.engines.archive import Archive
from todo_manager.engines.engine import Engine, Unreachable
from todo_manager.engines.subjects import Image, Images, Subject, moved
from todo_manager.errors import EnvironmentProblem, Kind
from todo_manager.globs import matching
from todo_manager.hosts.elsewhere import Elsewhere
from todo_manager.pathwatch import PathWatch
from todo_manager.problems import did_you_mean
from todo_manager.processes.client import Cancel, Ids, Nanny, Tell
from todo_manager.project import Settings, inside
from todo_manager.shellword import word

ANSWER_SECONDS = 30.0
"""How long an engine or registry may take for each answer when subjects are looked at again."""

_WRITTEN = "the archive saved of it was written while it was looked at"


class RunWorld:
    """The world of one run of one phase. Close it: programs are ended, private files removed."""

    def __init__(
        self,
        root: Path,
        settings: Settings,
        definition: Definition,
        values: Mapping[str, str],
        place: Mapping[str, str],
        cancel: Cancel,
        services: Mapping[str, Tree] = {},
        limits: Mapping[str, float] = {},
        approvals: Mapping[str, tuple[Approval, ...]] | None = None,
    ) -> None:
        """`values` are the inputs, vars and secrets by name; `place` names plan and phase; `limits` are
        the seconds that policy.yaml allows a kind of action."""
        self.root = root
        self.cancel = cancel
        self._settings = settings
        self._definition = definition
        self._values = values
        self._private = _temporary_folder() / f"todo_manager-{secrets.token_hex(8)}"
        self._nothing = self._private / secrets.token_hex(8)
        """Nothing is there, and the way there is that to everything private."""
        self._nanny = Nanny(self._private, cancel)
        self._place = dict(place)
        self._services = services
        self._limits = limits
        self.plan = self._place.get("TODO_MANAGER_PLAN", "")
        self.phase_words = f"{word(self.plan)} {self._place.get('TODO_MANAGER_PHASE', '')}"
        self.approvals = approvals
        self._images = Images()
        self._looking: list[Subject] = []
        """What the attempt that this world is for has resolved."""
        self._resolved: dict[str, list[Subject]] = {}
        """What the verdict of each check rests on, by its id."""
        self.elsewhere = Elsewhere(root, definition.names.hosts, self.engine, cancel)
        self._archives: dict[tuple[str, str], Archive] = {}
        self._archive_of: dict[tuple[str, str], str] = {}
        self._saved: dict[str, str] = {}
        """The stamp of each archive, which lies where the user's own programs could write."""
        self._saving = threading.Lock()
        self._ways = PathWatch()
        self._ways.add(root / path for path in (*definition.pins, *definition.tools))
        self.tell: Tell | None = None

    def telling(self, tell: Tell) -> RunWorld:
        """The same world, its programs, archives and locks included, with another ear."""
        found = copy.copy(self)
        found.tell = tell
        return found

    def close(self) -> None:
        self._nanny.close()
        self.elsewhere.close()
        self._ways.close()
        shutil.rmtree(self._private, ignore_errors=True)

    def program(self, name: str) -> Program:
        return programs.resolve(name, self.root, self._settings, self._definition.pins)

    def engine(self, host: str, timeout: float) -> Engine:
        described = self._definition.names.hosts.get(host, {})
        docker = str(described.get("docker", ""))
        if host != LOCAL and not docker:
            raise Unreachable(f"the host {host} names no engine: write docker: under hosts.{host}")
        address = engine_address(docker) if docker else local_engine()
        return Engine(
            host,
            address,
            timeout,
            name=str(described.get("name", "")),
            reach=lambda shell: self.elsewhere.socket_to_engine(host, shell, timeout),
        )

    def local_docker(self) -> str:
        docker = str(self._definition.names.hosts.get(LOCAL, {}).get("docker", ""))
        return "" if docker.startswith("context:") else docker

    def image(self, engine: Engine, reference: str) -> Image:
        found = self._images.image(engine, reference)
        self.saw(found.subject)
        return found

    def saw(self, subject: Subject) -> None:
        self._looking.append(subject)

    def attempting(self, id_: str, *, anew: bool) -> RunWorld:
        found = copy.copy(self)
        if anew or id_ not in self._resolved:
            # A list of its own: an attempt that was given up may still be looking.
            self._resolved[id_] = []
        found._looking = self._resolved[id_]
        found.elsewhere = self.elsewhere.telling(found.saw)
        return found

    def save(self, engine: Engine, image: Image, timeout: float) -> Archive:
        key = (engine.host, image.id)
        # One at a time: the checks of a phase mostly want the same image, and disks are not faster for two.
        with self._saving:
            if key not in self._archives:
                try:
                    folder = self._fresh_folder("image-")
                    found = archive.save(engine, image, folder / "image.tar", timeout)
                except OSError as error:
                    raise Unresolvable(f"no archive can be kept: {error.strerror}") from None
                self._archives[key] = found
                self._saved.update(coupling.stamps(self.root, [found.path]))
                self._ways.add([Path(found.path)])
            self._archive_of[engine.host, image.reference] = self._archives[key].path
            return self._archives[key]

    def folder(self) -> Path:
        return self._fresh_folder("look-")

    def moved(self) -> dict[str, str]:
        """Why what a check was about is no longer what it was, by the check's id."""
        resolved = {id_: tuple(seen) for id_, seen in self._resolved.items()}
        why = moved(
            {each for seen in resolved.values() for each in seen},
            lambda host: self.engine(host, ANSWER_SECONDS),
            self._manifest,
        )
        written = {*coupling.touched(self.root, self._saved), *self._ways.moved()}
        spoiled = {key for key, path in self._archive_of.items() if path in written}
        told = {
            id_: [why[each] for each in seen if each in why]
            + [_WRITTEN for each in seen if (each.host, each.name) in spoiled]
            for id_, seen in resolved.items()
        }
        return {id_: "; ".join(dict.fromkeys(words)) for id_, words in told.items() if words}

    def _manifest(self, asked: Subject) -> str:
        from todo_manager.registries.client import Registry
        from todo_manager.registries.names import remote_name

        name = remote_name(asked.name)
        return Registry(self, name, ANSWER_SECONDS, asked.ca_file).top().digest

    def displaced(self) -> list[str]:
        """Pins and programs named under tools where another file stood for a while."""
        moved = self._ways.moved()
        bound = (*self._definition.pins, *self._definition.tools)
        return [path for path in bound if str(self.root / path) in moved]

    def strangers(self, patterns: Sequence[str]) -> list[str]:
        found = {name for each in patterns for name in matching(str(self.root), each)}
        return sorted(found - self._definition.pins.keys())

    def hand_over(self, text: str) -> dict[str, str]:
        return {name: self._values[name] for name in words_in(text, self._values)}

    def limit(self, kind: str) -> float:
        return self._limits.get(kind, math.inf)

    def service(self, name: str) -> Tree:
        if name not in self._services:
            guess = did_you_mean(name, self._services)
            raise Unresolvable(
                f"the plan has no service {name!r}{guess}; declare it under services"
            )
        found, names = self._services[name], self._definition.names
        for each in sorted(references(found) & {*names.inputs, *names.secrets}):
            if each not in self._values:
                raise Unresolvable(f"{each}, which the service {name} uses, has no value")
        return resolve_tree(found, self._values)

    def script(self, path: str) -> BoundScript:
        file = self._definition.files.get(path)
        if file is None:
            raise Unresolvable(f"{path} was not bound into this phase")
        helpers = self._definition.helpers if path in self._definition.coupled else ()
        folder = self._fresh_folder("script-")
        code, facts = folder / "code", folder / "facts"
        base = os.path.dirname(path) if not helpers else "/".join(path.split("/")[:2])
        copied = copies.write(code, (file, *helpers), base)
        self._ways.add(code / path for path in copied)
        facts.touch()
        texts = [bound.data.decode("utf-8", "replace") for bound in (file, *helpers)]
        return BoundScript(
            argv=self._interpreter(file, str(code / os.path.relpath(path, base))),
            sha256=file.sha256,
            env=self.hand_over("\n".join(texts))
            | {
                "TODO_MANAGER_SCRIPT_DIR": str((self.root / path).parent),
                "TODO_MANAGER_FACTS": str(facts),
            },
            facts=str(facts),
            touched=lambda: copies.touched(code, copied) or self._displaced_below(code),
        )

    def _displaced_below(self, folder: Path) -> list[str]:
        return [os.path.relpath(path, folder) for path in self._ways.moved(f"{folder}/")]

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        cwd: str = ".",
        env: Mapping[str, str] = {},
        user: str = "",
        tell: Tell | None = None,
    ) -> Ran:
        try:
            folder = self._working_folder(cwd)
            ids = _ids(user) if user else None
            scratch = self._fresh_folder("run-")
        except (ValueError, OSError) as error:
            return Ran(problem=str(error))
        if self._ways.problem:
            return Ran(problem=self._ways.problem)
        try:
            environment = self._environment(scratch, ids) | dict(env)
            before = _own_programs(scratch)
            ran = self._nanny.run(
                argv, cwd=str(folder), env=environment, timeout=timeout, ids=ids, tell=tell
            )
            if _own_programs(scratch) != before or self._ways.moved(str(self._nothing)):
                return Ran(
                    problem="its private folder, the first of PATH, was written while it ran"
                )
            return ran
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _working_folder(self, cwd: str) -> Path:
        if os.path.isabs(cwd) and Path(cwd).is_relative_to(self._private):
            return Path(cwd)
        return self.root if cwd == "." else inside(self.root, cwd)

    def _environment(self, scratch: Path, ids: Ids | None) -> dict[str, str]:
        (scratch / "tmp").mkdir()
        programs.write_python_wrappers(scratch / "bin")
        found = programs.base_environment(self.root, self._settings, scratch) | self._place
        if ids:
            # The private folder is closed to other users.
            found |= {"TMPDIR": "/tmp", "HOME": pwd.getpwuid(ids[0]).pw_dir}
        return found

    def _fresh_folder(self, prefix: str) -> Path:
        """A folder for one attempt: what a check leaves in its own must not reach any other.

        Both the first folder of PATH and the copies of scripts lie in such folders.
        """
        self._nanny.start()
        self._ways.add([self._nothing])
        return Path(tempfile.mkdtemp(prefix=prefix, dir=self._private))

    def _interpreter(self, file: coupling.BoundFile, copy: str) -> tuple[str, ...]:
        words = coupling.interpreter_line(file)
        return (self.program(words[0]).path, *words[1:], copy)


def _own_programs(scratch: Path) -> list[str]:
    """What changes when a program is put into the first folder of PATH, or another folder in its place."""
    try:
        return [coupling.stamp_of(os.lstat(path)) for path in (scratch, scratch / "bin")]
    except OSError:
        return []


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except OSError as error:
        raise EnvironmentProblem(
            f"no folder for temporary files: {error.strerror}",
            kind=Kind.DISK_FULL,
            hint="free some space, or set TMPDIR to a folder that has some; then repeat",
        ) from None


def _ids(user: str) -> Ids:
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise ValueError(f"there is no user {user} on this machine") from None
    return entry.pw_uid, entry.pw_gid, os.getgrouplist(user, entry.pw_gid)
