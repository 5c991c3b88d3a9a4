"""One page of `tui --web`: the command center, read-only, drawn for a browser.

web_page.py ROOT THEME
"""

from __future__ import annotations

import sys

from tui.app import CommandCenter
from tui.web import leave_with_parent


def main() -> None:
    """Show it until the page is closed."""
    leave_with_parent()
    CommandCenter(sys.argv[1], read_only=True, theme=sys.argv[2]).run()


if __name__ == "__main__":
    main()
