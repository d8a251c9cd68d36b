"""Keras as it was inside TensorFlow: ``tensorflow.python.keras`` has lost most of its layers, ``tf_keras`` has them."""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.util import spec_from_loader
from typing import Any

from . import framework

OLD, NEW = "tensorflow.python.keras", "tf_keras.src"


def install() -> None:
    """From now on whoever imports the one gets the other, if it is installed; what is imported already stays."""
    if framework.IS_TF1 or any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    try:
        importlib.import_module(NEW)
    except ImportError:
        return
    for name in [name for name in sys.modules if _is_old(name)]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder())


def _is_old(name: str) -> bool:
    return name == OLD or name.startswith(OLD + ".")


class _Finder(MetaPathFinder, Loader):
    """Finds a module under its old name, and loads the one that is there under the new one."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        return spec_from_loader(name, self) if _is_old(name) else None

    def create_module(self, spec: Any) -> Any:
        module = importlib.import_module(NEW + spec.name[len(OLD) :])
        self._spec = module.__spec__
        return module

    def exec_module(self, module: Any) -> None:
        """It was loaded when it was found; it keeps its own name."""
        module.__spec__ = self._spec
