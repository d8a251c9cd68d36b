"""Stand-ins for what is not there: modules that are not installed, names that nothing defines, configuration objects.

They take part without a part of their own: called, they give back the first tensor they were given; asked for a number
they give a small one; asked for an attribute they go by its name. Whatever they had a say in is noted, since nothing
follows from what the code does then.
"""

from __future__ import annotations

import builtins
import sys
import types
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import numpy as np

from . import framework, inputs

NUMBER = 3
DEPTH = 2


class Log:
    """What became of the stand-ins of one attempt.

    path: of the user's file. used: their names. branches: rows of that file on which one was asked for its truth.
    passed: tensors, ops and variables that one was given. flag: what one says to the name of a training flag.
    asked: whether one was asked for that. numbers: how often one was asked for a number. cut: whether a constructor
    was not run to its end.
    """

    def __init__(self, path: str, flag: bool = True) -> None:
        self.path = path
        self.used: Dict[str, None] = {}
        self.branches: Set[int] = set()
        self.passed: List[Any] = []
        self.flag = flag
        self.asked = False
        self.numbers = 0
        self.cut = False

    def note(self, name: str) -> None:
        """It was used."""
        self.used[name] = None

    def branch(self) -> None:
        """One was asked for its truth; row 0 stands for a place outside of the file."""
        frame: Any = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename != self.path:
            frame = frame.f_back
        self.branches.add(0 if frame is None else frame.f_lineno)


class StandIn:
    """One stand-in, called by its dotted name."""

    def __init__(self, name: str, log: Log, depth: int = 0) -> None:
        """depth: of sequences around it."""
        self.__dict__.update(_name=name, _log=log, _depth=depth)

    def __getattr__(self, attribute: str) -> Any:
        # By names like "_as_graph_element" TensorFlow asks for tensors.
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        return by_name(attribute, "%s.%s" % (self._name, attribute), self._log)

    def __getitem__(self, key: Any) -> Any:
        return by_name(key, "%s[%r]" % (self._name, key), self._log) if isinstance(key, str) else self

    def __setitem__(self, key: Any, value: Any) -> None:
        self._log.passed.append(value)

    def __setattr__(self, name: str, value: Any) -> None:
        self._log.passed.append(value)
        self.__dict__[name] = value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The first tensor; a decorated function; else another stand-in."""
        self._log.note(self._name)
        leaves = framework.flatten([list(args), dict(kwargs)])
        self._log.passed += leaves
        if len(args) == 1 and not kwargs and isinstance(args[0], (type, types.FunctionType)):
            return args[0]
        tensors = [leaf for leaf in leaves if framework.tf.is_tensor(leaf)]
        return tensors[0] if tensors else StandIn(self._name + "()", self._log)

    def __mro_entries__(self, bases: Tuple[Any, ...]) -> Tuple[type, ...]:
        self._log.note(self._name)
        return (type("Base", (StandInBase,), {"_log": self._log}),)

    def __bool__(self) -> bool:
        self._log.branch()
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter([StandIn("%s[%d]" % (self._name, index), self._log, self._depth + 1) for index in range(len(self))])

    def __len__(self) -> int:
        if self._depth >= DEPTH:
            # Else whoever unpacks nested sequences would never come to an end.
            raise TypeError("%s has no len()" % self._name)
        return 2

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.__index__(), dtype)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def __index__(self) -> int:
        self._log.numbers += 1
        return NUMBER

    def __int__(self) -> int:
        return self.__index__()

    def __float__(self) -> float:
        return float(self.__index__())

    def __fspath__(self) -> str:
        return "stand-in"

    def __hash__(self) -> int:
        return hash(self._name)

    def __eq__(self, other: Any) -> bool:
        self._log.branch()
        return self is other

    def __contains__(self, _: Any) -> bool:
        self._log.branch()
        return False


def _number(operation: str) -> Any:
    def operate(self: StandIn, other: Any = None) -> Any:
        self._log.numbers += 1
        result = getattr(NUMBER, operation)(NUMBER if isinstance(other, StandIn) else other)
        if result is NotImplemented:
            result = getattr(float(NUMBER), operation)(other)
        if operation in ("__lt__", "__le__", "__gt__", "__ge__"):
            self._log.branch()
        return result

    return operate


for _operation in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "rfloordiv", "mod",
                   "pow", "rpow", "lt", "le", "gt", "ge"):  # fmt: skip
    setattr(StandIn, "__%s__" % _operation, _number("__%s__" % _operation))


class StandInBase:
    """The base class in the place of one that is missing."""

    _log: Log

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__") and attribute.endswith("__"):
            raise AttributeError(attribute)
        return by_name(attribute, "self." + attribute, self._log)


def by_name(attribute: str, name: str, log: Log) -> Any:
    """A value for something that is called so: a number, a flag, a text, or another stand-in."""
    log.note(name)
    if inputs.TRAINING.match(attribute):
        log.asked = True
        return log.flag
    if inputs.INFERENCE.match(attribute):
        log.asked = True
        return not log.flag
    known, value = inputs.constant(attribute)
    log.numbers += known
    return value if known else StandIn(name, log)


class Names(dict):  # type: ignore[type-arg]
    """The built-in names, and a stand-in for every name that nothing defines; imports that fail give stand-ins, too."""

    def __init__(self, log: Log) -> None:
        super().__init__(vars(builtins), __import__=self._import)
        self._log = log

    def __missing__(self, name: str) -> Any:
        if name.startswith("__"):
            raise KeyError(name)
        value = by_name(name, name, self._log)
        self[name] = value
        return value

    def _import(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        try:
            module = builtins.__import__(name, globals, locals, fromlist, level)
        except Exception:
            full = "." * level + name
            return _Missing(full if fromlist else full.split(".")[0], None, self._log)
        if any(each != "*" and not hasattr(module, each) for each in fromlist or ()):
            return _Missing(name, module, self._log)
        return module


class _Missing(types.ModuleType):
    """A module that could not be imported, or not all of it."""

    def __init__(self, name: str, real: Optional[Any], log: Log) -> None:
        super().__init__(name)
        self.__dict__.update(_real=real, _log=log, __path__=[], __all__=[])

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__") and attribute.endswith("__"):
            raise AttributeError(attribute)
        if hasattr(self._real, attribute):
            return getattr(self._real, attribute)
        name = "%s.%s" % (self.__name__, attribute)
        self._log.note(name)
        return StandIn(name, self._log)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("__"):
            self._log.note("%s.%s" % (self.__name__, name))
            self._log.passed.append(value)
        super().__setattr__(name, value)
