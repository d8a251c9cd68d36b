"""The settings of one run: defaults, then ``[tool.bnlint]`` of the nearest file, then the flags."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class ConfigError(Exception):
    """A configuration file is wrong; the message names the file and the key in one line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides what a run does.

    select, ignore: rule codes or prefixes of them; an empty ``select`` means every rule.
    exclude: gitignore patterns, relative to the folder of ``config``.
    tensorflow, keras: the era the code is written for, where the user knows better than the evidence.
    verify: run the code of each finding, with the interpreter ``python`` (None: the one bnlint runs on),
    for at most ``timeout`` seconds each.
    show_refuted: keep findings that running the code contradicted.
    config: the file that was read.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    tensorflow: str | None = None
    keras: str | None = None
    verify: bool = False
    python: str | None = None
    timeout: float = 60.0
    show_refuted: bool = False
    config: Path | None = None

    def selects(self, code: str) -> bool:
        """Whether the rule is on: the longest matching prefix decides, and ``ignore`` wins a tie."""
        selected = _longest_match(self.select, code) if self.select else 0
        return selected > _longest_match(self.ignore, code)

    def with_rules(self, select: Sequence[str], ignore: Sequence[str]) -> Settings:
        """Rules chosen by flags: ``select`` starts anew, ``ignore`` adds to what the file ignores."""
        if select:
            return replace(self, select=tuple(select), ignore=tuple(ignore))
        return replace(self, ignore=(*self.ignore, *ignore))


def _longest_match(selectors: Sequence[str], code: str) -> int:
    return max((len(selector) for selector in selectors if code.startswith(selector)), default=-1)


def nearest(name: str, known: Sequence[str]) -> str:
    """``; did you mean "…"?`` for a mistyped name, or nothing if no known one is close."""
    match = difflib.get_close_matches(name.lower(), [each.lower() for each in known], n=1)
    return f'; did you mean "{next(each for each in known if each.lower() == match[0])}"?' if match else ""


def load(paths: Sequence[str]) -> Settings:
    """Read the settings that hold for these paths.

    The nearest file wins alone: from the folder that the paths have in common upwards, the first ``bnlint.toml``, or
    ``pyproject.toml`` with a table ``[tool.bnlint]``. Raises ConfigError if it cannot be read or says unknown things.
    """
    folder = _common_folder(paths)
    for parent in (folder, *folder.parents):
        for name in ("bnlint.toml", "pyproject.toml"):
            table = _read_table(parent / name)
            if table is not None:
                return _parse(table, parent / name)
    return Settings()


def _common_folder(paths: Sequence[str]) -> Path:
    try:
        return Path(os.path.commonpath([os.path.abspath(path) for path in paths]))
    except ValueError:  # nothing in common: two drives of Windows, or no path at all
        return Path.cwd()


def _read_table(path: Path) -> Mapping[str, object] | None:
    if not path.is_file():
        return None
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    if path.name == "bnlint.toml":
        return document
    table = document.get("tool", {}).get("bnlint")
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{path}: tool.bnlint must be a table")
    return cast("dict[str, object] | None", table)


def _parse(table: Mapping[str, object], path: Path) -> Settings:
    values: dict[str, Any] = {"config": path}
    for key, value in table.items():
        if key == "verify":
            if not isinstance(value, dict):
                raise ConfigError(f"{path}: verify must be a table, [tool.bnlint.verify]")
            values |= _read_keys(cast("dict[str, object]", value), _VERIFY_KEYS, path, "verify.")
        else:
            values |= _read_keys({key: value}, _KEYS, path, "")
    return Settings(**values)


def _read_keys(
    table: Mapping[str, object], readers: Mapping[str, _Reader], path: Path, prefix: str
) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in table.items():
        if key not in readers:
            known = [*readers, "verify"] if not prefix else list(readers)
            raise ConfigError(f'{path}: unknown key "{prefix}{key}"{nearest(key, known)}')
        try:
            values[key] = readers[key](value, path)
        except ValueError as error:
            raise ConfigError(f"{path}: {prefix}{key} must be {error}") from None
    return values


_Reader = Callable[[object, Path], object]


def _strings(value: object, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in cast("list[object]", value)):
        raise ValueError("a list of strings")
    return tuple(cast("list[str]", value))


def _codes(value: object, path: Path) -> tuple[str, ...]:
    return tuple(code.upper() for code in _strings(value, path))


def _one_of(*allowed: str) -> _Reader:
    def read(value: object, path: Path) -> str:
        if value not in allowed:
            raise ValueError(" or ".join(f'"{each}"' for each in allowed))
        return cast("str", value)

    return read


def _interpreter(value: object, path: Path) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("the path of a Python interpreter")
    # A bare name is looked up on PATH; a path starts from the folder of the file that names it.
    return value if Path(value).name == value else str(path.parent / Path(value).expanduser())


def _seconds(value: object, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise ValueError("a number of seconds above 0")
    return float(value)


_KEYS: Mapping[str, _Reader] = {
    "select": _codes,
    "ignore": _codes,
    "exclude": _strings,
    "tensorflow": _one_of("1", "2"),
    "keras": _one_of("2", "3"),
}
_VERIFY_KEYS: Mapping[str, _Reader] = {"python": _interpreter, "timeout": _seconds}
