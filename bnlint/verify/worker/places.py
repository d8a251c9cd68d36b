"""Rows of several files as one number each, for everything that knows of one file only."""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import Dict, List, Optional

ROWS = 1000000
"""More than a file has."""

LIBRARIES = ("site-packages", "dist-packages")


class Places:
    """The user's files, numbered as they are met. What is installed, or part of Python, is nobody's."""

    def __init__(self, aside: str) -> None:
        """aside: a folder whose files are not the user's either."""
        standard = [sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib")]
        self._foreign = tuple(os.path.join(os.path.realpath(each), "") for each in [*standard, aside])
        self.paths: List[str] = []
        self._numbers: Dict[str, Optional[int]] = {}

    def row(self, filename: str, line: int) -> Optional[int]:
        """The number for a line; None for a file that is not the user's."""
        if filename not in self._numbers:
            self._numbers[filename] = self._number(filename)
        number = self._numbers[filename]
        return None if number is None else number * ROWS + line

    def is_own(self, module: str) -> bool:
        """Whether the module of this name is made of one of the user's files."""
        filename = getattr(sys.modules.get(module), "__file__", None)
        return bool(filename) and self.row(str(filename), 0) is not None

    def _number(self, filename: str) -> Optional[int]:
        path = os.path.realpath(filename)
        foreign = path.startswith(self._foreign) or any(name in path.split(os.sep) for name in LIBRARIES)
        generated = os.path.basename(path).startswith("__autograph_generated_file")
        if foreign or generated or not os.path.isfile(path):
            return None
        if path not in self.paths:
            self.paths.append(path)
        return self.paths.index(path)
