"""What is around a symbol: the modules that its file imports, and the functions that call it."""

from __future__ import annotations

import ast
import os
import re
import threading
from collections.abc import Mapping

ABOVE = 6
"""How many folders up the modules of a file are looked for."""

MOST_CALLERS = 3

# CPython 3.11 counts in one place for all threads how deep it is in the trees that it makes, and gives up if they meet.
_PARSING = threading.Lock()

MOST_FILES = 20
"""How many imported files are looked into."""


def import_path(folder: str, tree: ast.Module | None) -> list[str]:
    """The folders that the file's imports are to be looked for in: its own, and those above that hold what it names."""
    if not os.path.isdir(folder):
        return []
    tops = {name.partition(".")[0] for name in _imported(tree)} - {""}
    found, above = [folder], folder
    for _ in range(ABOVE):
        above = os.path.dirname(above)
        if any(os.path.exists(os.path.join(above, top + end)) for top in tops for end in (".py", "/__init__.py")):
            found.append(above)
    name = package(folder, tree)
    if name:
        found.append(os.path.normpath(os.path.join(folder, *[".."] * len(name.split(".")))))
    return list(dict.fromkeys(found))


def mentions(folders: list[str], tree: ast.Module | None, pattern: re.Pattern[str]) -> bool:
    """Whether a file that is imported from these folders, by the code or by one that it imports, has the pattern."""
    waiting, seen = _imported(tree), set[str]()
    while waiting and len(seen) < MOST_FILES:
        name = waiting.pop()
        paths = [os.path.join(folder, *name.split(".")) + ".py" for folder in folders if name]
        path = next((path for path in paths if os.path.isfile(path)), None)
        if path is None or path in seen:
            continue
        seen.add(path)
        text = text_of(path) or ""
        waiting |= _imported(parsed(text))
        if pattern.search(text):
            return True
    return False


def text_of(path: str, others: Mapping[str, str] | None = None) -> str | None:
    """The text of a file, if it can be read. others: texts that files are to have, by absolute path."""
    if others is not None and path in others:
        return others[path]
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def parsed(text: str) -> ast.Module | None:
    """The syntax tree of a text, if it is Python 3."""
    try:
        with _PARSING:
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imported(tree: ast.Module | None) -> set[str]:
    """The modules that are imported absolutely, anywhere in the file."""
    nodes = list(ast.walk(tree)) if tree is not None else []
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}


def package(folder: str, tree: ast.Module | None) -> str:
    """The dotted name of the package that relative imports start from; empty if there are none."""
    levels = [n.level for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)] if tree is not None else []
    depth = max(levels, default=0)
    parts: list[str] = []
    while depth and (len(parts) < depth or os.path.exists(os.path.join(folder, "__init__.py"))):
        folder, name = os.path.split(folder)
        if not name:
            break
        parts.insert(0, name)
    return ".".join(parts)


def callers(tree: ast.Module | None, symbol: str) -> list[str]:
    """The functions and classes of the file that call what the symbol names, by its last name."""
    parts = symbol.split(".")
    name = parts[-2] if parts[-1] in ("__init__", "__call__") and len(parts) > 1 else parts[-1]
    found = [dotted for dotted, function in _definitions(tree) if dotted != symbol and _calls(function, name)]
    return found[:MOST_CALLERS]


def _definitions(tree: ast.Module | None) -> list[tuple[str, ast.FunctionDef]]:
    """The functions at the top level and the methods of its classes, by their dotted names."""
    found: list[tuple[str, ast.FunctionDef]] = []
    for outer in tree.body if tree is not None else []:
        if isinstance(outer, ast.FunctionDef):
            found.append((outer.name, outer))
        elif isinstance(outer, ast.ClassDef):
            methods = [inner for inner in outer.body if isinstance(inner, ast.FunctionDef)]
            found += [(f"{outer.name}.{inner.name}", inner) for inner in methods]
    return found


def _calls(function: ast.FunctionDef, name: str) -> bool:
    nodes = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return any(name in (getattr(node, "attr", None), getattr(node, "id", None)) for node in nodes)
