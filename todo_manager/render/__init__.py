"""What the verbs found out, for a terminal, a pipe or a program."""
