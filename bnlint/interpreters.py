"""Which Pythons the code of findings may run in: those that are named, else those of the environments at hand."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from bnlint.discovery import is_tracked
from bnlint.settings import Settings, common_folder

BINARIES = ("bin/python", "Scripts/python.exe")
PACKAGES = ("lib/python*/site-packages", "Lib/site-packages")


def interpreters(named: Sequence[str], settings: Settings, paths: Sequence[str]) -> tuple[str, ...]:
    """Absolute paths, the first choice first; what a run with these settings is to choose from.

    named: on the command line, which counts most. Raises UsageError for one that is not there.
    """
    return tuple(dict.fromkeys(map(_located, named or usable(settings, paths))))


def usable(settings: Settings, paths: Sequence[str]) -> tuple[str, ...]:
    """Those that the settings name, or else those at hand."""
    return (() if refused((), settings) else settings.python) or at_hand(settings, paths)


def refused(named: Sequence[str], settings: Settings) -> bool:
    """Whether the settings name interpreters that are not used: strict isolation takes none from a project.

    The cage is for what an interpreter runs. The interpreter itself is outside, and could be any program.
    """
    return not named and bool(settings.python) and settings.isolation == "strict" and not settings.trusted


def at_hand(settings: Settings, paths: Sequence[str]) -> tuple[str, ...]:
    """The interpreter of the active environment and that of the nearest ``.venv``, as far as they have TensorFlow.

    The one that bnlint runs on comes last. In a ``.venv`` anyone may have put anything: one that came with the
    repository is not taken, and with strict isolation none is, unless the user trusts the project.
    """
    environments = [Path(active)] if (active := os.environ.get("VIRTUAL_ENV")) else []
    if settings.trusted or settings.isolation != "strict":
        environments += _nearest(settings, common_folder(paths))
    others = [each for each in environments if os.path.realpath(each) != os.path.realpath(sys.prefix)]
    found = [python for each in others if (python := _python_with_tensorflow(each)) is not None]
    return tuple(dict.fromkeys([*found, sys.executable]))


def _nearest(settings: Settings, folder: Path) -> list[Path]:
    """The ``.venv`` of the folder, or of one above it in the project."""
    root = settings.root
    above = [parent for parent in folder.parents if parent.is_relative_to(root)]
    near = next((each for each in (folder, *above) if (each / ".venv" / "pyvenv.cfg").is_file()), None)
    return [] if near is None or is_tracked(near, ".venv") else [near / ".venv"]


def _python_with_tensorflow(environment: Path) -> str | None:
    """Told from its files: nothing of it is run for this."""
    python = next((path for name in BINARIES if (path := environment / name).is_file()), None)
    has_it = any(any(environment.glob(f"{folder}/tensorflow")) for folder in PACKAGES)
    return os.path.abspath(python) if python is not None and has_it else None


def _located(python: str) -> str:
    """The absolute path: the worker starts in another folder."""
    found = shutil.which(os.path.expanduser(python))
    if found is None:
        raise click.UsageError(f'there is no Python to run at "{python}"')
    return os.path.abspath(found)
