"""The panes of a screen: which has the keys, moving in it, and what all screens do alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.screen import Screen
from textual.widget import Widget

from tui.widgets.field import Field
from tui.widgets.log import Log
from tui.widgets.rows import Rows
from tui.widgets.table import Table

if TYPE_CHECKING:
    from tui.app import CommandCenter

Pane = Table | Rows | Log


class PanedScreen(Screen[None]):
    """A screen with numbered panes. Subclasses have PANES."""

    PANES: ClassVar[tuple[str, ...]] = ()
    """The ids of its panes, in the order of their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._active = 0
        self.zoomed = False

    @property
    def center(self) -> CommandCenter:
        """The application, by its own type."""
        return cast("CommandCenter", self.app)

    def find(self, name: str, kind: type[Widget]) -> Any:
        """A widget of this screen, by its id."""
        return self.query_one(f"#{name}", kind)

    def lay_out(self) -> None:
        """Show what has room: called when the size, the active pane or the zoom is another one."""

    def ask(self, *, anew: bool = False) -> None:
        """Have the store looked at for what this screen shows."""

    @property
    def pane(self) -> Pane:
        """The pane that has the keys."""
        return cast(Pane, self.query_one(f"#{self.PANES[self._active]}"))

    @property
    def active(self) -> str:
        """The id of the pane that has the keys."""
        return self.PANES[self._active]

    def activate(self, number: int) -> None:
        """Give the keys to a pane, by its number from 0."""
        if not self.PANES:
            return
        self._active = number % len(self.PANES)
        for place, name in enumerate(self.PANES):
            found = cast(Pane, self.query_one(f"#{name}"))
            found.active = place == self._active
            found.refresh()
        self.lay_out()
        self.pane_changed()

    def pane_changed(self) -> None:
        """For screens that show which pane has the keys."""

    def action_pane(self, number: int) -> None:
        if number <= len(self.PANES):
            self.activate(number - 1)

    def action_next_pane(self) -> None:
        if not self._typing():
            self.activate(self._active + 1)

    def action_previous_pane(self) -> None:
        if not self._typing():
            self.activate(self._active - 1)

    def _typing(self) -> bool:
        """Whether letters were typed into a field: then tab leaves it."""
        field = self.field
        if field is None:
            return False
        field.end(keep=True)
        return True

    @property
    def field(self) -> Field | None:
        """The field that takes letters now, if there is one."""
        return next((each for each in self.query(Field) if each.open), None)

    def action_zoom(self) -> None:
        self.zoomed = not self.zoomed
        self.lay_out()

    def action_down(self) -> None:
        self.pane.move(1)

    def action_up(self) -> None:
        self.pane.move(-1)

    def action_first(self) -> None:
        self.pane.first()

    def action_last(self) -> None:
        self.pane.last()

    def action_page_down(self) -> None:
        self.pane.page(1)

    def action_page_up(self) -> None:
        self.pane.page(-1)

    # What the application does for all screens.

    def action_open(self) -> None:
        """Open what the cursor is on."""

    def action_back(self) -> None:
        if self.zoomed:
            self.action_zoom()
        elif len(self.app.screen_stack) > 2:
            self.app.pop_screen()

    def action_reread(self) -> None:
        self.ask(anew=True)

    def action_quit(self) -> None:
        self.center.leave()

    def action_palette(self) -> None:
        self.app.action_command_palette()

    def action_theme(self) -> None:
        self.center.next_theme()

    def action_runs(self) -> None:
        self.center.go_to("runs")

    def action_services(self) -> None:
        self.center.go_to("services")

    def action_ledger(self) -> None:
        self.center.go_to("ledger")

    def action_preflight(self) -> None:
        self.center.go_to("preflight")

    def action_configuration(self) -> None:
        self.center.go_to("configuration")
