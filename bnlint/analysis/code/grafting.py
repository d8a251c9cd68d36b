"""A module read as if the functions that it imports from another file stood in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bnlint.analysis.code.lines import Lines
from bnlint.analysis.code.module import Lowering, parsed
from bnlint.analysis.code.scopes import Binding, Graft, ModuleTree, Scope
from bnlint.analysis.code.values import Definition


def grafted(tree: ModuleTree, home: ModuleTree, filename: str, package: str, names: Mapping[str, str]) -> ModuleTree:
    """A module's tree with functions of another file below it.

    home, filename, package: the other file; names: its functions by the names that the module calls them by, full ones
    or, of a star import, bare ones.
    """
    above, below = tree.lines.text, home.own_text
    above += "" if above.endswith("\n") else "\n"
    rows = Lines(above).place(len(above))[0] - 1
    module = _needed(parsed(below), set(names.values()))
    ast.increment_lineno(module, rows)
    made = replace(
        tree,
        scopes=[replace(tree.scopes[0], bindings={**tree.scopes[0].bindings}), *tree.scopes[1:]],
        bindings=[*tree.bindings],
        stores=[*tree.stores],
        statements=[*tree.statements],
        blocks=[*tree.blocks],
        calls=[*tree.calls],
        call_sites=[*tree.call_sites],
        imports={},
    )
    Lowering(module, above + below, package, made).lower()
    made.imports = tree.imports
    first = len(tree.scopes)
    functions = {scope.name: scope for scope in made.scopes[first:] if scope.parent == first}
    known = {name: functions[function].id for name, function in names.items() if function in functions}
    for name in known:
        if "." not in name:
            _bind(made, name, functions[names[name]])
    graft = Graft(filename, rows, known, first, len(tree.calls), len(tree.statements))
    made.grafts = (*tree.grafts, graft)
    return made


def _bind(tree: ModuleTree, name: str, function: Scope) -> None:
    binding = Binding(
        len(tree.bindings),
        name,
        0,
        "import",
        Definition(function.span, function.id),
        function.span,
        function.header,
        (),
    )
    tree.bindings.append(binding)
    tree.scopes[0].bindings[name] = [binding.id]


def _needed(module: ast.Module, names: set[str]) -> ast.Module:
    """The functions of these names, with all that they use of their module."""
    wanted: set[str] = set()
    fresh = set(names)
    while fresh:
        wanted |= fresh
        used = (node for statement in module.body if fresh & {*_defined(statement)} for node in ast.walk(statement))
        fresh = {node.id for node in used if isinstance(node, ast.Name)} - wanted
    body = [statement for statement in module.body if _only_imports(statement) or wanted & {*_defined(statement)}]
    return ast.Module(body, [])


def _only_imports(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Try):
        return all(map(_only_imports, statement.body))
    return isinstance(statement, (ast.Import, ast.ImportFrom))


def _defined(statement: ast.stmt) -> Iterator[str]:
    """The function or the names that a statement defines."""
    targets: Sequence[ast.expr] = ()
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield statement.name
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    yield from (target.id for target in targets if isinstance(target, ast.Name))
