"""Logging in to another machine over ssh, as the plan says: its key must be known, no password is asked for.

What `~/.ssh/config` says is not looked at: it would let the same plan ask another machine.
"""

from __future__ import annotations

import os
import pwd
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from todo_manager.engines.address import Shell
from todo_manager.engines.engine import Unreachable

T = TypeVar("T")

_importing = threading.Lock()
_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_SYSTEM_HOSTS = "/etc/ssh/ssh_known_hosts"


class Login(Struct, frozen=True, kw_only=True):
    """Where and as whom to log in, and how both sides prove who they are."""

    host: str
    """The name the plan gives the machine, for messages."""
    shell: Shell
    known_hosts: str = ""
    """The file of known keys; empty: the user's own, and the system's."""
    identity: str = ""
    """The file of the one key to log in with; empty: the agent's, then the user's own."""

    def place(self) -> str:
        return f"{self.host} (ssh {self.shell})"


def transport(login: Login, seconds: float) -> Any:
    """A paramiko Transport that is logged in; raises Unreachable, naming the host."""
    try:
        return in_time(seconds, lambda: _logged_in(login, seconds), lambda late: late.close())
    except TimeoutError:
        raise Unreachable(f"{login.place()} does not answer within {seconds:g} s") from None


def in_time(seconds: float, work: Callable[[], T], tidy: Callable[[T], object]) -> T:
    """What `work` gives within so many seconds, else TimeoutError; what comes later is tidied away."""
    done: list[T] = []
    raised: list[BaseException] = []
    lock, given_up = threading.Lock(), threading.Event()

    def go() -> None:
        try:
            found = work()
        except BaseException as error:
            raised.append(error)
            return
        with lock:
            if not given_up.is_set():
                done.append(found)
                return
        tidy(found)

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    thread.join(max(0.0, seconds))
    with lock:
        given_up.set()
    if raised:
        raise raised[0]
    if not done:
        raise TimeoutError
    return done[0]


def import_paramiko() -> Any:
    """The library, imported by one thread alone and kept from writing to our streams."""
    with _importing:
        import logging

        logging.getLogger("paramiko").addHandler(logging.NullHandler())
        try:
            import paramiko
        except ImportError:
            raise Unreachable(
                "to look over ssh it needs paramiko: pip install 'todo_manager[ssh]'"
            ) from None
    return paramiko


def _logged_in(login: Login, seconds: float) -> Any:
    paramiko = import_paramiko()
    end = time.monotonic() + seconds
    found = None
    try:
        sock = socket.create_connection((login.shell.host, login.shell.port), seconds)
        found = paramiko.Transport(sock)
        found.banner_timeout = found.auth_timeout = seconds
        known = _known_keys(login)
        _prefer(found, known)
        found.start_client(timeout=end - time.monotonic())
        _check_key(login, found.get_remote_server_key(), known)
        _authenticate(login, found)
    except BaseException as problem:
        if found is not None:
            found.close()
        if isinstance(problem, socket.gaierror):
            raise Unreachable(f"{login.place()}: the name does not resolve") from None
        if isinstance(problem, (OSError, EOFError, paramiko.SSHException)):
            reason = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
            raise Unreachable(f"{login.place()} does not answer: {reason}") from None
        raise
    return found


def _lines(login: Login) -> Iterator[list[str]]:
    """The words of every line of the files of known keys; raises Unreachable for one that is named."""
    files = [login.known_hosts] if login.known_hosts else [_home(".ssh/known_hosts"), _SYSTEM_HOSTS]
    for file in files:
        try:
            text = Path(file).read_text(encoding="utf-8", errors="replace")
        except OSError as problem:
            if login.known_hosts:
                raise Unreachable(
                    f"{login.place()}: known_hosts {file}: {problem.strerror}"
                ) from None
            continue
        for line in text.splitlines():
            if len(words := line.split()) >= 3 and not line.startswith("#"):
                yield words


