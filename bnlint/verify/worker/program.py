"""The user's file as a module: written into the working folder, compiled at its own rows, its errors located."""

from __future__ import annotations

import ast
import linecache
import os
import re
import sys
import traceback
import types
from importlib.machinery import SourceFileLoader
from typing import Any, Callable, Dict, List, Optional, Sequence, Set

MESSAGE = 600
"""How many characters of an error message are kept."""


def program_path(filename: str, folder: str) -> str:
    """Where the user's file is written, under its own name if that is a module's."""
    stem = os.path.splitext(os.path.basename(filename))[0]
    return os.path.join(folder, (stem if stem.isidentifier() else "module") + ".py")


def _module_name(path: str) -> str:
    """The name of the file, unless it is that of a library that is loaded, as of a file ``tensorflow.py``."""
    name = os.path.splitext(os.path.basename(path))[0]
    known = getattr(sys.modules.get(name), "__file__", None)
    return name if name not in sys.modules or known == path else "own_" + name


class Program:
    """The user's source in a file of its own in ``folder``, so that tracebacks and autograph find the lines.

    skip: first and last rows of statements whose errors are passed over. calls_on: rows on which the results of
    ``average`` are looked at; [0, 0] stands for all rows. results: how many were seen, and how many were None.
    builtin_names: instead of Python's own. package: the one that relative imports start from.
    """

    def __init__(
        self,
        source: str,
        filename: str,
        folder: str,
        skip: Sequence[Sequence[int]] = (),
        calls_on: Optional[Sequence[int]] = None,
        builtin_names: Optional[Dict[str, Any]] = None,
        package: str = "",
    ) -> None:
        self.path = program_path(filename, folder)
        self.name = _module_name(self.path)
        self.source = source
        self.tree = ast.parse("")
        self.skip = skip
        self.folder = folder
        self.hits: Set[int] = set()
        self.calls_on = calls_on
        self.builtin_names = builtin_names
        self.package = package
        self.results: Optional[Dict[str, int]] = None if calls_on is None else {"seen": 0, "none": 0}
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(source)

    def execute(self, as_main: bool) -> Dict[str, Any]:
        """Run the file as a module or as ``__main__``; returns its globals. Raises what the file raises."""
        module = types.ModuleType("__main__" if as_main else self.name)
        module.__dict__["__file__"] = self.path
        if self.package:
            module.__dict__["__package__"] = self.package
            _prepare(self.package)
        sys.modules[module.__name__] = module
        self._execute_in(module)
        return module.__dict__

    def _execute_in(self, module: types.ModuleType) -> None:
        tree = ast.parse(self.source, self.path)
        self.tree = ast.parse(self.source, self.path)
        if self.calls_on is not None:
            tree = _Looker(self.calls_on).visit(tree)
        code = compile(Marker(self.skip).mark(tree), self.path, "exec", dont_inherit=True)
        module.__dict__.update({MARK: self.hits.add, LOOK: self._look})
        if self.builtin_names is not None:
            module.__dict__["__builtins__"] = self.builtin_names
        exec(code, module.__dict__)

    def stand_for(self, filename: str, folders: Sequence[str], names: Set[str]) -> Callable[[], None]:
        """From now on whoever imports the file of this absolute name gets this program; returns what ends that.

        folders: those of the project; what is imported from them is forgotten in the end, for it knows this program.
        names: where the names are put under which the file is imported.
        """
        original, before, real = SourceFileLoader.exec_module, set(sys.modules), os.path.realpath(filename)

        def exec_module(loader: Any, module: types.ModuleType) -> None:
            if os.path.realpath(loader.path) != real:
                original(loader, module)
                return
            names.add(module.__name__)
            self._execute_in(module)

        def end() -> None:
            SourceFileLoader.exec_module = original  # type: ignore[method-assign]
            for name in set(sys.modules) - before:
                path = getattr(sys.modules[name], "__file__", None) or ""
                if path.startswith(tuple(os.path.join(folder, "") for folder in folders)):
                    del sys.modules[name]

        SourceFileLoader.exec_module = exec_module  # type: ignore[method-assign]
        return end

    def _look(self, result: Any) -> Any:
        assert self.results is not None
        self.results["seen"] += 1
        self.results["none"] += result is None
        return result

    def describe(self, error: BaseException, stage: str) -> Dict[str, Any]:
        """The error as data: class names, message, rows of the user's file (innermost first), what was being done."""
        message = str(error)
        rows = [row for row in self._rows(error) if row]
        # Autograph raises a fresh exception and quotes the user's lines in its message.
        quoted = [int(row) for path, row in re.findall(r'File "([^"]+)", line (\d+)', message) if path == self.path]
        return {
            "type": type(error).__name__,
            "types": [cls.__name__ for cls in type(error).__mro__ if cls is not object],
            "message": tidy(message.replace(self.folder + os.sep, "")),
            "rows": list(dict.fromkeys(list(reversed(quoted)) + rows)),
            "stage": stage,
            "of": lacking(error),
        }

    def _rows(self, error: BaseException) -> List[int]:
        frames = traceback.extract_tb(error.__traceback__)
        rows = [frame.lineno or 0 for frame in frames if frame.filename == self.path]
        if isinstance(error, SyntaxError) and error.filename == self.path:
            rows.append(error.lineno or 0)
        return rows[::-1]


