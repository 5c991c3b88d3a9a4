"""Phase 2: each audited family has every library its program needs, and got no other.

The loader of the image is asked, inside the image: ldd on this machine would find this machine's
libraries. Exit 0: so it is. Exit 1: one is missing, or one too many. Anything else: could not look.
"""

import json
import os

from engine import answer, asked, docker, files_of, var

LOADERS = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"


def loaded(image: str, loader: str, program: str) -> tuple[set[str], list[str]]:
    """The libraries with which a program would start in an image, and those it does not find."""
    words = ("--rm", "--network", "none", "--entrypoint", loader, image, "--list", program)
    ran = docker("run", *words)
    lines = [line.split() for line in ran.stdout.splitlines()]
    missing = [words[0] for words in lines if words[1:] == ["=>", "not", "found"]]
    if ran.returncode != 0 and "error while loading shared libraries: " in ran.stderr:
        missing.append(ran.stderr.split("libraries: ", 1)[1].split(":")[0])
    elif ran.returncode not in (0, 1, 127) or not lines:
        raise ValueError(f"the loader of {image} ended with {ran.returncode}: {ran.stderr}")
    return {word for words in lines for word in words if word.startswith("/")}, missing


def wrong_with(family: str) -> list[str]:
    """What is wrong with one family; empty when nothing is."""
    program = var("specialised_program")
    image = f"{var('registry')}/{family}:{var('refined')}"
    asked("image", "inspect", image)
    files = files_of(image)
    loader = next((path for path in LOADERS if path in files), "")
    if not loader or program not in files:
        return [f"{image} has no {program if loader else 'loader for programs with libraries'}"]
    needed, missing = loaded(image, loader, program)
    added = files - files_of(f"{var('registry')}/{family}:{var('tag')}")
    with open(os.environ["TODO_MANAGER_FACTS"], "a") as facts:
        facts.write(json.dumps({family: {"needed": len(needed), "added": sorted(added)}}) + "\n")
    return [f"{image} lacks {name}" for name in missing] + [
        f"{image} got {path}, which {program} does not need"
        for path in sorted(added - needed - {program})
    ]


def problems() -> list[str]:
    families = var("audited").split()
    if not families:
        raise ValueError("audited names no family")
    return [problem for family in families for problem in wrong_with(family)]


answer(problems)
