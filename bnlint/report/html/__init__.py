"""The report as one page that needs nothing but a browser: no network, no other file.

The page is ``page.html``, with ``style.css`` and ``script.js`` put into it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnlint import __version__, lessons
from bnlint.findings import Finding, Outcome, Severity
from bnlint.frozen import dataclass
from bnlint.report import change, evidence
from bnlint.report.curves import Curve, curves
from bnlint.report.terminal import error_place, painter, visible
from bnlint.report.words import VERDICTS, plural
from bnlint.reporting import Report
from bnlint.source import place_name

if TYPE_CHECKING:
    from markupsafe import Markup

    from bnlint.report.html.highlight import Excerpt

MOST_CHARTS = 4
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart, with what stands below it."""

    svg: Markup
    name: str
    place: str
    law: str
    fixed_law: str
    batch: bool
    made: int
    tried: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A finding, ready to be put into the page."""

    finding: Finding
    verdict: str
    setting: str
    excerpts: tuple[Excerpt, ...]
    drawings: tuple[Drawing, ...]
    table: str
    change: tuple[Line, ...]
    era: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a fix. kind: "gone", "new" or "" for what stands between them."""

    kind: str
    text: Markup | str


def render(report: Report, color: bool = False) -> str:
    """The page, ending in a line break. Raises ModuleNotFoundError without jinja2 or pygal."""
    from markupsafe import Markup

    from bnlint.report.html.highlight import style_sheet

    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("style.css", "script.js"))
    cards = [_card(finding, report) for finding in report.findings]
    page = (
        _environment()
        .get_template("page.html")
        .render(
            version=__version__,
            style=Markup(style + style_sheet()),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            report=report,
            files=_by_file(cards),
            headline=_headline(report),
            tiles=_tiles(report),
            severities=[level.value for level in Severity if any(card.finding.severity is level for card in cards)],
            outcomes=[each.value for each in Outcome if any(card.finding.verdict.outcome is each for card in cards)],
            lessons=_lessons(report),
            errors=[(error_place(error), visible(error.message)) for error in report.errors],
            warnings=[(error_place(notice), visible(notice.message)) for notice in report.warnings],
        )
    )
    return page.rstrip("\n") + "\n"


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment: Any = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"visible": visible, "prose": _prose}
    return environment


def _card(finding: Finding, report: Report) -> Card:
    from bnlint.report.html.highlight import excerpts

    verdict = finding.verdict
    told = VERDICTS.get(verdict.outcome, "") + (f" ({visible(verdict.reason)})" if verdict.reason else "")
    era = finding.era
    names = [f"{name} {version}" for name, version in (("TensorFlow", era.tensorflow), ("Keras", era.keras)) if version]
    reasons = f" ({'; '.join(map(visible, era.evidence))})" if era.evidence else ""
    return Card(
        finding,
        told,
        evidence.setting(verdict.evidence),
        tuple(excerpts(finding, report.sources)),
        tuple(_drawings(finding)),
        "\n".join(evidence.table(verdict.evidence, finding.variable, painter(False))) if told else "",
        tuple(_changed(change.lines(finding, report.sources, painter(False)))),
        f"{' and '.join(names)}{reasons}" if names else "",
    )


def _changed(lines: list[str]) -> Iterator[Line]:
    """The lines of a small diff, its code in colours."""
    from bnlint.report.html.highlight import highlighted

    for line in lines:
        match = re.fullmatch(r"( *\d+ )([-+])(.*)", line)
        if match is None:
            yield Line("", line)
        else:
            yield Line("gone" if match[2] == "-" else "new", f"{match[1]}{match[2]}" + highlighted(match[3]))


def _drawings(finding: Finding) -> Iterator[Drawing]:
    from markupsafe import Markup

    from bnlint.report.html.charts import chart

    proof: Mapping[str, Any] = finding.proof.evidence if finding.proof is not None else {}
    fixed = curves(proof, finding.variable)
    for index, curve in enumerate(curves(finding.verdict.evidence, finding.variable)[:MOST_CHARTS]):
        after = _same(curve, index, fixed)
        yield Drawing(
            Markup(chart(curve, after)),
            curve.name,
            f"created on line {curve.row}" if curve.row else "",
            curve.law or "",
            (after.law or "") if after is not None else "",
            any(value is not None for value in curve.batch),
            curve.made,
            curve.tried,
        )


def _same(curve: Curve, index: int, fixed: list[Curve]) -> Curve | None:
    """The same statistic after the fix: of the same name, or else in the same place."""
    named = next((each for each in fixed if each.name == curve.name), None)
    return named or (fixed[index] if index < len(fixed) else None)


def _by_file(cards: list[Card]) -> list[tuple[str, list[Card]]]:
    files: dict[str, list[Card]] = {}
    for card in cards:
        files.setdefault(visible(place_name(card.finding.filename, card.finding.cell)), []).append(card)
    return list(files.items())


def _headline(report: Report) -> str:
    standing = [finding for finding in report.findings if finding.stands]
    found = plural(len(standing), "finding") if standing else "No findings"
    return f"{found} in {plural(report.files, 'file')}"


def _tiles(report: Report) -> list[tuple[str, int, str]]:
    """What is counted at the top: the number, what it counts, and its colour's name."""
    standing = [finding for finding in report.findings if finding.stands]
    counts = [(level.value, sum(each.severity is level for each in standing)) for level in Severity]
    tiles = [(plural(number, name).partition(" ")[2], number, name) for name, number in counts]
    outcomes = (Outcome.CONFIRMED, Outcome.DEFERRED, Outcome.UNDECIDED, Outcome.REFUTED)
    tiles += [(outcome.value, report.count(outcome), outcome.value) for outcome in outcomes]
    passed = sum(finding.suppressed for finding in report.findings)
    return [(name, number, kind) for name, number, kind in (*tiles, ("suppressed", passed, "plain")) if number]


def _lessons(report: Report) -> list[tuple[str, str, Markup]]:
    """Code, name and lesson of each rule that found something; rules of one's own need not have lessons."""
    codes = {finding.code for finding in report.findings}
    taught = [rule for rule in report.rules if rule.code in codes and rule.readme.is_file()]
    return [(rule.code, rule.name, _markdown(lessons.load(rule).page.partition("\n")[2])) for rule in taught]


def _markdown(text: str) -> Markup:
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    from bnlint.report.html.highlight import highlighted

    # Without HTML in the text, so that it can be trusted however it came about.
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")

    def fence(renderer: object, tokens: Sequence[Any], index: int, *_: object) -> str:
        return f'<pre class="code">{highlighted(tokens[index].content.rstrip(), tokens[index].info or "text")}</pre>\n'

    parser.add_render_rule("fence", fence)
    return Markup(parser.render(text))


def _prose(text: str) -> Markup:
    """A sentence in which code stands in backticks."""
    from markupsafe import Markup, escape

    parts = visible(text).split("`")
    if len(parts) % 2 == 0:
        return escape(visible(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part) for index, part in enumerate(parts)
    )
