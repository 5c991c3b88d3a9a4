"""A plan tracker in which "done" has to be proven.

The package decides, stores and runs; `tui` only shows. Start reading at `gate.py`: it holds the one
function that may call a phase done. CONTRIBUTING.md gives a reading order.
"""

__version__ = "0.1.0"
