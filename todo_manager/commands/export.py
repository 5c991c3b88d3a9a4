"""A plan as a document: in plan@1 (YAML or JSON), as a task queue, or the bytes that were imported.

With --bundle: what of it is proven, as in-toto statements in DSSE envelopes, one a line, signed with the
private key of --key (PEM or OpenSSH; its passphrase in TODO_MANAGER_KEY_PASSPHRASE), or through ssh-keygen
with the private half of a public SSH key, in an agent or on hardware. Without a key they are signed by
nobody, and `status --bundle` believes none.

Imported anywhere else, beside the same scripts, plan@1 gives the same gates and texts.

exit: 0 · 1 nothing is done that a bundle could hold · 2 the format cannot hold the plan, or no key ·
3 the file cannot be written · 9 a mark, or what was accepted, does not verify
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from todo_manager import exporting, stored_plan
from todo_manager.attesting import bundle, keys
from todo_manager.commands import common
from todo_manager.documents import plan_tree
from todo_manager.documents.names import is_plain_id
from todo_manager.editing import files
from todo_manager.errors import UsageProblem
from todo_manager.plans import Plan
from todo_manager.render.output import Output
from todo_manager.shellword import word
from todo_manager.workspace import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    parser.add_argument("--format", choices=exporting.FORMATS, help="default: yaml")
    parser.add_argument("--original", action="store_true", help="the document as it was accepted")
    parser.add_argument(
        "--id", metavar="ID", help="another id, where plan@1 cannot have the plan's"
    )
    parser.add_argument("--bundle", metavar="FILE", help="write there what of it is proven")
    parser.add_argument("--key", metavar="FILE", help="the key that signs the bundle")
    parser.add_argument("-o", dest="file", metavar="FILE", help="write it there, not to the output")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0, 2 for a plan the format cannot hold, 9 when a mark or the stored document does not verify."""
    if arguments.bundle is not None or arguments.key is not None:
        return _bundle(arguments, output)
    if arguments.original and (arguments.format or arguments.id):
        raise UsageProblem(
            "--original is the document as it is: it has no other format and no other id",
            hint=f"todo_manager export {word(arguments.plan)} --original",
        )
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    format = "original" if arguments.original else arguments.format or "yaml"
    if format == "original":
        data = stored_plan.accepted_bytes(project, plan)
    else:
        data = _written(project, plan, format, arguments.id, output).encode()
    output.data = {"plan": plan.id, "format": format, "file": arguments.file}
    if arguments.file:
        files.put(Path(arguments.file), data)
        output.say(f"{plan.id}: written to {arguments.file}")
        return 0
    output.data["document"] = data.decode()
    _hand_over(data.decode(), output)
    return 0


def _bundle(arguments: argparse.Namespace, output: Output) -> int:
    others = (arguments.original, arguments.format, arguments.id, arguments.file)
    if arguments.bundle is None or any(others):
        raise UsageProblem(
            "--key signs a bundle, and a bundle has no other format, id or place",
            hint=f"todo_manager export {word(arguments.plan)} --bundle FILE --key KEY",
        )
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    signer = keys.signer(arguments.key) if arguments.key else None
    found = bundle.make(project, plan, signer)
    files.put(Path(arguments.bundle), found.text.encode())
    signed = signer.public_key.keyid if signer else None
    output.data = {"plan": plan.id, "format": "bundle", "file": arguments.bundle, "key": signed}
    output.data["phases"] = list(found.phases)
    held = sum(row["event"] is not None for row in found.phases)
    output.say(f"{plan.id}: {held} of {len(found.phases)} phases written to {arguments.bundle}")
    if signer is None:
        output.talk(
            "warning: it is signed by nobody, and proves nothing to anybody; give it --key KEY"
        )
    return 0


def _hand_over(text: str, output: Output) -> None:
    """To the byte where a program or file takes it; a terminal gets what cannot play tricks."""
    if output.screen:
        output.say(text.removesuffix("\n"))
    elif not output.json:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        output.put(text)


def _written(project: Project, plan: Plan, format: str, wanted: str | None, output: Output) -> str:
    document, found = exporting.accepted(project, plan)
    if format == "queue-json":
        if any(phase.required for phase in plan.phases):
            output.talk("note: a task queue has no place for checks; their phases are texts in it")
        return exporting.as_queue(project, plan, document, found)
    exporting.require_phases(found)
    id_ = wanted or plan_tree.id_for(plan.id)
    if not is_plain_id(id_):
        raise UsageProblem(
            f"{id_!r} is not an id: a-z 0-9 . _ - only, beginning with a-z or 0-9",
            hint=f"todo_manager export {word(plan.id)} --id {plan_tree.id_for(plan.id)}",
        )
    if id_ != plan.id:
        output.talk(f"note: it is called {id_} there; scripts for it belong in phases/{id_}")
    return exporting.as_plan(document, found, json=format == "json", id_=id_)
