"""The report as GitHub's Markdown, for the summary of a job or a comment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from bnlint.findings import FileError, Finding, Notice, Outcome, Severity
from bnlint.report import evidence
from bnlint.report.paths import from_checkout
from bnlint.report.terminal import painter, visible
from bnlint.report.words import plural, verdict_sentence, weightiest_first
from bnlint.reporting import Report
from bnlint.source import place_name
from bnlint.span import Span

# A step's summary may have 1 MiB, and other tools want some of it.
MOST_BYTES = 500_000
_MARKUP = re.compile(r"[!-/:-@\[-`{-~]")
_CODE = re.compile(r"`([^`]+)`")


def render(report: Report, color: bool = False) -> str:
    """A sentence, a table of what stands by weight, the evidence to unfold, and what could not be checked."""
    findings = weightiest_first(finding for finding in report.findings if finding.stands)
    head = ["## bnlint", "", _sentence(report, findings), ""]
    tail = [
        f"- **{_place(error, report.root)}** could not be checked: {_text(error.message)}" for error in report.errors
    ]
    tail += [f"- {_place(notice, report.root)}: {_text(notice.message)}" for notice in report.warnings]
    return "\n".join([*head, *_shortened(findings, report.root), *tail]).rstrip() + "\n"


def _sentence(report: Report, findings: list[Finding]) -> str:
    severities = [(sum(each.severity is level for each in findings), level.value) for level in Severity]
    levels = ", ".join(plural(number, name) for number, name in severities if number)
    found = f"**{plural(len(findings), 'finding')}** ({levels})" if findings else "**No findings**"
    confirmed = sum(each.verdict.outcome is Outcome.CONFIRMED for each in findings)
    confirmed_too = f"; {confirmed} confirmed by running the code" if confirmed else ""
    passed = sum(each.suppressed for each in report.findings)
    passed_too = f"; {passed} let pass by comments or the baseline" if passed else ""
    return f"{found} in {plural(report.files, 'file')}{confirmed_too}{passed_too}."


def _shortened(findings: list[Finding], root: str) -> list[str]:
    """The table and the details of as many findings as the reader of this format takes."""
    rows: list[str] = []
    details: list[str] = []
    size = 0
    for finding in findings:
        row, detail = _row(finding, root), list(_detail(finding, root))
        size += sum(len(line.encode("utf-8", "replace")) + 1 for line in (row, *detail))
        if size > MOST_BYTES:
            break
        rows.append(row)
        details += detail
    if not findings:
        return []
    left_out = [f"… and {len(findings) - len(rows)} more.", ""] if len(rows) < len(findings) else []
    return ["| | rule | where | what |", "|---|---|---|---|", *rows, "", *left_out, *details]


def _row(finding: Finding, root: str) -> str:
    outcome = finding.verdict.outcome
    verdict = "" if outcome is Outcome.NOT_RUN else f" {outcome.value}"
    rule = f"{_text(finding.code)} {_text(finding.name)}"
    return f"| {finding.severity.value}{verdict} | {rule} | {_place(finding, root)} | {_text(finding.message)} |"


def _detail(finding: Finding, root: str) -> Iterator[str]:
    """What happens, what was seen and what to do, folded."""
    title = f"{_text(finding.code)} {_place(finding, root, linked=False)}"
    yield f"<details><summary>{title}: {_text(finding.message)}</summary>"
    yield ""
    yield f"**When it runs:** {_text(finding.consequence)}"
    yield ""
    if sentence := verdict_sentence(finding):
        yield f"**{_text(sentence[:1].upper() + sentence[1:])}**"
        yield ""
        if table := evidence.table(finding.verdict.evidence, finding.variable, painter(False)):
            # Indented code ends with the indentation, whatever stands in it.
            yield from (f"    {line}" for line in table)
            yield ""
    yield f"**Help:** {_text(finding.remedy)}"
    yield ""
    yield f"Read the lesson with `bnlint explain {finding.code}`."
    yield ""
    yield "</details>"
    yield ""


def _place(item: Finding | FileError | Notice, root: str, linked: bool = True) -> str:
    """The place, as a link to the line if the environment says where the file can be seen."""
    path = from_checkout(item.filename, root)
    span: Span | None = item.span
    name = place_name(path, item.cell) + (f":{span.row}" if span is not None else "")
    server, repository, commit = (os.environ.get(f"GITHUB_{each}") for each in ("SERVER_URL", "REPOSITORY", "SHA"))
    if not linked or not (server and repository and commit) or path.startswith(("/", "../")):
        return _text(name)
    from urllib.parse import quote

    line = f"#L{span.row}" if span is not None and item.cell is None else ""
    return f"[{_text(name)}]({server}/{repository}/blob/{commit}/{quote(os.fsencode(path))}{line})"


def _text(text: str) -> str:
    """Text that means itself, on one line; what stands in backticks becomes code."""
    parts = _CODE.split(" ".join(visible(line) for line in text.splitlines()))
    return "".join(
        f"<code>{_escaped(part)}</code>" if index % 2 else _escaped(part) for index, part in enumerate(parts)
    )


def _escaped(text: str) -> str:
    """With a character reference for each character that Markdown or HTML could take for markup."""
    return _MARKUP.sub(lambda match: match[0] if match[0] in "-,.:;/'\"()%?=+" else f"&#{ord(match[0])};", text)
