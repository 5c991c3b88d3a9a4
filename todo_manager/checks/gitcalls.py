"""Runs git on one repository, so that nothing the repository holds decides what else runs.

A repository's own configuration can name programs (hooks, filters, fsmonitor, credential helpers, ssh
commands) and can hide changes. Only that file of configuration is read, what it could start is
overridden, and git is asked for plumbing alone.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping

from todo_manager.checks.base import Ran, World
from todo_manager.checks.command import why_no_exit_code
from todo_manager.checks.ground import Unlookable, shown

_CREDENTIALS = re.compile(r"(?<=://)[^/\s']*@")

ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_LITERAL_PATHSPECS": "1",
    # `ext::` and remote helpers of other names are programs.
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes",
    "GIT_SSH_VARIANT": "ssh",
}
_OVERRIDES = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.untrackedCache": "false",
    "core.commitGraph": "false",
    "core.ignoreStat": "false",
    "core.checkStat": "default",
    "core.trustctime": "true",
    "core.fileMode": "true",
    "core.symlinks": "true",
    "core.ignoreCase": "false",
    "credential.helper": "",
    "advice.graftFileDeprecated": "false",
}
"""Settings with which a repository would start programs or make changes invisible."""
_FILTER = re.compile(r"filter\..*\.(clean|smudge|process|required)", re.DOTALL)
_ON_DEMAND = re.compile(r"extensions\.partialclone|remote\..*\.promisor", re.DOTALL)


def masked(text: str) -> str:
    """A text without the credentials that URLs in it carry."""
    return _CREDENTIALS.sub("***@", text)


class Git:
    """git in one folder, which must be the top of a repository. Every call may raise Unlookable."""

    def __init__(self, world: World, where: str, seconds: float) -> None:
        """`where` is a real path; `seconds` is how long all calls together may take."""
        self.where = where
        self.program = world.program("git")
        self._world = world
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._settings = dict(_OVERRIDES)
        self._repository: dict[str, str] = {}
        """The variables that name another repository than the folder's own."""

    def below(self, path: str) -> Git:
        """The same for a repository inside this one, with the time that is left."""
        where = os.path.realpath(os.path.join(self.where, path))
        return Git(self._world, where, self._end - time.monotonic())

    def with_repository(self, folder: str, objects: str) -> Git:
        """The same work tree under another `.git`, which takes its objects from a third folder."""
        found = Git(self._world, self.where, self._end - time.monotonic())
        found._repository = {
            "GIT_DIR": folder,
            "GIT_WORK_TREE": self.where,
            "GIT_OBJECT_DIRECTORY": objects,
        }
        return found

    def why_none(self) -> str:
        """Why the folder is not the top of a repository; empty when it looks like one."""
        if not os.path.lexists(self.where):
            return "it does not exist"
        self._refuse_pipes()
        names = os.listdir(self.where) if os.path.isdir(self.where) else []
        if ".git" in names or {"HEAD", "objects", "refs"} <= set(names):
            return ""
        return "it has no .git of its own" if os.path.isdir(self.where) else "it is not a folder"

    def _refuse_pipes(self) -> None:
        """Git would wait for whoever writes into a pipe that took the place of one of these."""
        for name in (".git", ".git/HEAD", ".git/config", ".git/index", "HEAD", "config"):
            path = os.path.join(self.where, name)
            if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
                raise Unlookable(f"{shown(path)} is neither a file nor a folder")

    def open(self) -> str:
        """Override what its configuration names; its work tree, empty when it is a bare repository."""
        self._refuse_pipes()
        # Reading the configuration starts nothing. An older git does not know how it is overridden.
        if self.text("config", "--get", "core.hooksPath") != "/dev/null":
            raise Unlookable("needs git 2.31 or newer")
        keys = self.text("config", "--list", "--name-only", "-z").split("\0")
        if any(_ON_DEMAND.fullmatch(key) for key in keys):
            raise Unlookable("it is a partial clone: what it lacks would be fetched while looking")
        for key in keys:
            if match := _FILTER.fullmatch(key):
                self._settings[key] = "false" if match[1] == "required" else ""
        if self.text("rev-parse", "--is-bare-repository") == "true":
            return ""
        top = self.text("rev-parse", "--show-toplevel")
        if os.path.realpath(top) != self.where:
            raise Unlookable(f"its work tree is {shown(top)}, another folder")
        return top

    def run(self, *words: str, env: Mapping[str, str] = {}) -> Ran:
        """git with these words; whatever it exits with is an answer to the caller."""
        return self._run([self.program.path, "-C", self.where, *words], f"git {words[0]}", env)

    def text(self, *words: str, env: Mapping[str, str] = {}) -> str:
        """What git writes, without the last line end; raises Unlookable unless it exits 0."""
        ran = self.run(*words, env=env)
        if ran.exit != 0:
            raise Unlookable(f"git {words[0]} exited {ran.exit}: {said(ran)}")
        if ran.stdout.truncated:
            raise Unlookable(f"git {words[0]} wrote {ran.stdout.size} bytes, more than are read")
        return ran.stdout.kept.decode("utf-8", "surrogateescape").removesuffix("\n")

    def shell(self, text: str, *words: str, env: Mapping[str, str] = {}) -> Ran:
        """A bash text that runs git as `"$0"`, in the repository, with words as `$1` and so on."""
        bash = self._world.program("bash").path
        options = ["--noprofile", "--norc", "-euo", "pipefail", "-c"]
        begin = f'cd -- "$1"; shift; {text}'
        argv = [bash, *options, begin, self.program.path, self.where, *words]
        return self._run(argv, "git", env)

    def begin_anew(self, seconds: float) -> None:
        """From now on all calls together may take so long."""
        self._seconds, self._end = seconds, time.monotonic() + seconds

    def program_of_ours(self, path: str, *words: str) -> Ran:
        """One of our programs of the standard library alone, in the environment git is given."""
        return self._run([sys.executable, "-I", "-S", path, *words], "git", {})

    def picked(self, pattern: str, *words: str) -> list[str]:
        """Of the NUL-ended records git writes those that match; a large repository has many others."""
        grep = self._world.program("grep").path
        text = '"$0" "${@:3}" | { "$1" -zE -e "$2" || [ $? = 1 ]; }'
        ran = self.shell(text, grep, pattern, *words)
        if ran.exit != 0:
            raise Unlookable(f"git {words[0]} exited {ran.exit}: {said(ran)}")
        records = ran.stdout.kept.decode("utf-8", "surrogateescape").split("\0")
        return [record for record in records if record]

    def set(self, settings: Mapping[str, str]) -> None:
        """More settings that stand above those of the repository."""
        self._settings.update(settings)

    def _run(self, argv: list[str], what: str, env: Mapping[str, str]) -> Ran:
        left = self._end - time.monotonic()
        if left <= 0:
            raise Unlookable(f"not looked through within {self._seconds:g} s")
        ran = self._world.run(argv, timeout=left, env=self._environment() | dict(env))
        if reason := why_no_exit_code(ran, self._seconds, argv[0]):
            raise Unlookable(f"{what}: {masked(reason)}")
        return ran

    def _environment(self) -> dict[str, str]:
        """In the environment a key may hold any character; in `-c key=value` not."""
        found = {"GIT_CONFIG_COUNT": str(len(self._settings))}
        for number, (key, value) in enumerate(self._settings.items()):
            found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        ceiling = {"GIT_CEILING_DIRECTORIES": os.path.dirname(self.where)}
        return ENVIRONMENT | found | ceiling | self._repository


def said(ran: Ran) -> str:
    """The first lines git wrote on standard error, without credentials."""
    lines = ran.stderr.kept.decode("utf-8", "replace").split("\n")
    told = " ".join(line.strip() for line in lines if line.strip())
    return masked(told)[:300] or "it said nothing"
