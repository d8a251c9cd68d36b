"""Which files of a project a program imports, as far as its text says."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path


def program_files(program: Path, roots: Sequence[Path]) -> list[Path]:
    """The program and all files below these folders that it imports, directly or not.

    What is imported by a name that is made up at run time is not found.
    """
    found = {program.resolve(): None}
    waiting = [program.resolve()]
    while waiting:
        for each in _imported(waiting.pop(), roots):
            if each not in found:
                found[each] = None
                waiting.append(each)
    return list(found)


def module_file(module: str, roots: Sequence[Path]) -> Path | None:
    """The file that ``python -m module`` runs."""
    for root in roots:
        path = root.joinpath(*module.split("."))
        for file in (path / "__main__.py", path.with_name(path.name + ".py")):
            if file.is_file():
                return file
    return None


def _imported(file: Path, roots: Sequence[Path]) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(alias.name.split("."), roots)
        elif isinstance(node, ast.ImportFrom):
            start = [file.parents[node.level - 1]] if node.level and node.level <= len(file.parents) else roots
            parts = node.module.split(".") if node.module else []
            for alias in node.names:
                yield from _files([*parts, alias.name], start)


def _files(parts: Sequence[str], roots: Sequence[Path]) -> Iterator[Path]:
    """Of the module and of the packages around it."""
    for root in roots:
        for length in range(1, len(parts) + 1):
            path = root.joinpath(*parts[:length])
            for file in (path / "__init__.py", path.with_name(path.name + ".py")):
                if file.is_file():
                    yield file.resolve()
