"""Finds the rule folders and loads each ``rule.py`` by its path; ``rules/`` is no importable package."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path

from bnlint.rule import Rule
from bnlint.settings import RuleError, Settings
from bnlint.timings import phase

_FOLDER = re.compile(r"([A-Z]+\d{3})-([a-z0-9-]+)")


def builtin_folder() -> Path:
    """Where the rules are: inside the package when installed from a wheel, beside it in a checkout."""
    packaged = Path(__file__).parent / "_rules"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "rules"


class Selection:
    """The rules that some settings select, loaded when they are asked for: a run that finds all in the cache is not.

    Raises RuleError at once for folders of one's own that cannot be loaded.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        if settings.rules:
            _ = self.every

    @cached_property
    def every(self) -> tuple[Rule, ...]:
        """Those that are not selected too."""
        with phase("rules loaded"):
            return load_rules(self._settings.rules)

    @property
    def codes(self) -> Iterator[str]:
        """The codes of all rules, as the names of their folders say."""
        for root in (builtin_folder(), *self._settings.rules):
            yield from (match[1] for path in root.iterdir() if (match := _FOLDER.fullmatch(path.name)) is not None)

    def __iter__(self) -> Iterator[Rule]:
        return (rule for rule in self.every if self._settings.selects(rule.code))


@cache
def load_rules(own: tuple[Path, ...] = ()) -> tuple[Rule, ...]:
    """All rules, by code: the built-in ones and those in folders of one's own. Raises RuleError."""
    rules: dict[str, Rule] = {}
    for root in (builtin_folder(), *own):
        paths = sorted(root.glob("*/rule.py"))
        if not paths:
            raise RuleError(f"{root}: no rule folders here")
        for path in paths:
            rule = _load(path)
            if rule.code in rules:
                raise RuleError(f"{path}: {rule.code} is also defined in {rules[rule.code].folder}")
            rules[rule.code] = rule
    return tuple(sorted(rules.values(), key=lambda rule: rule.code))


def _load(path: Path) -> Rule:
    folder = path.parent
    match = _FOLDER.fullmatch(folder.name)
    if match is None:
        raise RuleError(f"{folder}: a rule folder is named like BN101-rebound-statistic")
    name = f"_bnlint_rule_{match[1].lower()}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RuleError(f"{path}: cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise RuleError(f"{path}: {type(error).__name__}: {error}") from error
    rule: object = getattr(module, "RULE", None)
    if not isinstance(rule, Rule):
        raise RuleError(f"{path}: defines no RULE")
    if (rule.code, rule.name) != match.groups():
        raise RuleError(f"{path}: {rule.code} {rule.name} lives in a folder named {folder.name}")
    return replace(rule, folder=folder)
