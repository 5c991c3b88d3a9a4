"""The colours of the command center: two themes of its own, and that of the terminal.

Words say what a state is, then a glyph, then a colour. There are four hues, one for each thing that
asks for other work: done, warn, failed, errored. Everything else is a shade of the ground.
"""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

DARK, LIGHT, TERMINAL = "dark", "light", "terminal"

_TERMINAL = {
    "text": "ansi_default",
    "muted": "ansi_default",
    "strong": "ansi_default",
    "key": "ansi_default",
    "done": "ansi_green",
    "attested": "ansi_default",
    "failed": "ansi_red",
    "errored": "ansi_magenta",
    "warn": "ansi_yellow",
    "running": "ansi_default",
    "ground": "ansi_default",
    "raised": "ansi_default",
    "line": "ansi_default",
    "here": "ansi_default",
    "beside": "ansi_default",
}
_DARK = {
    "text": "#d3dae3",
    "muted": "#98a3b1",
    "strong": "#f4f7fa",
    "key": "#f4f7fa",
    "done": "#7cc98a",
    "attested": "#c9d1dc",
    "failed": "#ff8b7e",
    "errored": "#d8a2f2",
    "warn": "#e5bf66",
    "running": "#f4f7fa",
    "ground": "#13171c",
    "raised": "#1b2027",
    "line": "#2b323b",
    "here": "#2f3843",
    "beside": "#20262e",
}
_LIGHT = {
    "text": "#2a2f36",
    "muted": "#565e69",
    "strong": "#0c0f13",
    "key": "#0c0f13",
    "done": "#14692b",
    "attested": "#3c434d",
    "failed": "#b0241b",
    "errored": "#7a329f",
    "warn": "#7d5200",
    "running": "#0c0f13",
    "ground": "#fbfbf9",
    "raised": "#f1f2f1",
    "line": "#d8dbdd",
    "here": "#dfe4ea",
    "beside": "#eceff2",
}


def _theme(name: str, tones: dict[str, str], *, dark: bool, ansi: bool = False) -> Theme:
    variables = {f"tone-{tone}": colour for tone, colour in tones.items()}
    if ansi:
        variables = BUILTIN_THEMES["ansi-dark"].variables | variables
    else:
        variables |= {
            "block-cursor-background": tones["here"],
            "block-cursor-foreground": tones["strong"],
            "input-cursor-background": tones["strong"],
            "input-cursor-foreground": tones["ground"],
            "input-selection-background": tones["here"],
            "scrollbar": tones["line"],
            "scrollbar-hover": tones["muted"],
            "scrollbar-active": tones["muted"],
            "scrollbar-background": tones["ground"],
            "scrollbar-background-hover": tones["ground"],
            "scrollbar-background-active": tones["ground"],
            "scrollbar-corner-color": tones["ground"],
        }
    return Theme(
        name=name,
        primary=tones["muted"],
        secondary=tones["muted"],
        accent=tones["strong"],
        foreground=tones["text"],
        background=tones["ground"],
        surface=tones["raised"],
        panel=tones["line"],
        success=tones["done"],
        warning=tones["warn"],
        error=tones["failed"],
        dark=dark,
        variables=variables,
        ansi=ansi,
    )


THEMES = {
    DARK: _theme(DARK, _DARK, dark=True),
    LIGHT: _theme(LIGHT, _LIGHT, dark=False),
    TERMINAL: _theme(TERMINAL, _TERMINAL, dark=True, ansi=True),
}
"""By name; `terminal` uses the colours the terminal itself has, and is what NO_COLOR gets."""

DEFAULTS = {name: colour for name, colour in THEMES[DARK].variables.items() if "tone" in name}
"""What the names of our colours are where another theme is used."""
