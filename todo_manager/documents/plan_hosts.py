"""The `hosts:` of a plan: machines from which checks look, by the names checks give them."""

from __future__ import annotations

from collections.abc import Callable

from todo_manager.canonical import Map, Scalar, Tree, line_of
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong
from todo_manager.checks.ground import location
from todo_manager.checks.parse import references
from todo_manager.documents.names import is_plain_id
from todo_manager.documents.substitution import Names
from todo_manager.engines.address import engine_address, shell_address
from todo_manager.problems import Problems, did_you_mean

_READERS: dict[str, Callable[[str], object]] = {
    "docker": engine_address,
    "ssh": shell_address,
    "name": str,
    "known_hosts": lambda text: location(Scalar(text)),
    "identity": lambda text: location(Scalar(text)),
}
"""What each key of a host must be; `name` is what its engine must call the machine.

`known_hosts` and `identity` are files for ssh: whose keys are known, and the key to log in with.
"""


def read(tree: Tree, names: Names, problems: Problems) -> dict[str, Map]:
    """Every host with its addresses as written, vars replaced; what is wrong was reported.

    `local` may be named to say where its engine listens; every other host needs an address.
    """
    if not isinstance(tree, Map):
        what = 'expected a mapping of names, like {pc2: {docker: "ssh://ops@pc2"}}'
        problems.error(line_of(tree), "hosts", what)
        return {}
    found = {}
    for name, value in tree.items():
        line, path = tree.key_lines.get(name, tree.line), f"hosts.{name}"
        if not is_plain_id(name):
            problems.error(line, path, f"{name!r} is not a name of a host: a-z 0-9 . _ - only")
        elif not isinstance(value, Map) or not value:
            problems.error(
                line, path, 'expected {docker: …, ssh: …}, like {docker: "ssh://ops@pc2"}'
            )
        else:
            found[name] = _host(value, path, names, problems)
    return found


def _host(tree: Map, path: str, names: Names, problems: Problems) -> Map:
    found = names.replace(tree, path)
    assert isinstance(found, Map)
    for key, value in found.items():
        line = tree.key_lines.get(key, tree.line)
        if key not in _READERS:
            problems.error(line, f"{path}.{key}", f"unknown key{did_you_mean(key, _READERS)}")
            continue
        if held := references(value) & {*names.inputs, *names.secrets}:
            problems.error(line, f"{path}.{key}", f"{min(held)} may not say which machine is asked")
            continue
        if references(value) - names.known:
            continue  # told already
        try:
            _READERS[key](fields.text(value))
        except Wrong as wrong:
            problems.error(line, f"{path}.{key}", str(wrong))
    return found
