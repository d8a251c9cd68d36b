"""What was seen when the code ran, as a small table.

The keys are those of :mod:`bnlint.verify.verdicts`. Any may be missing: an experiment can end early.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from bnlint.findings import VariableRef
from bnlint.report import tried
from bnlint.report.terminal import Paint, visible

CHANNELS = 3
STATISTICS = 4
STEPS = 4
ELLIPSIS = "…"

_MODES = {
    "eager": "eager mode",
    "function": "inside tf.function",
    "graph": "graph and session",
    "fit": "trained by fit",
    "program": "run as a program",
    "replicas": "on two replicas",
}
_RUNGS = {
    "module": "the whole file",
    "slice": "the part of the file that it needs",
    "stand-ins": "the part of the file that it needs, with stand-ins for what is missing",
    "program": "the whole file",
}


class _Row(NamedTuple):
    label: str
    values: list[str]
    batch: list[str]


def setting(evidence: Mapping[str, Any]) -> str:
    """Under what the code ran, in one line."""
    mode, rung, shapes = (evidence.get(key) for key in ("mode", "rung", "inputs"))
    parts = [versions(evidence)] if versions(evidence) else []
    parts += [_MODES.get(str(mode), str(mode))] if mode else []
    parts += [_RUNGS.get(str(rung), str(rung))] if rung else []
    parts += [f"inputs of shape {', '.join(map(_shape, _list(shapes)))}"] if _list(shapes) else []
    return visible("; ".join(parts))


def versions(evidence: Mapping[str, Any]) -> str:
    """``TensorFlow 2.21.0, Keras 3.15.1, Python 3.11.7``, as far as they are known."""
    names = (("TensorFlow", "tensorflow"), ("Keras", "keras"), ("Python", "python"))
    return visible(", ".join(f"{name} {evidence[key]}" for name, key in names if evidence.get(key)))


def laws(evidence: Mapping[str, Any], variable: VariableRef | None) -> list[tuple[str, str]]:
    """The names of the watched statistics, each with the law that it followed."""
    return [
        (visible(name(statistic, variable)), law_text(cast("Mapping[str, object]", statistic["law"])))
        for statistic in watched(evidence)[:STATISTICS]
        if isinstance(statistic.get("law"), Mapping)
    ]


def table(evidence: Mapping[str, Any], variable: VariableRef | None, paint: Paint) -> list[str]:
    """For each watched statistic its values at the start and after each step beside the batch's own, and the law.

    variable: what the finding calls the variable that it is about; TensorFlow's own name often says nothing.
    """
    lines: list[str] = []
    statistics = watched(evidence)
    for statistic in statistics[:STATISTICS]:
        lines += _statistic(statistic, variable, paint)
    if len(statistics) > STATISTICS:
        lines.append(f"and {len(statistics) - STATISTICS} more, which the json format shows")
    created = _list(evidence.get("created"))
    if len(created) > 1:
        lines.append(f"new variables, call after call: {', '.join(visible(str(count)) for count in created)}")
    lines += tried.with_all(evidence)
    error = evidence.get("error")
    if isinstance(error, Mapping):
        lines.append(paint(_error(cast("Mapping[str, object]", error)), "bold"))
    missing = [visible(str(each)) for each in _list(evidence.get("stand_ins"))]
    lines += [f"stood in for: {', '.join(missing)}"] if missing else []
    lines += [f"note: {visible(str(note))}" for note in _list(evidence.get("notes"))]
    return lines


def watched(evidence: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """One statistic for each source row and name: a line that makes a variable a call makes all of them alike."""
    first: dict[object, Mapping[str, Any]] = {}
    for index, statistic in enumerate(_list(evidence.get("statistics"))):
        if isinstance(statistic, Mapping):
            each = cast("Mapping[str, Any]", statistic)
            # Layers number their variables' names, so that the last part alone tells them apart.
            place = (each.get("cell"), each.get("row"))
            key = (*place, str(each.get("name")).rpartition("/")[2]) if each.get("row") else index
            first.setdefault(key, each)
    return list(first.values())


def _statistic(statistic: Mapping[str, Any], variable: VariableRef | None, paint: Paint) -> list[str]:
    size = _size(statistic.get("shape"))
    labels = [str(label) for label in _list(statistic.get("after"))]
    values, batches = _list(statistic.get("values")), _list(statistic.get("batch"))
    rows = [_Row("at the start", _cells(statistic["initial"], size), [])] if statistic.get("initial") else []
    for index, value in enumerate(values):
        label = labels[index] if index < len(labels) else f"step {index + 1}"
        batch = batches[index] if index < len(batches) else None
        rows.append(_Row(f"after {label}", _cells(value, size), _cells(batch, size)))
    lines = [paint(_title(statistic, variable), "bold"), *_grid(rows)]
    law = statistic.get("law")
    if isinstance(law, Mapping):
        lines.append(f"  law: {paint(law_text(cast('Mapping[str, object]', law)), 'bold')}")
    if isinstance(statistic.get("updates"), int):
        lines.append(f"  in the graph: {_graph(statistic['updates'], _list(statistic.get('reached_by')))}")
    lines += [f"  {told}" for told in tried.with_one(statistic)]
    return lines


def _title(statistic: Mapping[str, Any], variable: VariableRef | None) -> str:
    parts = [name(statistic, variable)]
    parts += [f"created on {_place(statistic)}"] if statistic.get("row") else []
    shape = statistic.get("shape")
    parts += [f"shape {_shape(shape)}"] if _list(shape) else []
    return visible(", ".join(parts))


def name(statistic: Mapping[str, Any], variable: VariableRef | None) -> str:
    """What the finding calls the variable, or else TensorFlow."""
    place = (statistic.get("cell"), statistic.get("row"))
    here = variable is not None and (variable.cell, variable.row) == place
    return variable.name if variable is not None and here else str(statistic.get("name") or "variable")


def _grid(rows: Sequence[_Row]) -> list[str]:
    """The numbers of each column under one another; of many steps, the first and the last."""
    if not rows:
        return []
    shown = [*rows[:STEPS], _Row(ELLIPSIS, [], []), rows[-1]] if len(rows) > STEPS + 2 else list(rows)
    label = max(len(row.label) for row in shown)
    cell = max((len(text) for row in shown for text in (*row.values, *row.batch)), default=0)
    headings = ("the variable", "the batch itself")
    left = max(max(len(row.values) for row in shown) * (cell + 2) - 2, len(headings[0]))

    def line(first: str, values: Iterable[str], batch: Iterable[str]) -> str:
        numbers = ("  ".join(text.rjust(cell) for text in texts) for texts in (values, batch))
        return f"  {first.ljust(label)}  {next(numbers).ljust(left)}    {next(numbers)}".rstrip()

    lines = [line(*row) for row in shown]
    if any(row.batch for row in shown):
        lines.insert(0, f"  {' ' * label}  {headings[0].ljust(left)}    {headings[1]}")
    return lines


def _cells(value: object, size: int) -> list[str]:
    """The first channels of a value that has ``size`` of them."""
    numbers = _flat(value)
    shown = [_number(number) for number in numbers[:CHANNELS]]
    return [*shown, ELLIPSIS] if shown and max(size, len(numbers)) > CHANNELS else shown


def _number(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, (int, float)) else visible(str(value))


def law_text(law: Mapping[str, object]) -> str:
    """``v ← 0.9·v + 0.1·batch mean``, ``unchanged`` …"""
    if law.get("text"):
        return visible(str(law["text"]))
    old, new = law.get("old"), law.get("new")
    if old is None or new is None:
        return "not explained"
    return f"v ← {_number(old)}·v + {_number(new)}·{visible(str(law.get('source') or 'batch'))}"


def _graph(updates: int, reached_by: Sequence[object]) -> str:
    if not updates:
        return "nothing assigns to it"
    assigns = "1 operation assigns to it" if updates == 1 else f"{updates} operations assign to it"
    return f"{assigns}, reached by {', '.join(visible(str(each)) for each in reached_by) or 'nothing'}"


def _error(error: Mapping[str, object]) -> str:
    place = f"{_place(error)}: " if error.get("row") else ""
    message = str(error.get("message") or "").strip()
    first = message.splitlines()[0] if message else ""
    return visible(f"{place}{error.get('type') or 'error'}: {first}".rstrip(": "))


def _place(where: Mapping[str, object]) -> str:
    line = f"line {where.get('row')}"
    return f"{line} of cell {where['cell']}" if where.get("cell") else line


def _shape(value: object) -> str:
    return f"({', '.join(str(each) for each in _list(value))})" if _list(value) else str(value)


def _size(shape: object) -> int:
    lengths = _list(shape)
    return math.prod(each for each in lengths if isinstance(each, int)) if lengths else 0


def _flat(value: object) -> list[object]:
    if isinstance(value, (list, tuple)):
        return [number for each in _list(cast("object", value)) for number in _flat(each)]
    return [] if value is None else [value]


def _list(value: object) -> list[object]:
    return list(cast("list[object]", value)) if isinstance(value, (list, tuple)) else []
