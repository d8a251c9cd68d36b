"""The settings of one run: defaults, then ``[tool.bnlint]`` of the nearest file, then the flags."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from bnlint.findings import Severity
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from pathspec import GitIgnoreSpec

BASELINE = "bnlint-baseline.json"


class ConfigError(Exception):
    """A configuration file is wrong; the message names the file and the key in one line."""


class RuleError(Exception):
    """A rule folder that cannot be loaded; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides what a run does.

    select, ignore: rule codes or prefixes of them; an empty ``select`` means every rule.
    per_file_ignores: gitignore patterns, each with the codes or prefixes that are left out in the files it matches.
    exclude: gitignore patterns, relative to ``root``, as those above are.
    force_exclude: leave out what ``exclude`` names even if it was given by name.
    fail_on: the least severity that makes a run fail.
    tensorflow, keras: the era the code is written for, where the user knows better than the evidence.
    baseline: the file of findings that were there before, if it is not the usual one; see `baseline_file`.
    use_baseline: whether what it holds is let pass.
    rules: folders of rules of one's own that may be loaded. refused_rules: those that the configuration of the project
    names and nobody has allowed: rules are code.
    verify: run the code of each finding, with one of the interpreters ``python`` (none: see `bnlint.interpreters`),
    for at most ``timeout`` seconds each, kept apart as `VerifySettings.isolation` says.
    trusted: the user's own file trusts the project.
    show_refuted: keep findings that running the code contradicted.
    jobs: how many processes may analyse files; None for as many as there are processors. executor: what takes the jobs
    instead, see `bnlint.executors`.
    config: the file that was read. given: the keys in it. user: the user's own file, if it has a say.
    project: where there is no ``config``, the nearest folder that holds a baseline or a repository.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    fail_on: Severity = Severity.INFO
    tensorflow: str | None = None
    keras: str | None = None
    baseline: Path | None = None
    use_baseline: bool = True
    rules: tuple[Path, ...] = ()
    refused_rules: tuple[Path, ...] = ()
    verify: bool = False
    python: tuple[str, ...] = ()
    timeout: float = 60.0
    isolation: Literal["auto", "strict", "none"] = "auto"
    show_refuted: bool = False
    jobs: int | None = None
    executor: Executor | None = None
    config: Path | None = None
    given: frozenset[str] = field(default=frozenset(), compare=False)
    user: Path | None = None
    project: Path | None = None
    trusted: bool = False

    @property
    def root(self) -> Path:
        """The folder that patterns, fingerprints and the baseline start from."""
        return self.config.parent if self.config is not None else self.project or Path.cwd()

    @property
    def baseline_file(self) -> Path:
        """Where the baseline is, or would be."""
        return self.baseline or self.root / BASELINE

    def selects(self, code: str) -> bool:
        """Whether the rule is on: the longest matching prefix decides, and ``ignore`` wins a tie."""
        selected = _longest_match(self.select, code) if self.select else 0
        return selected > _longest_match(self.ignore, code)

    def ignores_in(self, filename: str, code: str) -> bool:
        """Whether the rule is left out in this file, whose name starts from the working folder."""
        return any(
            code.startswith(codes) and _pattern(pattern).match_file(os.path.relpath(filename, self.root))
            for pattern, codes in self.per_file_ignores
        )

    def with_rules(self, select: Sequence[str], ignore: Sequence[str]) -> Settings:
        """Rules chosen by flags: ``select`` starts anew, ``ignore`` adds to what the file ignores."""
        if select:
            return replace(self, select=tuple(select), ignore=tuple(ignore))
        return replace(self, ignore=(*self.ignore, *ignore))

    def allowing_rules(self) -> Settings:
        """With the rule folders that the project's configuration names."""
        return replace(self, rules=(*self.rules, *self.refused_rules), refused_rules=())


def patterns(lines: Iterable[str]) -> GitIgnoreSpec:
    """Patterns as in a ``.gitignore``."""
    # Costs a tenth of a run on a few files, and most projects give no patterns.
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)


@cache
def _pattern(pattern: str) -> GitIgnoreSpec:
    return patterns([pattern])


def _longest_match(selectors: Sequence[str], code: str) -> int:
    return max((len(selector) for selector in selectors if code.startswith(selector)), default=-1)


def nearest(name: str, known: Sequence[str]) -> str:
    """``; did you mean "…"?`` for a mistyped name, or nothing if no known one is close."""
    import difflib

    typed = name.lower()
    lower = {each.lower(): each for each in known}
    matches = difflib.get_close_matches(typed, lower, n=len(lower) or 1)

    def likeness(match: str) -> tuple[float, int]:
        ratio = difflib.SequenceMatcher(None, match, typed).ratio()
        return ratio, sum(one == other for one, other in zip(match, typed, strict=False))

    return f'; did you mean "{lower[max(matches, key=likeness)]}"?' if matches else ""


def load(paths: Sequence[str]) -> Settings:
    """Read the settings that hold for these paths.

    The nearest file wins alone: from the folder that the paths have in common upwards, the first ``bnlint.toml``, or
    ``pyproject.toml`` with a table ``[tool.bnlint]``. The user's own file adds rules, and says which projects may bring
    theirs. Raises ConfigError if a file cannot be read or says unknown things.
    """
    for file in files_above(paths):
        table = _read_table(file)
        if table is not None:
            return _with_user_file(_parse(table, file))
    return _with_user_file(Settings(project=_project(common_folder(paths))))


