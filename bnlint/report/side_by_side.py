"""A demo for a terminal: the wrong program and the right one beside each other, each with its curves and its law."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, zip_longest

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule as Line
from rich.table import Table
from rich.text import Text

from bnlint.demo import Demo, Side
from bnlint.findings import Outcome, VariableRef
from bnlint.report import evidence
from bnlint.report.curves import Curve, curves
from bnlint.report.plot import plot
from bnlint.report.terminal import SEVERITY_STYLES, painter, typesetter, visible
from bnlint.report.words import VERDICTS

NARROW = 96
"""Columns below which the two stand below one another."""
WIDEST = 150
MOST_CURVES = 2
MOST_ROWS = 14
NAMELESS = "Variable"


def render(demo: Demo, color: bool, columns: int) -> str:
    """The whole demo, ending in a line break. Raises ModuleNotFoundError without plotext."""
    console = typesetter(color, min(columns, WIDEST))
    beside = demo.right is not None and console.width >= NARROW
    width = (console.width - 3) // 2 if beside else min(console.width, NARROW)
    sides = [_side(demo, side, width, color) for side in (demo.wrong, demo.right) if side is not None]
    with console.capture() as capture:
        console.print(_title(demo))
        if beside:
            grid = Table.grid(padding=(0, 3, 0, 0))
            grid.add_column(width=width)
            grid.add_column(width=width)
            for row in zip_longest(*sides, fillvalue=Text()):
                grid.add_row(*row)
            console.print(grid)
        else:
            for side in sides:
                console.print(Group(*side))
        console.print(Text(evidence.setting(demo.wrong.verdict.evidence), style="dim"))
        for sentence in demo.more:
            console.print(Text(visible(sentence), style="dim"))
    return capture.get()


def _title(demo: Demo) -> RenderableType:
    finding = demo.finding
    label = Text(f"{finding.severity.value}[{finding.code}]", SEVERITY_STYLES[finding.severity])
    said = Text(f" {finding.name}: {visible(finding.message)}", "bold")
    return Padding(Group(label + said, Text(visible(finding.consequence))), (0, 0, 1, 0))


def _side(demo: Demo, side: Side, width: int, color: bool) -> list[RenderableType]:
    """What stands below one another; as many parts on both sides, so that they stand level."""
    wrong = side is demo.wrong
    parts: list[RenderableType] = [
        Line(Text(visible(side.title), "bold"), align="left", style="dim"),
        _code(side, wrong),
    ]
    parts += _drawings(demo, side, "red" if wrong else "green", width, color)
    parts.append(_verdict(side, wrong))
    return parts


def _code(side: Side, wrong: bool) -> RenderableType:
    lines = textwrap.dedent("\n".join(text for _, text in side.rows)).split("\n") if side.rows else []
    gutter = max((len(number) for number, _ in side.rows), default=0)
    style = "red" if wrong else "green"
    code = Text(no_wrap=True, overflow="ellipsis")
    for (number, _), line in list(zip(side.rows, lines, strict=True))[:MOST_ROWS]:
        code.append(f"{number:>{gutter}} ", "dim").append(f"{visible(line.replace(chr(9), '    '))}\n", style)
    if len(lines) > MOST_ROWS:
        code.append(f"and {len(lines) - MOST_ROWS} rows more\n", "dim")
    return code


def _drawings(demo: Demo, side: Side, paint: str, width: int, color: bool) -> Iterator[RenderableType]:
    """The curves of this side, on the scales that they share with the other one; or in words what was seen."""
    drawn = _paired(demo)
    own = [(pair[0] if side is demo.wrong else pair[1], pair) for pair in drawn]
    for curve, pair in own:
        if curve is None:
            yield Text()
            continue
        known = [each.range for each in pair if each is not None]
        limits = min(low for low, _ in known), max(high for _, high in known)
        lines = plot(curve, paint, limits, width, color)
        name = f"{curve.name}, first channel" + (f", created on line {curve.row}" if curve.row else "")
        yield Group(Text(name, "bold"), Text.from_ansi("\n".join(lines)), _legend(curve, paint))
    seen = side.verdict.evidence
    if any(curve for curve, _ in own):
        # The curves have told the rest.
        seen = {key: seen.get(key) for key in ("probes", "error")}
    yield Text("\n".join(evidence.table(seen, demo.finding.variable, painter(False))))


def _paired(demo: Demo) -> list[tuple[Curve | None, Curve | None]]:
    """The curves of both sides, those of one name together."""
    wrong = _of(demo.wrong, demo.finding.variable)
    right = _of(demo.right, demo.finding.variable)
    by_name = {curve.name: curve for curve in right}
    named = bool(wrong) and all(curve.name in by_name for curve in wrong)
    pairs = [(curve, by_name[curve.name]) for curve in wrong] if named else list(zip_longest(wrong, right))
    return [_comparable(*pair) for pair in pairs[:MOST_CURVES]]


def _comparable(wrong: Curve | None, right: Curve | None) -> tuple[Curve | None, Curve | None]:
    """Where the batch is not what moves the right one, it is no measure for the wrong one either."""
    if wrong is not None and right is not None and not any(value is not None for value in right.batch):
        wrong = replace(wrong, batch=right.batch[:1] * len(wrong.batch))
    if wrong is not None and right is not None and right.name == NAMELESS:
        right = replace(right, name=wrong.name)
    return wrong, right


def _of(side: Side | None, variable: VariableRef | None) -> list[Curve]:
    return curves(side.verdict.evidence, variable) if side is not None else []


def _legend(curve: Curve, paint: str) -> RenderableType:
    legend = Text().append("── ", paint).append("the variable   ")
    if any(value is not None for value in curve.batch):
        legend.append("• ", "blue").append("the batch that went in")
    phases = _phases(curve.labels[1:])
    if len(phases) > 1:
        legend.append(f"\nsteps {'; '.join(phases)}", "dim")
    if curve.law is not None:
        legend.append("\nlaw: ").append(curve.law, "bold")
    if curve.made > 1:
        legend.append(f"\nvariables that this line made: {curve.made}")
    for told in curve.tried:
        legend.append(f"\n{told}", "bold")
    return legend


def _phases(labels: Sequence[str]) -> list[str]:
    """``1 to 4: call``, ``5 to 6: inference``; labels are a phase and a number."""
    phases: list[str] = []
    step = 1
    for name, group in groupby(labels, key=lambda label: label.rstrip("0123456789").strip()):
        count = len(list(group))
        phases.append(f"{step} to {step + count - 1}: {name}" if count > 1 else f"{step}: {name}")
        step += count
    return phases


def _verdict(side: Side, wrong: bool) -> RenderableType:
    verdict = side.verdict
    if wrong and verdict.outcome is Outcome.CONFIRMED:
        return Text("confirmed: it does what the rule predicts\n", "bold red")
    if not wrong and verdict.outcome is Outcome.REFUTED:
        return Text("right: what the rule predicts does not happen here\n", "bold green")
    told = VERDICTS[verdict.outcome] + (f": {verdict.detail}" if verdict.detail else "")
    return Text(f"{visible(told)}\n", "bold yellow")
