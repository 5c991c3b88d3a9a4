"""Putting a service into place and taking it back: what `deploy`, `rollback` and repairs are made of."""
