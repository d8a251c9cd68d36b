"""Keras of Keras 2 times under the names it had then; today ``tf_keras`` has what it had."""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.util import find_spec, spec_from_loader
from typing import Any, Dict, List, Optional

from . import framework

INSIDE_TENSORFLOW = "tensorflow.python.keras"
"""Has lost most of its layers since."""


def install(imports: List[str]) -> None:
    """From now on whoever imports an old name among these gets ``tf_keras``; what is imported already stays."""
    renamed: Dict[str, str] = {}
    if INSIDE_TENSORFLOW in imports:
        renamed[INSIDE_TENSORFLOW] = "tf_keras.src"
    if framework.LEGACY and "keras" in imports and "tf_keras" not in imports:
        renamed["keras"] = "tf_keras"
    if framework.IS_TF1 or not renamed or find_spec("tf_keras") is None:
        return
    finder = _Finder(renamed)
    for name in [name for name in sys.modules if finder.renamed(name) is not None]:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)


class _Finder(MetaPathFinder, Loader):
    """Finds a module under its old name, and loads the one that is there under the new one."""

    def __init__(self, names: Dict[str, str]) -> None:
        self._names = names

    def renamed(self, name: str) -> Optional[str]:
        """What a module is called today; None for one that is not renamed."""
        for old, new in self._names.items():
            if name == old or name.startswith(old + "."):
                return new + name[len(old) :]
        return None

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        new = self.renamed(name)
        return spec_from_loader(name, self) if new is not None and find_spec(new) is not None else None

    def create_module(self, spec: Any) -> Any:
        module = importlib.import_module(str(self.renamed(spec.name)))
        self._spec = module.__spec__
        return module

    def exec_module(self, module: Any) -> None:
        """It was loaded when it was found; it keeps its own name."""
        module.__spec__ = self._spec
