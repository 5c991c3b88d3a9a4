"""`python -m todo_manager`: the same program as the console script."""

from todo_manager.cli import main

if __name__ == "__main__":
    main()