def _known_keys(login: Login) -> list[Any]:
    """The keys that this machine is known by, without those that were revoked.

    Certificates of authorities and patterns of names are not understood, so they vouch for nobody.
    """
    paramiko = import_paramiko()
    name = login.shell.host
    if login.shell.port != 22:
        name = f"[{name}]:{login.shell.port}"
    lines = list(_lines(login))
    revoked = {words[3] for words in lines if words[0] == "@revoked" and len(words) > 3}
    found = []
    for words in lines:
        if words[0].startswith("@") or words[2] in revoked:
            continue
        try:
            entry = paramiko.hostkeys.HostKeyEntry.from_line(" ".join(words[:3]))
        except (paramiko.SSHException, paramiko.hostkeys.InvalidHostKey, ValueError):
            continue
        if entry and any(_names(each, name) for each in entry.hostnames):
            found.append(entry.key)
    return found


def _names(written: str, name: str) -> bool:
    """Whether a name of a line, which may be hashed, is this one."""
    if written.startswith("|1|"):
        name = str(import_paramiko().HostKeys.hash_host(name, written))
    return name == written


def _prefer(transport: Any, known: list[Any]) -> None:
    """Have the server show a kind of key by which it is known, where it has several."""
    names = {key.get_name() for key in known}
    options = transport.get_security_options()
    ours = [kind for kind in options.key_types if _kind(kind) in names]
    options.key_types = [*ours, *(kind for kind in options.key_types if kind not in ours)]


def _kind(algorithm: str) -> str:
    return "ssh-rsa" if algorithm.startswith("rsa-sha2-") else algorithm


def _check_key(login: Login, shown: Any, known: list[Any]) -> None:
    if any(shown.asbytes() == key.asbytes() for key in known):
        return
    where = login.known_hosts or "~/.ssh/known_hosts"
    told = f"it shows {shown.get_name()} {shown.fingerprint}"
    if known:
        raise Unreachable(f"{login.place()} shows another key than {where} knows: {told}")
    raise Unreachable(
        f"the key of {login.place()} is not in {where}: {told}; "
        "a person compares it and adds it with ssh-keyscan"
    )


def _authenticate(login: Login, transport: Any) -> None:
    """Try each key once. No password, no question to anybody."""
    paramiko = import_paramiko()
    user = login.shell.user or pwd.getpwuid(os.getuid()).pw_name
    tried, locked = 0, []
    for name, key in _keys(login):
        if key is None:
            locked.append(name)
            continue
        tried += 1
        try:
            transport.auth_publickey(user, key)
        except paramiko.AuthenticationException:
            if not transport.is_active():
                break
        if transport.is_authenticated():
            return
    also = f"; {', '.join(locked)} cannot be used without its passphrase" if locked else ""
    raise Unreachable(f"{login.place()} refused {user}: none of {tried} keys is accepted{also}")


def _keys(login: Login) -> Iterator[tuple[str, Any]]:
    """Keys with their names, in the order in which they are tried; None for one that is locked."""
    paramiko = import_paramiko()
    if login.identity:
        yield login.identity, _key(login, login.identity)
        return
    agent = paramiko.Agent()
    try:
        yield from (("agent", key) for key in agent.get_keys())
    finally:
        agent.close()
    for name in _DEFAULT_KEYS:
        if os.path.exists(file := _home(f".ssh/{name}")):
            yield file, _key(login, file)


def _key(login: Login, file: str) -> Any:
    paramiko = import_paramiko()
    try:
        return paramiko.PKey.from_path(file)
    except (TypeError, paramiko.PasswordRequiredException):
        return None
    except (OSError, ValueError, paramiko.SSHException, paramiko.UnknownKeyType) as problem:
        reason = getattr(problem, "strerror", None) or "it is no private key"
        raise Unreachable(f"{login.place()}: identity {file}: {reason}") from None


def _home(path: str) -> str:
    """A path of this user's own; not by $HOME, which anybody may set."""
    return os.path.join(pwd.getpwuid(os.getuid()).pw_dir, path)
