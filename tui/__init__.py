"""The command center of todo_manager, on Textual.

It is a view of the store and its events, never a second way to decide: what a state is comes from
`todo_manager.reads`, and nothing here writes. It imports todo_manager, which imports it only behind
the verb `tui`, and there by its place: another package of this name is on PyPI.
"""

BELONGS_TO = "todo_manager"
"""Tells this package from another one of its name."""
