"""Finds arguments that the code can run with: tries, reads the error, and changes the argument that it is about."""

from __future__ import annotations

import ast
import re
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from .inputs import BATCH, SIDE, Variant

ATTEMPTS = 24
DEPTH = 4
"""How many assignments back from the failing line a parameter is looked for."""

Observation = Dict[str, Any]
Attempt = Callable[[Variant], Observation]

GUESSES: Sequence[Tuple[Tuple[str, ...], Tuple[str, ...]]] = (
    (("as a Python `bool`", "as a Python bool"), ("switch",)),
    (("dtype bool", "be of type bool", "expected bool", "bool tensor", "LogicalAnd", "LogicalNot"), ("mask",)),
    (("not callable",), ("function", "stand-in")),
    (("subscriptable", "not iterable", "unpack", "indices must be", "has no len"), ("sizes", "stand-in", "indices")),
    (("__index__", "int()", "interpreted as an integer", "Dimension value"), ("size", "sizes", "stand-in")),
    (("to EagerTensor of dtype int", "can only be resized"), ("batch:1", "number", "batch")),
    (("int32", "int64", "indices"), ("labels", "indices", "size")),
    (("rank 0", "scalar", "Scalar"), ("indices", "batch", "sizes")),
    (("has no attribute",), ("stand-in", "batch")),
    (("must have the same shape", "to variable", "hapes", "hape mismatch", "broadcast"), ("batch:1", "batch")),
)
"""What the message of an error says about the kind of argument that is wanted; the first that fits."""

SIZES = ("Dimension", "dimension", "Incompatible shapes", "shape", "size")
"""Words of an error that another number of channels may avoid."""

TOO_SMALL = re.compile(r"negative dimension|(zero or|or|be) negative|output is <= 0", re.I)
"""What an error says that a larger image may avoid."""

SIDES = (32, 128, 320)
"""Of larger images: those of small networks, and of the large ones, which halve an image five times or more."""

KINDS = ("batch", "size", "sizes", "batch:2", "batch:1", "labels", "stand-in", "indices", "number", "text")


def climb(
    attempt: Attempt, starts: Sequence[Variant], useful: Callable[[Observation], bool], until: float
) -> Observation:
    """The first observation without an error, or else the one that came farthest; the number of attempts is bounded.

    useful: whether other inputs may help against an observation's error. until: when to stop looking, as a time.
    """
    left = ATTEMPTS
    best: Optional[Observation] = None
    for start in starts:
        variant, tried = start, {start}
        seen = attempt(variant)
        left -= 1
        while seen["error"] is not None and useful(seen) and left > 0 and time.time() < until:
            following = next((v for v in _refined(variant, seen) if v not in tried), None)
            if following is None:
                break
            tried.add(following)
            left -= 1
            other = attempt(following)
            if _came_farther(other, seen):
                variant, seen = following, other
        if best is None or rank(seen) > rank(best):
            best = seen
        if seen["error"] is None or not useful(seen) or left <= 0 or time.time() >= until:
            break
    assert best is not None
    return best


def _came_farther(other: Observation, seen: Observation) -> bool:
    """Whether it ran more lines, or as many and a later one."""
    if other["error"] is None or len(other["hits"]) > len(seen["hits"]):
        return True
    rows, before = other["error"]["rows"], seen["error"]["rows"]
    return len(other["hits"]) == len(seen["hits"]) and rows[:1] > before[:1]


def rank(seen: Observation) -> Tuple[bool, int]:
    """How far it came."""
    return seen["error"] is None, len(seen["hits"])


def _refined(variant: Variant, seen: Observation) -> Iterator[Variant]:
    """The same with one suspect argument changed, the likeliest first."""
    error = seen["error"]
    if "must not be a Python bool" in error["message"]:
        yield variant._replace(tensor_flag=True)
    if TOO_SMALL.search(error["message"]):
        yield from (variant._replace(side=side) for side in SIDES if side > variant.side)
    if any(word in error["message"] for word in SIZES):
        told = [int(number) for number in re.findall(r"\b\d{1,3}\b", error["message"])]
        # As many channels as samples would hide it if the code takes the one for the other.
        told = [number for number in told if number > 1 and number not in (BATCH, SIDE)]
        for size in dict.fromkeys([*seen["sizes"], *told]):
            yield variant._replace(channels=size)
    likely = next((kinds for words, kinds in GUESSES if any(word in error["message"] for word in words)), ())
    chosen = dict(variant.kinds)
    for kinds in (likely, KINDS):
        for name in seen["suspects"]:
            for kind in kinds:
                if chosen.get(name) != kind:
                    yield variant._replace(kinds=tuple(sorted(dict(chosen, **{name: kind}).items())))


def suspects(tree: ast.Module, rows: Sequence[int], parameters: Set[str]) -> List[str]:
    """The parameters that the lines of a traceback depend on, nearest first. rows: innermost first."""
    found: List[str] = []
    for row in rows:
        scope = _innermost(tree, row)
        statement = _statement(scope, row)
        if statement is None:
            continue
        wanted = _read(statement)
        for _ in range(DEPTH):
            found += [name for name in sorted(wanted) if name in parameters and name not in found]
            wanted |= {name for node in ast.walk(tree) if _binds(node, wanted, scope) for name in _read(node)}
    return found


def _innermost(tree: ast.Module, row: int) -> ast.AST:
    scope: ast.AST = tree
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.lineno <= row <= _last(node):
            scope = node
    return scope


def _statement(scope: ast.AST, row: int) -> Optional[ast.AST]:
    found = None
    for node in ast.walk(scope):
        if isinstance(node, ast.stmt) and node.lineno <= row <= _last(node) and node is not scope:
            found = node
    return found


def _last(node: ast.AST) -> int:
    """Python 3.7 does not tell where a node ends."""
    return max(getattr(each, "lineno", 0) for each in ast.walk(node))


def _read(node: ast.AST) -> Set[str]:
    """Names and attributes of ``self`` that a node reads, the latter as ``self.name``."""
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    return names | {"self." + each.attr for each in ast.walk(node) if _of_self(each)}


def _of_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _binds(node: ast.AST, wanted: Set[str], scope: ast.AST) -> bool:
    """Whether it is an assignment to one of these names: in this function, or for attributes anywhere."""
    if not isinstance(node, (ast.Assign, ast.AugAssign, ast.For)):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        for each in ast.walk(target):
            if _of_self(each) and "self." + each.attr in wanted:  # type: ignore[attr-defined]
                return True
            if isinstance(each, ast.Name) and each.id in wanted and _inside(node, scope):
                return True
    return False


def _inside(node: ast.AST, scope: ast.AST) -> bool:
    return any(each is node for each in ast.walk(scope))
