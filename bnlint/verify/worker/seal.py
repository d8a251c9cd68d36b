"""What the user's code patched in Python's libraries is put back before bnlint reckons; what it patched here is seen.

Code and its onlooker share one interpreter. Programs do replace ``json.dumps`` or ``np.array``, and mean no harm.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import json
import json.encoder
import math
import os
import re
import sys
import time
import traceback
import types
from typing import Any, Iterator, List, Sequence, Tuple

import numpy as np

LIBRARIES = (builtins, functools, inspect, json, json.encoder, math, np, os, re, sys, time, traceback)
SHARED = {"displayhook", "excepthook", "last_type", "last_value", "last_traceback", "last_exc", "path", "argv",
          "stdin", "stdout", "stderr", "modules", "_", "ps1", "ps2"}  # fmt: skip
"""What a program may well set in ``sys``, and nobody here depends on."""

CODE = ("__code__", "__defaults__", "__kwdefaults__")
MISSING = object()


class Seal:
    """Remembers the attributes of modules, of the classes made in them, and the code of their functions."""

    def __init__(self, modules: Sequence[types.ModuleType]) -> None:
        self._taken = [part for module in modules for part in _parts(module)]

    def broken(self) -> List[str]:
        """What is no longer as it was: "json.dumps", "report.variables" …"""
        return ["%s.%s" % (getattr(o, "__name__", o), n) for o, n, value in self._taken if _now(o, n) is not value]

    def mend(self) -> None:
        """Put everything back."""
        for owner, name, value in self._taken:
            if _now(owner, name) is not value:
                setattr(owner, name, value)


def _parts(module: types.ModuleType) -> Iterator[Tuple[Any, str, Any]]:
    for owner in [module] + [c for c in vars(module).values() if _made_in(c, module) and isinstance(c, type)]:
        for name, value in list(vars(owner).items()):
            if name in SHARED or (owner is not module and name in ("__dict__", "__weakref__")):
                continue
            yield owner, name, value
            function = getattr(value, "__func__", value)
            if isinstance(function, types.FunctionType) and _made_in(function, module):
                for part in CODE:
                    yield function, part, getattr(function, part)


def _made_in(thing: Any, module: types.ModuleType) -> bool:
    return getattr(thing, "__module__", None) == module.__name__


def _now(owner: Any, name: str) -> Any:
    return getattr(owner, name, MISSING) if name in CODE else vars(owner).get(name, MISSING)


libraries = Seal(LIBRARIES)
