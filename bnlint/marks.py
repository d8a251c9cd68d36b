"""What is known of findings besides the code: their names, and who lets them pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import groupby

from bnlint import baseline, suppressions
from bnlint.baseline import Baseline
from bnlint.discovery import display_name
from bnlint.findings import BaselineEntry, Finding, Notice
from bnlint.fingerprints import path_from, with_fingerprints
from bnlint.layout import Layout, LayoutError, layout_of
from bnlint.registry import Selection
from bnlint.rule import Rule
from bnlint.settings import Settings
from bnlint.source import Source


def marked(
    findings: Sequence[Finding], sources: Mapping[str, Source], rules: Selection, settings: Settings
) -> tuple[list[Finding], tuple[Notice, ...], tuple[BaselineEntry, ...]]:
    """Mark the findings that comments or the baseline let pass.

    sources: by name, all files that were looked at and could be read. Returns the findings, what
    to warn of, and what the baseline holds and the code does not. Raises ConfigError for a damaged baseline.
    """
    recorded = Baseline.of(settings)
    layouts = {name: _layout(source) for name, source in sources.items() if suppressions.may_ignore(source)}
    passed, warnings = _commented(findings, sources, layouts, rules, settings)
    if recorded is None:
        return passed, tuple(warnings), ()
    looked_at = {path_from(settings.root, name) for name in sources}
    gone = recorded.gone(passed, looked_at, settings.root, settings.selects)
    warnings += baseline.notices(gone, display_name(recorded.file))
    return recorded.suppress(passed), tuple(warnings), gone


def named(findings: Sequence[Finding], sources: Mapping[str, Source], settings: Settings) -> list[Finding]:
    """Findings with their statements and fingerprints."""
    last: dict[str, int] = {}
    for finding in findings:
        last[finding.filename] = max(finding.span.row, last.get(finding.filename, 0))
    layouts = {name: _layout(sources[name], row) for name, row in last.items()}
    return with_fingerprints(findings, sources, layouts, settings.root)


def _commented(
    findings: Sequence[Finding],
    sources: Mapping[str, Source],
    layouts: Mapping[str, Layout | None],
    rules: Selection,
    settings: Settings,
) -> tuple[list[Finding], list[Notice]]:
    by_file = {name: list(group) for name, group in groupby(findings, key=lambda each: each.filename)}
    passed: list[Finding] = []
    warnings: list[Notice] = []
    for name in sorted(by_file.keys() | layouts.keys()):
        own, layout = by_file.get(name, []), layouts.get(name)
        if layout is not None:

            def is_on(rule: Rule, name: str = name) -> bool:
                return settings.selects(rule.code) and not settings.ignores_in(name, rule.code)

            own, told = suppressions.suppress(own, sources[name], layout, rules.every, is_on)
            warnings += told
        passed += own
    return passed, warnings


def _layout(source: Source, until: int | None = None) -> Layout | None:
    """None for what Python's tokenizer cannot read: then no statement is known, and no comment.

    until: see `layout_of`.
    """
    with suppress(LayoutError):
        return layout_of(source.text, until)
    with suppress(LayoutError):
        return layout_of(source.as_python_3().text, until)
    return None
