"""How a family of kinds (checks, actions) finds the class of one: in the module of the kind's name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import Any


def load(package: str, kinds: Mapping[str, str], later: Collection[str], kind: str) -> type[Any]:
    """The class of a kind; KeyError for an unknown one.

    Raises TypeError for a class that would make the mappings of a plan ambiguous: none of its
    parameters may bear the name of a kind, for the kind is known by being the one such key.
    """
    name = kinds[kind]
    found: type[Any] = getattr(import_module(f"{package}.{kind}"), name)
    parameters = set(found.__struct_fields__)
    if found.kind != kind or "subject" not in parameters:
        raise TypeError(f"{found.__name__} is registered as the kind {kind} and is not one")
    if taken := parameters & {*kinds, *later}:
        raise TypeError(f"the kind {kind} has a parameter named like the kind {min(taken)}")
    return found
