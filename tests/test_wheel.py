"""The wheel: what is in it, and that it works where there is nothing else of ours."""

from __future__ import annotations

import email
import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from support import REPOSITORY

FOLDERS = {"todo_manager": "todo_manager", "tui": "tui"} | {
    name: f"todo_manager/_bundled/{name}" for name in ("plans", "phases")
}
"""Folder of the checkout → where its files lie in the wheel."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what goes into the wheel, with leftovers of a working checkout among it."""
    folder = tmp_path_factory.mktemp("source")
    for name in FOLDERS:
        shutil.copytree(
            REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
        (folder / name / "__pycache__").mkdir()
        (folder / name / "__pycache__/left.pyc").write_bytes(b"left over")
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(REPOSITORY / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (found,) = target.iterdir()
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that holds the wheel, what it says it requires, and pip."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    python = str(folder / "bin/python")
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.check_output([python, "-I", "-c", asked], text=True).strip())
    for required in required_by(wheel):
        link(required, packages)
    pip = [python, "-I", "-m", "pip", "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    return folder / "bin"


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def metadata(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (found,) = [n for n in archive.namelist() if n.endswith(f".dist-info/{name}")]
        return archive.read(found).decode()


def required_by(wheel: Path) -> list[Distribution]:
    """What the wheel needs at run time, directly or not, as it is installed here."""
    found: dict[str, Distribution] = {}
    todo = email.message_from_string(metadata(wheel, "METADATA")).get_all("Requires-Dist", [])
    while todo:
        requirement = Requirement(todo.pop())
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if requirement.name not in found:
            found[requirement.name] = distribution(requirement.name)
            todo += found[requirement.name].requires or []
    return list(found.values())


def link(required: Distribution, packages: Path) -> None:
    for name in {file.parts[0] for file in required.files or []} - {"..", "__pycache__"}:
        if not (packages / name).exists():
            (packages / name).symlink_to(os.path.abspath(required.locate_file(name)))


def run(command: Path, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    return subprocess.run(
        [str(command), *words], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_it_installs_two_packages_and_nothing_else(wheel):
    tops = {name.split("/")[0] for name in names(wheel)}
    (information,) = tops - {"todo_manager", "tui"}
    assert information.endswith(".dist-info")
    assert f"{information}/licenses/LICENSE" in names(wheel)
    assert metadata(wheel, "entry_points.txt").split() == [
        "[console_scripts]", "todo_manager", "=", "todo_manager.cli:main"
    ]  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_every_file_of_a_folder_is_in_it_and_no_leftover(wheel, source, name):
    kept = [p for p in (source / name).rglob("*") if p.is_file() and p.suffix != ".pyc"]
    expected = {f"{FOLDERS[name]}/{path.relative_to(source / name)}" for path in kept}
    inside = {n for n in names(wheel) if n.startswith(FOLDERS[name] + "/")}
    inside -= {n for n in inside if name == "todo_manager" and "/_bundled/" in n}
    assert expected
    assert inside == expected


def test_what_it_requires_is_not_what_its_tests_require(wheel):
    required = {found.metadata["Name"].lower() for found in required_by(wheel)}
    assert {"textual", "sqlite-utils", "msgspec"} <= required
    assert not {"pytest", "hatchling", "ruff", "mypy"} & required


def test_it_works_from_another_folder(installed, tmp_path):
    command = installed / "todo_manager"
    version = run(command, "--version", folder=tmp_path)
    assert version.stdout.startswith("todo_manager "), version
    asked = "from todo_manager import bundled; print(bundled.folder())"
    bundled = Path(run(installed / "python", "-c", asked, folder=tmp_path).stdout.strip())
    assert bundled.is_relative_to(installed.parent)
    assert run(command, "init", "--bare", folder=tmp_path).returncode == 0
    plans = sorted((bundled / "plans").glob("*.yaml"))
    assert plans
    shutil.copytree(bundled / "phases", tmp_path / "phases")
    for plan in plans:
        taken = run(command, "import", str(plan), folder=tmp_path)
        assert taken.returncode == 0, taken
    listed = json.loads(run(command, "list", "--all", "--json", folder=tmp_path).stdout)
    assert len(listed["data"]["plans"]) >= len(plans)


def test_the_demo_of_an_installed_program_ends_well(installed, tmp_path):
    told = run(installed / "todo_manager", "demo", "--json", folder=tmp_path)
    assert told.returncode == 0, told
    assert list(tmp_path.iterdir()) == []


def test_the_screen_that_is_installed_is_ours(installed, tmp_path):
    asked = "import tui, tui.app; print(tui.BELONGS_TO, tui.__file__)"
    ran = run(installed / "python", "-c", asked, folder=tmp_path)
    owner, file = ran.stdout.split()
    assert owner == "todo_manager"
    assert Path(file).is_relative_to(installed.parent)