def import_as(texts: Dict[str, str]) -> None:
    """From now on these files, by their absolute paths, are imported as if they held these texts."""
    if not texts:
        return
    read_lines = linecache.updatecache

    def updatecache(filename: str, module_globals: Any = None) -> List[str]:
        # Autograph reads the source again.
        return texts[filename].splitlines(True) if filename in texts else read_lines(filename, module_globals)

    linecache.updatecache = updatecache
    read, look = SourceFileLoader.get_data, SourceFileLoader.path_stats

    def get_data(self: Any, path: str) -> bytes:
        return texts[path].encode("utf-8") if path in texts else read(self, path)

    def path_stats(self: Any, path: str) -> Any:
        if path in texts:
            # Python then looks for no compiled file.
            raise OSError("not the file on disk")
        return look(self, path)

    SourceFileLoader.get_data = get_data  # type: ignore[method-assign]
    SourceFileLoader.path_stats = path_stats  # type: ignore[method-assign]


def _prepare(package: str) -> None:
    """The packages around the file, found beside it; what their ``__init__.py`` would do is not done."""
    parts = package.split(".")
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        folders = [os.path.join(entry, *parts[:length]) for entry in sys.path]
        here = [folder for folder in folders if os.path.isdir(folder)]
        if name not in sys.modules and here:
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = here[:1]  # type: ignore[attr-defined]


MARK = "__bnlint_hit__"
LOOK = "__bnlint_look__"


class _Looker(ast.NodeTransformer):
    """Shows what calls of ``something.average`` return, on the rows from the first to the last."""

    def __init__(self, rows: Sequence[int]) -> None:
        self.first, self.last = rows

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute) or node.func.attr != "average":
            return node
        if self.last and not self.first <= node.lineno <= self.last:
            return node
        look = ast.copy_location(ast.Name(LOOK, ast.Load()), node)
        return ast.copy_location(ast.Call(look, [node], []), node)


class Marker(ast.NodeTransformer):
    """Puts a note before every statement, so that it is known which rows really ran; passes over errors in some.

    only: the first and last rows to which notes are limited. offset: what is added to the rows that are noted.
    """

    def __init__(
        self, skip: Sequence[Sequence[int]], only: Optional[Sequence[Sequence[int]]] = None, offset: int = 0
    ) -> None:
        self.skip = skip
        self.only = only
        self.offset = offset

    def mark(self, tree: ast.Module) -> ast.Module:
        """The same module with the notes in it."""
        self.visit(tree)
        return tree

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Each block of statements, from the inside out."""
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                setattr(node, field, self._marked(node, block))
        return node

    def _marked(self, owner: ast.AST, block: List[ast.stmt]) -> List[ast.stmt]:
        marked: List[ast.stmt] = []
        for index, statement in enumerate(block):
            docstring = (
                index == 0 and isinstance(statement, ast.Expr) and hasattr(owner, "body") and _is_text(statement)
            )
            future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
            wanted = self.only is None or any(first <= statement.lineno <= last for first, last in self.only)
            if wanted and not docstring and not future:
                marked.append(_note(statement, self.offset))
            skipped = any(first <= statement.lineno <= last for first, last in self.skip)
            marked.append(_tolerant(statement) if skipped and not hasattr(statement, "body") else statement)
        return marked


def _tolerant(statement: ast.stmt) -> ast.stmt:
    tolerant = ast.parse("try:\n    pass\nexcept Exception:\n    pass").body[0]
    assert isinstance(tolerant, ast.Try)
    for node in ast.walk(tolerant):
        if hasattr(node, "lineno"):
            ast.copy_location(node, statement)
    tolerant.body = [statement]
    return tolerant


def lacking(error: BaseException) -> Optional[str]:
    """The type of the object that an attribute was missing from."""
    found = re.match(r"'(\w+)' object has no attribute", str(error)) if isinstance(error, AttributeError) else None
    return found.group(1) if found else None


def _is_text(statement: ast.Expr) -> bool:
    value = statement.value
    return isinstance(getattr(value, "value", getattr(value, "s", None)), str)


def _note(statement: ast.stmt, offset: int) -> ast.stmt:
    """``mark(row)`` at the statement's own row; a decorated function counts from its ``def``."""
    call = ast.parse("%s(%d)" % (MARK, statement.lineno + offset)).body[0]
    for node in ast.walk(call):
        if hasattr(node, "lineno"):
            ast.copy_location(node, statement)
    return call


def tidy(message: str) -> str:
    """Without colours and the addresses that differ from run to run, and not endless."""
    message = re.sub(r"\x1b\[[\d;]*m", "", message)
    if "in user code:" in message:
        # What autograph and Keras quote before and after the message proper.
        message = re.split(r"\n\s*Call arguments received", message)[0]
        message = re.split(r'\n\s*File "[^\n]*\n[^\n]*\n', message)[-1]
    if "in converted code:" in message:
        # TensorFlow 1.15 quotes in paragraphs, and says the error in the last one.
        message = re.split(r"\n\s*\n", message.strip())[-1]
    text = re.sub(r"0x[0-9a-f]{6,}", "0x…", message).strip()
    return text if len(text) <= MESSAGE else text[: MESSAGE - 1] + "…"


def resolve(namespace: Dict[str, Any], symbol: str) -> "tuple[Any, Optional[str]]":
    """What ``symbol`` names: a function or class, and the method's name if it names a method.

    A function inside a function resolves to the outer one. Raises KeyError when the module has no such name.
    """
    parts = [part for part in symbol.split(".") if part != "<locals>"]
    target = namespace[parts[0]]
    for index, part in enumerate(parts[1:], start=1):
        if not isinstance(target, type):
            return target, None
        inner = target.__dict__.get(part)
        if not isinstance(inner, type):
            return target, part if index == len(parts) - 1 or inner is not None else None
        target = inner
    return target, None
