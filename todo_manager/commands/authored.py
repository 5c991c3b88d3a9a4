"""What the verbs that edit plans say alike."""

from __future__ import annotations

from todo_manager.editing.authoring import Edited, as_data
from todo_manager.render.output import Output
from todo_manager.shellword import word


def tell(done: Edited, output: Output, what: str, *, lacks: str = "", **more: object) -> None:
    """Say what an edit did, what it means for others, what it lacks, and what to type next.

    `more` goes to programs, beside what every edit tells them.
    """
    id_ = word(done.plan.id)
    output.data = as_data(done) | more
    output.say(f"{done.name}: {what}")
    for each in done.needs:
        was = ", ".join(each.before) or "nothing"
        output.say(f"  {each.key} needs {', '.join(each.after) or 'nothing'}; it was {was}")
    for old, new in done.renamed.items():
        output.say(f"  {old} is {new.rsplit('/', 1)[-1]} now, and stays with its phase")
    if lacks:
        output.say(f"  {lacks}")
    if done.gates:
        output.say(f"  next: todo_manager diff {id_}; a person: todo_manager accept {id_}")
    elif done.file is None:
        output.say(
            f"  next: todo_manager accept {id_}, which takes the texts over: no gate differs"
        )
    else:
        output.say(f"  next: todo_manager import {word(done.file)}, which takes the texts over")
