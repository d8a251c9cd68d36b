"""Notices changes of files by looking at them again and again, which works on every system and file system."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

from bnlint.discovery import discover
from bnlint.settings import Settings, files_above
from bnlint.stamps import Stamp

PAUSE = 0.5

State = dict[str, Stamp]


def state(paths: Sequence[str], settings: Settings) -> State:
    """The stamp of each file under the paths, and of each that configures them."""
    files = [path for path, _ in discover(paths, settings).files]
    found: State = {}
    for file in (*files, *files_above(paths), settings.baseline_file):
        with suppress(OSError):
            found[str(file)] = Stamp.of(file)
    return found


def wait(paths: Sequence[str], settings: Settings, before: State) -> None:
    """Return when the state is no longer what it was."""
    while state(paths, settings) == before:
        time.sleep(PAUSE)
