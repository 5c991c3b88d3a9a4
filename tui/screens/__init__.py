"""The screens of the command center: one module each, all on `base.py`."""
