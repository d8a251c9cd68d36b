"""Reads the values of variables by way of functions that were taken before any of the user's code ran.

A program may replace ``tf.Variable.numpy`` or ``np.array``; what a variable holds does not change by that.
"""

from __future__ import annotations

import importlib
from typing import Any, List, Optional

import numpy as np

from . import framework

_copy = np.array
_read_resource = framework.resource_variable_ops.gen_resource_variable_ops.read_variable_op
_tensor: Any = importlib.import_module("tensorflow.python.framework.ops").EagerTensor
_to_numpy = getattr(_tensor, "_numpy_internal", None) or _tensor._numpy
_session_run = framework.BaseSession.run


def value(variable: Any) -> Optional[Any]:
    """An array of its own, or None: uninitialised, or of a graph without a session."""
    try:
        handle = getattr(variable, "_handle", None)
        if isinstance(handle, _tensor):
            return _copy(_to_numpy(_read_resource(handle, variable.dtype)))
        return _copy(variable.numpy())
    except Exception:
        return None


def fetched(variables: List[Any], session: Any) -> List[Optional[Any]]:
    """The same from a session. Fetching a variable adds nothing to its graph, which may be finalised."""
    if not variables:
        return []
    try:
        return [_copy(found) for found in _session_run(session, variables)]
    except Exception:
        if len(variables) == 1:
            return [None]
        return [found for variable in variables for found in fetched([variable], session)]


def run(session: Any, fetches: Any, fed: Any) -> Any:
    """What a session gives, seen by nobody."""
    return _session_run(session, fetches, fed)
