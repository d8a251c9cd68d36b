"""Teaches a rule, or what was found in one line of a file: for a terminal, as Markdown, as data."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from bnlint import lessons
from bnlint.findings import Finding
from bnlint.frozen import dataclass
from bnlint.registry import load_rules
from bnlint.reporting import Report
from bnlint.rule import Rule
from bnlint.settings import Settings, load, nearest

Form = Literal["text", "markdown", "json"]
WIDTH = 100
"""Columns beyond which prose is hard to read, however wide the terminal is."""

_PLACE = re.compile(r"(?P<file>.+?)(:cell (?P<cell>\d+))?:(?P<row>\d+)(:\d+)?")


class UnknownTopicError(Exception):
    """Nothing is known under this name or found at this place; the message says so, and what there is."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What is to be explained: findings at one place, or a rule alone."""

    rules: tuple[Rule, ...]
    report: Report


def topic(name: str, allow_rules: bool = False) -> Topic:
    """Understand ``BN101``, ``rebound-statistic`` or ``models/bn.py:15``.

    allow_rules: load those that the configuration names. Raises UnknownTopicError, ConfigError and RuleError.
    """
    place = _PLACE.fullmatch(name)
    if place is not None:
        cell = int(place["cell"]) if place["cell"] else None
        return _at(_settings(place["file"], allow_rules), place["file"], cell, int(place["row"]))
    rules = load_rules()
    wanted = _called(name, rules)
    if not wanted:
        rules = load_rules(_settings(".", allow_rules).rules)
        wanted = _called(name, rules)
    if not wanted:
        known = [each for rule in rules for each in (rule.code, rule.name)]
        hint = "" if not name.endswith((".py", ".ipynb")) else f" (for a finding, say its line: {name}:12)"
        raise UnknownTopicError(
            f'there is no rule "{name}"{nearest(name, known)}{hint or " (bnlint rules lists them)"}'
        )
    return Topic(wanted, Report((), (), files=0, analysed=0, refuted=0, root=os.getcwd()))


def _called(name: str, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if name.upper() == rule.code or name.lower() == rule.name)


def _settings(path: str, allow_rules: bool) -> Settings:
    settings = load((path,))
    return settings.allowing_rules() if allow_rules else settings


def _at(settings: Settings, file: str, cell: int | None, row: int) -> Topic:
    from bnlint import engine

    report = engine.check((file,), settings)
    if report.errors:
        error = report.errors[0]
        raise UnknownTopicError(f"{error.filename}: {error.message}")
    here = tuple(each for each in report.findings if each.span.row <= row <= each.span.end_row and each.cell == cell)
    if not here:
        raise UnknownTopicError(f"nothing was found in {_line(file, cell, row)}{_elsewhere(report.findings)}")
    codes = {finding.code for finding in here}
    rules = tuple(rule for rule in load_rules(settings.rules) if rule.code in codes)
    return Topic(rules, replace(report, findings=here))


def _line(file: str, cell: int | None, row: int) -> str:
    return f"line {row} of {file}" if cell is None else f"line {row} of cell {cell} of {file}"


def _elsewhere(findings: Sequence[Finding]) -> str:
    if not findings:
        return ", nor anywhere else in this file"
    places = dict.fromkeys(f"{f.span.row}" if f.cell is None else f"cell {f.cell}:{f.span.row}" for f in findings)
    return f"; there are findings in line {', '.join(places)}"


def render(topic: Topic, form: Form, color: bool = False, columns: int = WIDTH) -> str:
    """The findings and then the lesson of each rule, ending in a line break."""
    renderers: dict[Form, Callable[[], str]] = {
        "text": lambda: _typeset(topic, color, min(columns, WIDTH)),
        "markdown": lambda: _markdown(topic),
        "json": lambda: json.dumps(_data(topic), indent=2) + "\n",
    }
    return renderers[form]()


def _markdown(topic: Topic) -> str:
    found = f"```text\n{_findings(topic, color=False)}\n```\n" if topic.report.findings else ""
    return "\n".join([*([found] if found else []), *(_page(rule) for rule in topic.rules)])


def _page(rule: Rule) -> str:
    """The lesson, and below it the change from the wrong program to the right one."""
    lesson = lessons.load(rule)
    if not lesson.pairs:
        return lesson.page
    (wrong, right), *others = lesson.pairs.values()
    page = f"{lesson.page}\n## The change\n\n```diff\n{lesson.change(wrong, right)}```\n"
    page += f"\nSee both run, side by side:\n\n    bnlint demo {rule.code}\n"
    page += f"\nRun the wrong program alone:\n\n    python {rule.folder / wrong}\n"
    if others:
        page += f"\nBeside it, for other versions: {', '.join(f'`{name}`' for pair in others for name in pair)}.\n"
    return page


def _findings(topic: Topic, color: bool) -> str:
    """What the report says about them, with the evidence for the era that was assumed."""
    from bnlint.report import text
    from bnlint.report.terminal import painter, visible

    paint = painter(color)
    blocks: list[str] = []
    for finding in topic.report.findings:
        era = finding.era
        names = [
            f"{name} {version}" for name, version in (("TensorFlow", era.tensorflow), ("Keras", era.keras)) if version
        ]
        evidence = f" ({'; '.join(map(visible, era.evidence))})" if era.evidence else ""
        written_for = f"This file is taken for code for {' and '.join(names)}{evidence}."
        unknown = "Nothing in this file says for which TensorFlow and Keras it is written; the settings can say it."
        blocks.append(f"{text.describe(finding, topic.report, paint)}\n{written_for if names else unknown}")
    return "\n\n".join(blocks)


def _data(topic: Topic) -> dict[str, object]:
    from bnlint.report.json import envelope

    whole = envelope(topic.report)
    return {
        "version": whole["version"],
        "tool": whole["tool"],
        "rules": [_rule(rule) for rule in topic.rules],
        "findings": whole["findings"],
    }


def _rule(rule: Rule) -> dict[str, object]:
    lesson = lessons.load(rule)
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity.value,
        "lesson": dict(lesson.sections),
        "programs": dict(lesson.programs),
    }


def _typeset(topic: Topic, color: bool, columns: int) -> str:
    from rich.markdown import Markdown

    from bnlint.report.terminal import typesetter

    console = typesetter(color, columns)
    with console.capture() as capture:
        for rule in topic.rules:
            console.print(Markdown(_page(rule), code_theme="ansi_dark", hyperlinks=color))
    found = f"{_findings(topic, color)}\n\n" if topic.report.findings else ""
    return found + capture.get()
