"""What CI installs is what was locked, and what bnlint says it needs is what it needs."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / ".ci" / "lock.txt").read_text(encoding="utf-8")
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
# What is imported under another name than that of its package.
PACKAGES = {"tomllib": "tomli"}
# They come with rich, Jinja and pygls, which hand over and take their objects.
WITH_OTHERS = {"markdown_it", "markupsafe", "lsprotocol"}


def locked() -> list[tuple[Requirement, list[str]]]:
    """The pins, each with its digests."""
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", LOCK, flags=re.MULTILINE).strip())
    lines = [entry.replace("\\\n", "").split("--hash=") for entry in entries]
    return [(Requirement(line[0]), [digest.strip() for digest in line[1:]]) for line in lines]


def required(*extras: str) -> Iterator[Requirement]:
    """What bnlint needs with these extras."""
    for text in [*PROJECT["project"]["dependencies"], *(each for extra in extras for each in EXTRAS[extra])]:
        requirement = Requirement(text)
        if requirement.name == "bnlint":
            yield from required(*requirement.extras)
        else:
            yield requirement


def test_each_pin_names_its_files() -> None:
    pins = locked()
    assert len(pins) > 80
    for requirement, digests in pins:
        (pin,) = requirement.specifier
        assert pin.operator == "==", requirement
        assert digests, requirement
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in digests), requirement


def everything() -> list[Requirement]:
    """What CI installs, to run bnlint, to test and to build it."""
    build = [Requirement(text) for text in PROJECT["build-system"]["requires"]]
    return list({str(each): each for each in (*required("dev", "audit"), *build)}.values())


@pytest.mark.parametrize("requirement", sorted(everything(), key=str), ids=str)
def test_the_lock_has_what_the_project_needs(requirement: Requirement) -> None:
    name = canonicalize_name(requirement.name)
    versions = [next(iter(pin.specifier)).version for pin, _ in locked() if canonicalize_name(pin.name) == name]
    assert versions
    assert all(requirement.specifier.contains(version, prereleases=True) for version in versions)


def test_all_extras_are_locked() -> None:
    named = {"dev", "audit"}
    covered = {each for extra in named for text in EXTRAS[extra] for each in Requirement(text).extras}
    inner = {each for extra in covered & EXTRAS.keys() for text in EXTRAS[extra] for each in Requirement(text).extras}
    assert named | covered | inner >= EXTRAS.keys()


def imported(folder: Path) -> set[str]:
    """The packages that the modules in a folder import, anywhere; the worker runs beside what its interpreter has."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        if "worker" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add((node.module or "").partition(".")[0])
    return found - {"bnlint"}


def test_nothing_is_needed_but_what_is_declared_and_nothing_declared_that_is_not_used() -> None:
    used = {
        PACKAGES.get(name, name)
        for name in imported(ROOT / "bnlint")
        if name not in sys.stdlib_module_names or name in PACKAGES
    }
    optional = {requirement.name for requirement in required("cluster", "demo", "html", "lsp")}
    assert {requirement.name for requirement in required()} <= used
    assert used - WITH_OTHERS <= optional
