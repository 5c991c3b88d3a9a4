"""`python -m todo_manager`: the same program as the console script."""

import sys
from os.path import dirname

# Python puts the working folder first; a file `json.py` left in a project must not be ours.
if not sys.flags.safe_path and sys.path[0] != dirname(dirname(__file__)):
    del sys.path[0]

from todo_manager.cli import main

if __name__ == "__main__":
    main()
