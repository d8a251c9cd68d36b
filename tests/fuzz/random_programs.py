"""Programs that nobody would write: real ones, broken as text or put together anew as trees, in strange encodings."""

from __future__ import annotations

import ast
import json
import os
import random
import re
import warnings
from copy import deepcopy
from functools import cache
from pathlib import Path

from bnlint.registry import builtin_folder

# Programs from elsewhere to break beside the lessons.
FOLDER = os.environ.get("BNLINT_FUZZ_FOLDER")
LARGEST = 30_000
STRANGE = ("(", ")", "]", ":", "\\", "'''", "\t", "\r", "\0", "\x0c", "\u2028", "é😀", "lambda *a: ", "async ", "# ",
           "# bnlint: ignore[", "# type: ignore", "print x", "exec ", "`", "<>", "0777", "ur'", "f'{", "match x:\n",
           "%%", "@", ":=", "*", "nonlocal x", "\ud7ff", "\ufeff")  # fmt: skip
TOKEN = re.compile(r"\w+|[^\w\s]")
PIECE = re.compile(r"\w+|[^\w\s]|\s+")


@cache
def seeds() -> list[str]:
    """The texts that everything is made of."""
    files = sorted(builtin_folder().glob("*/*.py"))
    if FOLDER:
        files += sorted(path for path in Path(FOLDER).rglob("*.py") if path.stat().st_size < LARGEST)
    texts = [path.read_bytes().decode("utf-8", "replace") for path in files]
    return [text for text in texts if "tensorflow" in text or "keras" in text]


def broken(choose: random.Random) -> str:
    """A program with one to six changes: lines, words and characters lost, doubled, moved, or from another program."""
    text = choose.choice(seeds())
    for _ in range(choose.randint(1, 6)):
        lines = text.splitlines(keepends=True) or [""]
        first, second = choose.randrange(len(lines)), choose.randrange(len(lines))
        match choose.randrange(8):
            case 0:
                del lines[first]
            case 1:
                lines.insert(first, lines[second])
            case 2:
                lines[first], lines[second] = lines[second], lines[first]
            case 3:
                other = choose.choice(seeds()).splitlines(keepends=True) or [""]
                start = choose.randrange(len(other))
                lines[first:first] = other[start : start + choose.randint(1, 12)]
            case 4:
                lines[first] = choose.choice(("    ", "\t", "")) + lines[first].lstrip()
            case 5:
                words = TOKEN.findall(text) or [""]
                lines[first] = "".join(
                    choose.choice((word, choose.choice(words))) for word in PIECE.findall(lines[first])
                )
            case 6:
                place = choose.randrange(len(lines[first]) + 1)
                lines[first] = lines[first][:place] + choose.choice(STRANGE) + lines[first][place:]
            case _:
                lines = lines[: first + 1]
        text = "".join(lines)
    return text


def rearranged(choose: random.Random) -> str:
    """A program that parses: its parts in other places, taken away, wrapped, or from another program."""
    tree, other = _tree(choose), _tree(choose)
    for _ in range(choose.randint(1, 8)):
        if choose.random() < 0.5:
            _swap_expression(tree, other, choose)
        else:
            _change_statements(tree, other, choose)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        except (ValueError, RecursionError):  # a tree that no text has
            return choose.choice(seeds())


@cache
def _parsed() -> list[str]:
    return [text for text in seeds() if _parses(text)]


def _parses(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return False
    return True


def _tree(choose: random.Random) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(choose.choice(_parsed()))


def _swap_expression(tree: ast.Module, other: ast.Module, choose: random.Random) -> None:
    """Put an expression of the other program, or a wrapped one of this, in the place of one."""
    places = [
        (node, name, value)
        for node in ast.walk(tree)
        for name, value in ast.iter_fields(node)
        if isinstance(value, ast.expr) and isinstance(getattr(value, "ctx", ast.Load()), ast.Load)
    ]
    values = [node for node in ast.walk(other) if isinstance(node, ast.expr) and not hasattr(node, "ctx")]
    if not places or not values:
        return
    node, name, old = choose.choice(places)
    # A node in two places would be its own child after some more changes.
    new: ast.expr = deepcopy(choose.choice(values))
    match choose.randrange(6):
        case 0:
            new = ast.Lambda(ast.arguments([], [], None, [], [], None, []), old)
        case 1:
            new = ast.IfExp(new, old, ast.Constant(None))
        case 2:
            new = ast.NamedExpr(ast.Name("x", ast.Store()), old)
        case 3:
            new = ast.Await(old)
        case _:
            pass
    setattr(node, name, new)


def _change_statements(tree: ast.Module, other: ast.Module, choose: random.Random) -> None:
    """Take statements away, double, move, wrap them, or put some of the other program among them."""
    body = choose.choice(_bodies(tree))
    place = choose.randrange(len(body))
    new: list[ast.stmt]
    match choose.randrange(6):
        case 0:
            new = []
        case 1:
            new = [body[place]] * 2
        case 2:
            new = [ast.Try([body[place]], [], [ast.Pass()], [ast.Pass()]) if choose.random() < 0.5 else
                   ast.With([ast.withitem(ast.Name("x", ast.Load()))], [body[place]])]  # fmt: skip
        case 3:
            new = [ast.While(ast.Constant(True), [body[place]], [ast.Break()])]
        case 4:
            new = [ast.If(ast.Name("training", ast.Load()), [body[place]], choose.choice(_bodies(other))[:3])]
        case _:
            new = choose.choice(_bodies(other))[: choose.randint(1, 5)]
    body[place : place + choose.randrange(2)] = deepcopy(new)
    if not body:
        body.append(ast.Pass())


def _bodies(tree: ast.Module) -> list[list[ast.stmt]]:
    bodies = [getattr(node, name, None) for node in ast.walk(tree) for name in ("body", "orelse", "finalbody")]
    return [body for body in bodies if isinstance(body, list) and body]


def encoded(text: str, choose: random.Random) -> tuple[str, bytes]:
    """A name and the bytes of a file with this text: a notebook, or one of many encodings and line ends."""
    match choose.randrange(10):
        case 0:
            return "x.py", b"\xef\xbb\xbf" + text.encode("utf-8", "replace")
        case 1:
            return "x.py", text.replace("\n", "\r\n").encode("utf-8", "replace")
        case 2:
            return "x.py", text.replace("\n", "\r").encode("utf-8", "replace")
        case 3:
            return "x.py", b"# coding: latin-1\n" + text.encode("latin-1", "replace")
        case 4:
            data = bytearray(text.encode("utf-8", "replace") or b"\n")
            data[choose.randrange(len(data))] = choose.randrange(256)
            return "x.py", bytes(data)
        case 5:
            parts = text.split("\n\n")
            cells = [{"cell_type": "code", "metadata": {}, "source": part.splitlines(True)} for part in parts]
            return "x.ipynb", json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
        case 6:
            return "x.py", text.rstrip("\n").encode("utf-8", "replace")
        case _:
            return "x.py", text.encode("utf-8", "replace")