def files_above(paths: Sequence[str]) -> Iterator[Path]:
    """The files that could hold the settings for these paths, the nearest first, whether they exist or not."""
    folder = common_folder(paths)
    for parent in (folder, *folder.parents):
        yield from (parent / "bnlint.toml", parent / "pyproject.toml")


def user_file() -> Path:
    """The user's own settings, which no project can change: ``~/.config/bnlint/bnlint.toml`` on Linux."""
    import click

    return Path(click.get_app_dir("bnlint")) / "bnlint.toml"


def _with_user_file(settings: Settings) -> Settings:
    file = user_file()
    table = _read_table(file) or {}
    values = _read_keys(table, _USER_KEYS, file, "")
    trusted = cast("tuple[Path, ...]", values.get("trusted", ()))
    here = os.path.realpath(settings.root)
    if any(Path(here).is_relative_to(os.path.realpath(folder)) for folder in trusted):
        settings = replace(settings.allowing_rules(), trusted=True, user=file)
    if "isolation" in values and settings.isolation != "strict":
        # Whether code may do as it likes on this machine is for its user to say, not for a project.
        settings = replace(settings, isolation=cast("Any", values["isolation"]), user=file)
    own = cast("tuple[Path, ...]", values.get("rules", ()))
    return replace(settings, rules=(*own, *settings.rules), user=file) if own else settings


def _project(folder: Path) -> Path | None:
    marks = ((parent, parent / mark) for parent in (folder, *folder.parents) for mark in (BASELINE, ".git"))
    return next((parent for parent, mark in marks if mark.exists()), None)


def common_folder(paths: Sequence[str]) -> Path:
    """The folder that holds all of these paths, or the path if it is one."""
    try:
        return Path(os.path.commonpath([os.path.abspath(path) for path in paths]))
    except ValueError:  # nothing in common: two drives of Windows, or no path at all
        return Path.cwd()


def _read_table(path: Path) -> Mapping[str, object] | None:
    if not path.is_file():
        return None
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
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
    values: dict[str, Any] = {}
    given: list[str] = []
    for key, value in table.items():
        if key == "verify":
            if not isinstance(value, dict):
                raise ConfigError(f"{path}: verify must be a table, [tool.bnlint.verify]")
            inner = cast("dict[str, object]", value)
            values |= _read_keys(inner, _VERIFY_KEYS, path, "verify.")
            given += [f"verify.{each}" for each in inner]
        else:
            values |= _read_keys({key: value}, _KEYS, path, "")
            given.append(key)
    values["refused_rules"] = values.pop("rules", ())
    return Settings(**values, config=path, given=frozenset(given))


def _read_keys(
    table: Mapping[str, object], readers: Mapping[str, _Reader], path: Path, prefix: str
) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in table.items():
        if key not in readers:
            known = [*readers, "verify"] if readers is _KEYS else list(readers)
            raise ConfigError(f'{path}: unknown key "{prefix}{key}"{nearest(key, known)}')
        try:
            values[key.replace("-", "_")] = readers[key](value, path)
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


def _codes_by_pattern(value: object, path: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    problem = 'a table of patterns with codes, such as "tests/**" = ["BN101"]'
    if not isinstance(value, dict):
        raise ValueError(problem)
    try:
        return tuple((pattern, _codes(codes, path)) for pattern, codes in cast("dict[str, object]", value).items())
    except ValueError:
        raise ValueError(problem) from None


def _severity(value: object, path: Path) -> Severity:
    return Severity(_one_of(*(each.value for each in Severity))(value, path))


def _file(value: object, path: Path) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError("the path of a file")
    return path.parent / Path(value).expanduser()


def _folders(value: object, path: Path) -> tuple[Path, ...]:
    return tuple(path.parent / Path(each).expanduser() for each in _strings(value, path))


def _one_of(*allowed: str) -> _Reader:
    def read(value: object, path: Path) -> str:
        if value not in allowed:
            raise ValueError(" or ".join(f'"{each}"' for each in allowed))
        return cast("str", value)

    return read


def _interpreters(value: object, path: Path) -> tuple[str, ...]:
    given = cast("list[object]", value) if isinstance(value, list) else [value]
    names = [each for each in given if isinstance(each, str) and each]
    if len(names) < len(given):
        raise ValueError("the path of a Python interpreter, or a list of them")
    # A bare name is looked up on PATH; a path starts from the folder of the file that names it.
    return tuple(name if Path(name).name == name else str(path.parent / Path(name).expanduser()) for name in names)


def _seconds(value: object, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise ValueError("a number of seconds above 0")
    return float(value)


_KEYS: Mapping[str, _Reader] = {
    "select": _codes,
    "ignore": _codes,
    "per-file-ignores": _codes_by_pattern,
    "exclude": _strings,
    "fail-on": _severity,
    "tensorflow": _one_of("1", "2"),
    "keras": _one_of("2", "3"),
    "baseline": _file,
    "rules": _folders,
}
_VERIFY_KEYS: Mapping[str, _Reader] = {
    "python": _interpreters,
    "timeout": _seconds,
    "isolation": _one_of("auto", "strict"),
}
_USER_KEYS: Mapping[str, _Reader] = {
    "rules": _folders,
    "trusted": _folders,
    "isolation": _one_of("auto", "strict", "none"),
}
