"""The part of a file that a symbol needs, every line kept at its row: the rest is blanked out, not cut out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

SETTINGS = ("enable_", "disable_", "set_")
"""Calls at the top level, such as ``tf.compat.v1.disable_eager_execution()``, that change what the rest means."""


def slice_for(text: str, tree: ast.Module, symbol: str) -> str | None:
    """The source that defines the first name of ``symbol`` and what it uses, transitively; None if it is not there.

    tree: of the text.
    """
    binders: dict[str, list[ast.stmt]] = {}
    for statement in tree.body:
        for name in _bound(statement):
            binders.setdefault(name, []).append(statement)
    root = symbol.split(".")[0]
    if root not in binders:
        return None
    kept = {id(statement): statement for statement in tree.body if _always(statement)}
    waiting = [root, *(name for statement in kept.values() for name in _used(statement))]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for statement in binders.get(name, ()):
            if id(statement) not in kept:
                kept[id(statement)] = statement
                waiting.extend(_used(statement))
    return _blanked(text, list(kept.values()))


def first_row(statement: ast.stmt) -> int:
    """Where a statement starts, its decorators included."""
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _blanked(text: str, kept: list[ast.stmt]) -> str:
    rows = {row for statement in kept for row in range(first_row(statement), (statement.end_lineno or 0) + 1)}
    lines = text.splitlines(keepends=True)
    return "".join(line if row in rows else "\n" for row, line in enumerate(lines, start=1))


def _always(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.ImportFrom):
        # What a star brings in, nobody can tell.
        return statement.module == "__future__" or any(alias.name == "*" for alias in statement.names)
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr.startswith(SETTINGS)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a top-level statement binds in the module, also inside ``if`` and ``try``."""
    for node in _in_scope(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _in_scope(statement: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement that belong to the module's own scope."""
    yield statement
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    for child in ast.iter_child_nodes(statement):
        yield from _in_scope(child)


def _used(statement: ast.AST) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
