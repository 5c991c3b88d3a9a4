"""The verbs: one module each, with `arguments(parser)` and `run(arguments, output) -> exit code`."""
