"""The statistics of functions and classes that were run: the law of each in each mode, in training and at inference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bnlint import __version__
from bnlint.findings import Era
from bnlint.report.evidence import law_text, versions
from bnlint.report.terminal import typesetter, visible
from bnlint.source import Source
from bnlint.span import Span
from bnlint.verify.survey import Failure, Law, Phases, Statistic, Survey

VERSION = 1
WIDEST = 150
MODES = {"eager": "eager", "function": "tf.function", "graph": "graph", "fit": "fit", "program": "program"}
KEPT = "keeps its value"
NOT_RUN = "—"


def render(surveys: Sequence[Survey], source: Source, era: Era, color: bool, columns: int) -> str:
    """A table for each function or class, ending in a line break."""
    console = typesetter(color, min(columns, WIDEST))
    with console.capture() as capture:
        for each in surveys:
            console.print(Padding(_survey(each, source), (0, 0, 1, 0)))
        if not surveys:
            console.print("Nothing in this file keeps statistics that training could move.")
        facts = [each.facts for each in surveys if each.facts]
        shown = versions(facts[0]) if facts else "nothing was run"
        written = f"; the file is written for TensorFlow {era.tensorflow}" if era.tensorflow else ""
        console.print(Text(visible(f"{shown}{written}"), "dim"))
    # Cells are padded to the width of their column.
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _survey(survey: Survey, source: Source) -> RenderableType:
    parts: list[RenderableType] = [Text(visible(survey.symbol or source.filename), "bold")]
    if survey.statistics:
        table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
        for heading in ("statistic", "mode", "in training", "at inference"):
            table.add_column(heading, overflow="fold")
        for statistic in survey.statistics:
            _rows(table, statistic, source)
        parts.append(table)
    elif not survey.failures:
        parts.append(Text("It ran, and keeps no statistics that training could move.", "yellow"))
    parts += [_failed(each) for each in survey.failures]
    if survey.stand_ins:
        parts.append(Text(visible(f"stood in for: {', '.join(survey.stand_ins)}"), "yellow"))
    return Group(*parts)


def _rows(table: Table, statistic: Statistic, source: Source) -> None:
    label = Text(visible(statistic.name))
    where = _place(statistic, source)
    if where:
        label.append(f", {where}", "dim")
    for phases in statistic.phases:
        training = Text("\n").join(_training(statistic, phases))
        inference = _law(phases.inference, "bold red" if phases.disturbed else "green")
        table.add_row(label, MODES.get(phases.mode, phases.mode), training, inference)
        label = Text()


def _training(statistic: Statistic, phases: Phases) -> Iterator[Text]:
    if statistic.frozen and phases.updated is not True:
        yield Text(f"{KEPT}, as it was told to", "green")
        return
    if phases.training is not None and not phases.left:
        yield _law(phases.training, "green" if phases.updated else "bold red")
    for name, law in phases.left.items():
        yield Text(f"{_left(name)}: ", "yellow") + _law(law, "yellow")
    if phases.training is None and not phases.left:
        yield Text(NOT_RUN, "dim")


def _left(name: str) -> str:
    collection = name.partition("collection ")[2]
    return f"when {collection.upper()} is run" if collection else f"when what is {name} is run"


def _law(law: Law | None, style: str) -> Text:
    if law is None:
        return Text(NOT_RUN, "dim")
    return Text(KEPT if law["kind"] == "unchanged" else law_text(law), style)


def _failed(failure: Failure) -> Text:
    mode = f"{MODES.get(failure.mode, failure.mode)}: " if failure.mode else ""
    return Text(visible(f"{mode}could not be run: {failure.detail.splitlines()[0] if failure.detail else ''}"), "red")


def _place(statistic: Statistic, source: Source) -> str:
    if statistic.row is None:
        return ""
    cell, span = source.locate(Span(statistic.row, 1, statistic.row, 1))
    return f"line {span.row}" if cell is None else f"line {span.row} of cell {cell}"


def as_data(surveys: Sequence[Survey], source: Source, era: Era) -> dict[str, Any]:
    """The same as JSON data. Keys are always there, null where there is nothing to say."""
    return {
        "version": VERSION,
        "tool": {"name": "bnlint", "version": __version__},
        "filename": source.filename,
        "era": {"tensorflow": era.tensorflow, "keras": era.keras, "evidence": list(era.evidence)},
        "symbols": [
            {
                "symbol": each.symbol,
                "statistics": [_statistic_data(statistic, source) for statistic in each.statistics],
                "failures": [{"mode": f.mode or None, "reason": f.reason, "detail": f.detail} for f in each.failures],
                "stand_ins": list(each.stand_ins),
                "ran_with": _facts(each.facts),
            }
            for each in surveys
        ],
    }


def _statistic_data(statistic: Statistic, source: Source) -> dict[str, Any]:
    cell, row = None, statistic.row
    if row is not None:
        cell, span = source.locate(Span(row, 1, row, 1))
        row = span.row
    return {
        "name": statistic.name,
        "row": row,
        "cell": cell,
        "shape": list(statistic.shape),
        "frozen": statistic.frozen,
        "right": statistic.right,
        "modes": [
            {
                "mode": each.mode,
                "rung": each.rung,
                "training": each.training,
                "inference": each.inference,
                "left_to_the_caller": dict(each.left),
            }
            for each in statistic.phases
        ],
    }


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: facts.get(name) for name in ("tensorflow", "keras", "python", "isolation")}
