"""Begin a plan: write its document with a first phase to change, and take it in.

The document is a file of the project, for an editor and for git. More phases and checks come with
`add`, or by hand; a person accepts them.

exit: 0 made and taken in · 2 an id or file that is taken or unusable ·
3 nothing can be written here
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from pathlib import Path

from todo_manager import binding, documents, project, reads, starter, store
from todo_manager.canonical import Map, Scalar, Seq
from todo_manager.commands import import_
from todo_manager.documents.names import LONGEST_ID, is_plain_id
from todo_manager.documents.plan_yaml import SCHEMA
from todo_manager.documents.plan_yaml_writer import write
from todo_manager.editing import files
from todo_manager.errors import UsageProblem
from todo_manager.render.output import Output
from todo_manager.schema import plan_schema
from todo_manager.shellword import word

_EXPLAIN = (
    "What is to be done, and why, in Markdown. What has to be so when it is done stands below.\n"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="a-z 0-9 . _ - only; scripts for it lie in phases/<id>")
    parser.add_argument("--title", help="what the plan is about, in one line")
    parser.add_argument(
        "--phase",
        action="append",
        default=[],
        metavar="TITLE",
        help="a phase instead of the example",
    )
    parser.add_argument("--file", metavar="FILE", help="default: plans/<id>.yaml")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0, 2 for an id or file that is taken or unusable, 3 when nothing can be written here."""
    root = project.find(Path.cwd()) or project.home_for(Path.cwd())
    id_ = arguments.id
    _refuse_id(root, id_)
    file = Path(arguments.file) if arguments.file else root / "plans" / f"{id_}.yaml"
    path = _in_project(root, file)
    data = _document(root, file, arguments)
    binding.bind(root, project.settings(root), documents.parse(data, path), path)
    files.create(file, data)
    try:
        _write_schema(root)
        arguments.files = [os.path.relpath(file)]
        code = import_.run(arguments, output)
    except BaseException:
        if not _is_known(root, id_):
            with contextlib.suppress(OSError):
                file.unlink()
        raise
    output.data |= {"plan": id_, "file": path}
    output.say(f"  then: todo_manager add {id_} phase TITLE, or edit {word(path)}")
    return code


def _refuse_id(root: Path, id_: str) -> None:
    if not is_plain_id(id_):
        raise UsageProblem(
            f"{id_!r} is not an id: a-z 0-9 . _ - only, beginning with a-z or 0-9, "
            f"at most {LONGEST_ID} letters",
            hint="like: todo_manager new billing-release --title 'Release the billing service'",
        )
    if _is_known(root, id_):
        raise UsageProblem(f"the plan {id_} is known", hint=f"todo_manager show {word(id_)}")


def _is_known(root: Path, id_: str) -> bool:
    if not store.path_of(root).exists():
        return False
    with contextlib.closing(reads.open_store(str(root))) as db:
        return db.execute("SELECT 1 FROM plans WHERE id = ?", (id_,)).fetchone() is not None


def _in_project(root: Path, file: Path) -> str:
    found = binding.project_path(root, file)
    if found is None or file.suffix not in (".yaml", ".yml"):
        what = "is outside the project" if found is None else "does not end in .yaml"
        raise UsageProblem(f"--file {file}: {what}", hint="like --file plans/billing.yaml")
    if os.path.lexists(file):
        raise files.taken(found)
    return found


def _document(root: Path, file: Path, arguments: argparse.Namespace) -> bytes:
    id_ = arguments.id
    titles = arguments.phase or ["Write down what done means"]
    phases = Seq(Map({"title": Scalar(title)}) for title in titles)
    if not arguments.phase:
        phases[0] |= {"explain": Scalar(_EXPLAIN), "verify": Seq([_check(id_)])}
    head = {"schema": SCHEMA, "id": id_, "title": arguments.title or id_}
    tree = Map((name, Scalar(text)) for name, text in head.items())
    tree["phases"] = phases
    schema = os.path.relpath(root / starter.SCHEMA, file.parent)
    line = starter.EDITOR_LINE.replace(".schema.json", schema)
    return (line + write(tree)).encode()


def _check(id_: str) -> Map:
    return Map({"file": Scalar(f"docs/{id_}.md"), "contains": Seq([Scalar("done means")])})


def _write_schema(root: Path) -> None:
    """What the first line of the document names, unless it is there."""
    file = root / starter.SCHEMA
    if not os.path.lexists(file):
        text = json.dumps(plan_schema(), indent=1, ensure_ascii=False) + "\n"
        files.create(file, text.encode())
