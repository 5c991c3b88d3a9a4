"""The application: how it starts, and how it ends whatever becomes of its terminal."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from tui.plans_screen import PlansScreen

INTERRUPTED = 130
CRASHED = 5


class CommandCenter(App[None]):
    """Shows the list of plans of one project."""

    TITLE = "todo_manager"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", "quit", show=False, priority=True),
    ]

    def __init__(self, root: str) -> None:
        # The terminal's own colours: readable on its background, and NO_COLOR leaves none at all
        # (with a theme of its own colours Textual would turn them into greys).
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self._root = root

    def on_mount(self) -> None:
        self.push_screen(PlansScreen(self._root))


def run(root: str) -> int:
    """Show the project at `root` until the user quits.

    Returns 0, 130 when a signal ended it, 5 when it failed (Textual has then said how). The process
    ends at once, with 130, when its terminal is gone.
    """
    _leave_with_terminal(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    app = CommandCenter(root)
    asyncio.run(_live(app))
    return CRASHED if app.return_code == 1 else app.return_code or 0


async def _live(app: CommandCenter) -> None:
    for number in (signal.SIGHUP, signal.SIGTERM):
        # Through the application, so that it gives the terminal back as it was.
        asyncio.get_running_loop().add_signal_handler(
            number, lambda: app.exit(return_code=INTERRUPTED)
        )
    # Without mouse reports text can be selected and copied as anywhere else.
    await app.run_async(mouse=False)


def _leave_with_terminal(fd: int) -> None:
    """End this process when the terminal behind `fd` hangs up.

    Whoever started us may have had SIGHUP ignored. Textual reads a closed terminal as no input, over
    and over, and its writer stops; so nothing of it can be asked to end, and there is nothing to give
    back: no terminal, and the store was only read.
    """

    def wait() -> None:
        poll = select.poll()
        poll.register(fd, 0)  # a hang-up is reported whatever is asked for
        poll.poll()
        os._exit(INTERRUPTED)

    threading.Thread(target=wait, name="terminal-watch", daemon=True).start()
