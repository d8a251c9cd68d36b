"""Runs a mistake and the code that puts it right, on the same batches, to be shown side by side."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace

from bnlint import engine, fixer, lessons
from bnlint.analysing import as_analysed
from bnlint.findings import Finding, Verdict
from bnlint.frozen import dataclass
from bnlint.progress import Progress
from bnlint.registry import load_rules
from bnlint.report.excerpt import split_rows
from bnlint.reporting import Report
from bnlint.rule import Rule
from bnlint.settings import Settings, nearest
from bnlint.source import Source
from bnlint.span import Span

# Marks the lines of the lessons' programs that are flagged.
_MARKER = re.compile(r"  # bad: BN\d{3}(, BN\d{3})*$")

STEPS = 20
"""Of training: enough for an average to come near what it is of."""


class NothingToShowError(Exception):
    """There is no such rule, program, file or symbol, or nothing is wrong there; the message says so."""


@dataclass(frozen=True, slots=True)
class Side:
    """A program that was run. rows: those in which it differs from the other side, each with its number."""

    title: str
    rows: tuple[tuple[str, str], ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Demo:
    """What is wrong, and what is right if there is something to put beside it.

    finding: what was run. more: what else could be looked at, a sentence each.
    """

    finding: Finding
    wrong: Side
    right: Side | None
    more: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Script:
    """What is to be run."""

    findings: Sequence[Finding]
    wrong: tuple[str, Source]
    right: tuple[str, Source] | None
    more: tuple[str, ...]


def of_rule(rule: Rule, variant: str, settings: Settings, progress: Progress | None = None) -> Demo:
    """Run a rule's wrong program and its right one. variant: "v1" for ``bad_v1.py``. Raises NothingToShowError."""
    pairs = lessons.load(rule).pairs
    if not pairs:
        raise NothingToShowError(f"{rule.code} has no bad.py with a good.py beside it in {rule.folder}")
    if variant not in pairs:
        known = ", ".join(each for each in pairs if each) or "none"
        raise NothingToShowError(f'{rule.code} has no variant "{variant}" (there is {known})')
    # The program is a project of its own: what stands beside it says nothing about it.
    wrong, right = (Source.read(rule.folder / name, name) for name in pairs[variant])
    report = engine.check_sources([wrong], Settings(select=(rule.code,), rules=settings.rules))
    if not report.findings:
        raise NothingToShowError(f"nothing was found in {wrong.filename} of {rule.folder}")
    others = [f"bnlint demo {rule.code} --variant {each}" for each in pairs if each not in ("", variant)]
    more = (f"The reason: bnlint explain {rule.code}", *(f"Another version of it: {each}" for each in others))
    return _run(_Script(report.findings, (wrong.filename, wrong), (right.filename, right), more), settings, progress)


def of_code(file: str, symbol: str, settings: Settings, progress: Progress | None = None) -> Demo:
    """Run what was found first in a function, class or method, as it is and fixed. Raises NothingToShowError.

    symbol: its dotted name; "" stands for the whole file.
    """
    inputs = engine.read((file,), settings)
    report = engine.check_inputs(inputs, inputs.sources, replace(settings, verify=False))
    if report.errors:
        raise NothingToShowError(f"{report.errors[0].filename}: {report.errors[0].message}")
    inside = [each for each in report.findings if _within(each.symbol, symbol)]
    if not inside:
        place = f"{symbol} of {file}" if symbol else file
        raise NothingToShowError(f"nothing was found in {place}{_elsewhere(report)}")
    code = inside[0].code
    alone = replace(settings, verify=False, select=(code,), ignore=())
    _, changes = fixer.fix(inputs, alone, unsafe=True, write=False)
    fixed = [change.after for change in changes if change.filename == inside[0].filename]
    more = [f"The reason: bnlint explain {code}"]
    if not fixed:
        more.append(f"There is no automatic fix. What is right shows: bnlint demo {code}")
    source, _, _ = as_analysed(inputs.sources[0], settings)
    right = ("fixed", fixed[0]) if fixed else None
    return _run(
        _Script([each for each in inside if each.code == code], ("as it is", source), right, tuple(more)),
        settings,
        progress,
    )


def rule_named(name: str, settings: Settings) -> Rule:
    """The rule of this code or name. Raises NothingToShowError."""
    rules = load_rules(settings.rules)
    for rule in rules:
        if name.upper() == rule.code or name.lower() == rule.name:
            return rule
    known = [each for rule in rules for each in (rule.code, rule.name)]
    raise NothingToShowError(f'there is no rule "{name}"{nearest(name, known)} (bnlint rules lists them)')


def _within(symbol: str | None, wanted: str) -> bool:
    return not wanted or (symbol is not None and (symbol == wanted or symbol.startswith(f"{wanted}.")))


def _elsewhere(report: Report) -> str:
    symbols = dict.fromkeys(finding.symbol for finding in report.findings if finding.symbol)
    return f"; something was found in {', '.join(symbols)}" if symbols else ""


def _run(script: _Script, settings: Settings, progress: Progress | None) -> Demo:
    from bnlint.verify.plan import Plan
    from bnlint.verify.verifier import announcement, clears, decide

    finding = script.findings[0]
    experiment = replace(finding.experiment, steps=STEPS)
    title, before = script.wrong
    with engine.verify_settings(settings).pool() as pool:
        if progress is not None:
            flavour = Plan(experiment, before.text, finding.filename, finding.era).first().legacy_keras
            progress.announce(announcement(pool, finding.era, flavour, f"{title} and what puts it right"))
        verdict = decide(pool, experiment, before.text, finding.filename, finding.era)
        if script.right is None:
            rows = sorted({each.experiment.row for each in script.findings})
            return Demo(
                finding, Side(title, _numbered(before, rows), before.located_verdict(verdict)), None, script.more
            )
        other, after = script.right
        rows = lessons.differing_rows(before.text, after.text)
        driven = replace(finding, experiment=replace(experiment, symbol=_symbol(finding, after.text, rows[1])))
        cleared = clears(pool, driven, before.text, after.text)
    sides = [
        Side(name, _numbered(source, numbers), source.located_verdict(seen))
        for name, source, numbers, seen in ((title, before, rows[0], verdict), (other, after, rows[1], cleared))
    ]
    return Demo(finding, sides[0], sides[1], script.more)


def _symbol(finding: Finding, text: str, rows: Sequence[int]) -> str | None:
    """What to run of a corrected program: the same, or what stands where it stood, such as a class for a function."""
    symbol = finding.experiment.symbol
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    definitions = [node for node in ast.parse(text).body if isinstance(node, kinds)]
    if symbol is None or any(node.name == symbol.split(".")[0] for node in definitions):
        return symbol
    changed = (node.name for node in definitions if any(node.lineno <= row <= (node.end_lineno or 0) for row in rows))
    return next(changed, symbol)


def _numbered(source: Source, rows: Sequence[int]) -> tuple[tuple[str, str], ...]:
    lines = split_rows(source.text)
    numbered: list[tuple[str, str]] = []
    for row in rows:
        cell, place = source.locate(Span(row, 1, row, 1))
        line = _MARKER.sub("", lines[row - 1])
        numbered.append((str(place.row) if cell is None else f"{cell}:{place.row}", line))
    return tuple(numbered)
