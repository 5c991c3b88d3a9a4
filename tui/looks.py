"""How everything is laid out and coloured; the colours themselves are in `themes.py`."""

CSS = """
Screen { background: $tone-ground; color: $tone-text; overflow: hidden; }
Bar, Note, Rows, Table { background: $tone-ground; color: $tone-text; }
Table, Rows { scrollbar-color: $tone-line; scrollbar-background: $tone-ground; }
#head, #foot { background: $tone-raised; }
StoreScreen > #foot { dock: bottom; }
#banner { background: $tone-raised; }
#why, #pinned, #state, #about { background: $tone-raised; }
#pinned { margin: 0 0 1 0; }
#left, #right { width: 1fr; height: 1fr; }
#right { border-left: vkey $tone-line; }
#sides { height: 1fr; }
#items { height: auto; max-height: 50%; }
#below { height: 1fr; }
#log_title { background: $tone-raised; }
RunScreen.-zoomed #items { max-height: 100%; height: 1fr; }
#find { background: $tone-here; }
#empty { margin: 1 1; }

Dialog { align: center middle; background: $tone-ground 60%; }
Dialog > Vertical { width: 90%; max-width: 104; height: auto; max-height: 92%; padding: 1 1;
                    background: $tone-raised; border: round $tone-muted; }
Dialog Bar, Dialog Note, Dialog Rows, Dialog Table { background: $tone-raised; }
Dialog Bar { margin: 0 0 1 0; }
Dialog Input { height: 1; border: none; padding: 0 1; margin: 1 0; background: $tone-here;
               color: $tone-strong; }
Dialog Input:focus { border: none; background-tint: 0%; }
Dialog Input > .input--placeholder { color: $tone-muted; }
Dialog #keys { margin: 1 0 0 0; }
Dialog.-small > Vertical { max-height: 100%; padding: 0 1; }
Dialog.-narrow > Vertical { width: 100%; }
Dialog.-small Bar, Dialog.-small #keys { margin: 0; }
Dialog.-small Input { margin: 0; }

Toast { background: $tone-here; color: $tone-strong; border-left: outer $tone-muted; padding: 0 1;
        width: auto; max-width: 90%; }
Toast.-warning { border-left: outer $tone-warn; }
Toast.-error { border-left: outer $tone-failed; }
Toast .toast--title { color: $tone-strong; }

CommandPalette { color: $tone-text; background: $tone-ground 60%; }
CommandPalette > Vertical { background: $tone-raised; }
CommandPalette #--input { border: none; background: $tone-here; }
CommandPalette Input > .input--placeholder { color: $tone-muted; text-style: none; }
CommandPalette SearchIcon { display: none; }
CommandPalette #--container { margin-top: 2; }
CommandPalette Input, CommandPalette Input:focus { background: $tone-here; color: $tone-strong;
    height: 1; border: none; padding: 0 2; }
CommandPalette CommandList, CommandPalette CommandList:focus { background: $tone-raised;
    color: $tone-text; border: none; border-top: blank; }
CommandPalette .option-list--option-highlighted { background: $tone-here; color: $tone-strong; }
CommandPalette > .command-palette--help-text { color: $tone-muted; text-style: not bold; }
CommandPalette > .command-palette--highlight { text-style: bold underline; color: $tone-strong; }
"""
