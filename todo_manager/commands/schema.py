"""The JSON Schema of plan documents, for editors; with --errors every error.kind there is.

An editor that knows the YAML language server takes the schema from a file:

    todo_manager schema > .schema.json
    # yaml-language-server: $schema=.schema.json     (first line of a plan)

exit: 0
"""

from __future__ import annotations

import argparse
import json

from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--errors", action="store_true", help="every error.kind: exit code, meaning, person"
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print the schema, or the kinds of errors; always 0."""
    if arguments.errors:
        from todo_manager import error_kinds

        output.data = {"errors": error_kinds.rows()}
        for row in output.data["errors"]:
            person = "  (a person)" if row["person"] else ""
            output.say(f"{row['exit']:>3}  {row['kind']:18} {row['meaning']}{person}")
        return 0
    from todo_manager.schema import plan_schema

    output.data = {"schema": plan_schema()}
    if not output.json:
        output.say(json.dumps(output.data["schema"], indent=2, ensure_ascii=False))
    return 0
