"""Notices changes of files by looking at them again and again, which works on every system and file system."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from bnlint.discovery import discover
from bnlint.settings import Settings, files_above

PAUSE = 0.5

State = dict[str, tuple[int, int]]


def state(paths: Sequence[str], settings: Settings) -> State:
    """When each file under the paths, and each that configures them, was last written, and its size."""
    files = [path for path, _ in discover(paths, settings).files]
    found: State = {}
    for file in (*files, *files_above(paths), settings.baseline_file):
        try:
            status = os.stat(file)
        except OSError:
            continue
        found[str(file)] = (status.st_mtime_ns, status.st_size)
    return found


def wait(paths: Sequence[str], settings: Settings, before: State) -> None:
    """Return when the state is no longer what it was."""
    while state(paths, settings) == before:
        time.sleep(PAUSE)
