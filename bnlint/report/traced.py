"""What a traced program did to its statistics, and what that says about the findings of its files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from bnlint import __version__
from bnlint.frozen import dataclass
from bnlint.report import json as as_json
from bnlint.report import text as as_text
from bnlint.report.evidence import law_text, versions
from bnlint.report.terminal import typesetter, visible
from bnlint.report.words import plural
from bnlint.reporting import Report
from bnlint.verify.survey import Law
from bnlint.verify.traced import Statistic, Trace

VERSION = 1
WIDEST = 150
KEPT = "keeps its value"
NOT_RUN = "—"


@dataclass(frozen=True, slots=True)
class Told:
    """All that there is to say. status: the program's own. report: the findings of its files, with their verdicts."""

    command: str
    status: int
    trace: Trace
    statistics: Sequence[Statistic]
    report: Report


def render(told: Told, color: bool, columns: int) -> str:
    """A table of the statistics, and the findings; ends in a line break."""
    console = typesetter(color, min(columns, WIDEST))
    with console.capture() as capture:
        console.print()
        console.print(Text(visible(f"bnlint: {told.command}"), "bold"))
        for line in _heading(told):
            console.print(Text(visible(line), "dim"))
        if told.statistics:
            console.print(_table(told))
        elif told.trace.versions:
            console.print(Text("No statistics were made that training could move.", "yellow"))
        for note in told.trace.notes:
            console.print(Text(visible(f"note: {note}"), "yellow"))
    # Cells are padded to the width of their column.
    top = "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())
    return f"{top}\n{as_text.render(told.report, color)}" if told.trace.files else top


def _heading(told: Told) -> list[str]:
    trace = told.trace
    if not trace.versions:
        return ["TensorFlow was not imported, so there was nothing to see."]
    end = "stopped after them, as asked" if trace.stopped else f"exit status {told.status}"
    taken = f"{plural(trace.trained, 'training step')}, {trace.inferred} at inference"
    lines = [f"{versions(trace.versions)}; {taken}; {end}"]
    if not trace.ended:
        lines.append("It was ended from outside; this is what was seen until shortly before.")
    if not trace.trained:
        lines.append("No training step was seen, so that nothing can be said about what training moves.")
    return lines


def _table(told: Told) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    for heading in ("statistic", "updates a step", "in training", "at inference"):
        table.add_column(heading, overflow="fold")
    for each in told.statistics:
        name = visible(each.name) + (f" (and {each.number - 1} more alike)" if each.number > 1 else "")
        label = Text(name).append(f", {visible(_place(each))}", "dim")
        table.add_row(label, _updates(each), _training(each), _inference(each))
    return table


def _place(statistic: Statistic) -> str:
    return f"{os.path.relpath(statistic.filename)}:{statistic.row}"


def _updates(statistic: Statistic) -> str:
    counts = statistic.updates
    if counts is None:
        return NOT_RUN
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _training(statistic: Statistic) -> Text:
    law = statistic.training
    if law is None or not statistic.steps:
        return Text(NOT_RUN, "dim")
    if law["kind"] == "unchanged":
        told = f"{KEPT}, as it was told to" if statistic.frozen else KEPT
        return Text(told, "green" if statistic.frozen else "bold red")
    if law["kind"] == "unexplained" and not statistic.seen:
        return Text("moves; its batches were out of sight", "green")
    return Text(law_text(law), "green")


def _inference(statistic: Statistic) -> Text:
    law: Law | None = statistic.inference
    if law is None:
        return Text(NOT_RUN, "dim")
    return Text(KEPT, "green") if law["kind"] == "unchanged" else Text("moves", "bold red")


def as_data(told: Told) -> dict[str, Any]:
    """The same as JSON data. Keys are always there, null where there is nothing to say."""
    trace = told.trace
    return {
        "version": VERSION,
        "tool": {"name": "bnlint", "version": __version__},
        "command": told.command,
        "exit_status": told.status,
        "ran_with": {name: trace.versions.get(name) for name in ("tensorflow", "keras", "python")},
        "steps": dict(trace.steps),
        "stopped": trace.stopped,
        "ended": trace.ended,
        "statistics": [_data(each) for each in told.statistics],
        "report": as_json.envelope(told.report),
        "notes": list(trace.notes),
    }


def _data(statistic: Statistic) -> dict[str, Any]:
    return {
        "name": statistic.name,
        "filename": os.path.relpath(statistic.filename).replace(os.sep, "/"),
        "row": statistic.row,
        "shape": list(statistic.shape),
        "frozen": statistic.frozen,
        "number": statistic.number,
        "steps": statistic.steps,
        "updates_per_step": None if statistic.updates is None else list(statistic.updates),
        "training": statistic.training,
        "inference": statistic.inference,
        "batches_seen": statistic.seen,
    }
