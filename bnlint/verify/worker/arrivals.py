"""Acts when TensorFlow and Keras have been imported, and notes when certain rows of the user's files run.

Imports are left to those who do them; this only looks at what they found.
"""

from __future__ import annotations

import ast
import builtins
import os
import sys
from typing import Any, Callable, Dict, Sequence, Set

from .places import Places
from .program import MARK, Marker

AWAITED = ("tensorflow", "keras", "tf_keras")
Rows = Sequence[Sequence[int]]


class Arrivals:
    """A finder to be put in front of ``sys.meta_path``.

    marked: first and last rows of statements that are noted when they run, by the real path of their file.
    """

    def __init__(self, marked: Dict[str, Rows], places: Places, hits: Set[int], arrived: Callable[[str], None]) -> None:
        """hits: where to note them. arrived: called with "tensorflow", "keras" … once it has been imported."""
        self.marked = marked
        self.places = places
        self.arrived = arrived
        # Among the builtins it is no name of the user's modules.
        setattr(builtins, MARK, hits.add)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """What the other finders find, made to tell."""
        for finder in list(sys.meta_path):
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = None if find is None else find(name, path, target)
            if spec is not None:
                self._prepare(name, spec)
                return spec
        return None

    def _prepare(self, name: str, spec: Any) -> None:
        loader = spec.loader
        if name in AWAITED and hasattr(loader, "exec_module"):
            loader.exec_module = self._telling(name, loader)
        elif spec.has_location and os.path.realpath(spec.origin) in self.marked and hasattr(loader, "get_code"):
            # Neither taken from the cache of compiled files nor put there.
            loader.get_code = lambda _: self.compiled(loader.get_data(spec.origin), spec.origin)

    def _telling(self, name: str, loader: Any) -> Callable[[Any], None]:
        original = loader.exec_module

        def exec_module(module: Any) -> None:
            del loader.exec_module
            original(module)
            self.arrived(name)

        return exec_module

    def compiled(self, source: bytes, path: str) -> Any:
        """The code of a file, with notes if it is a marked one. Raises SyntaxError."""
        tree: Any = source
        offset = self.places.row(path, 0)
        if offset is not None and self.marked.get(os.path.realpath(path)):
            tree = Marker((), self.marked[os.path.realpath(path)], offset).mark(ast.parse(source, path))
        return compile(tree, path, "exec", dont_inherit=True)
