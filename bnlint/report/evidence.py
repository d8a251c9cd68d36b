"""What was seen when the code ran, as a small table. Any key may be missing: an experiment can end early."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from rich.cells import cell_len

from bnlint.report.terminal import Paint, visible

CHANNELS = 3
STATISTICS = 4


def setting(evidence: Mapping[str, Any]) -> str:
    """Under what the code ran, in one line."""
    versions = [
        f"{name} {evidence[key]}"
        for name, key in (("TensorFlow", "tensorflow"), ("Keras", "keras"), ("Python", "python"))
        if evidence.get(key)
    ]
    how = [str(evidence[key]) for key in ("mode", "rung", "inputs") if evidence.get(key)]
    return visible("; ".join([", ".join(versions), *how] if versions else how))


def table(evidence: Mapping[str, Any], paint: Paint) -> list[str]:
    """For each watched statistic its values at the start and after each step beside the batch's own, and the law."""
    lines: list[str] = []
    statistics = _mappings(evidence.get("statistics"))
    for statistic in statistics[:STATISTICS]:
        lines += _statistic(statistic, paint)
    if len(statistics) > STATISTICS:
        lines.append(f"and {len(statistics) - STATISTICS} more, which the json format shows")
    error = evidence.get("error")
    if isinstance(error, Mapping):
        lines.append(paint(_error(cast("Mapping[str, object]", error)), "bold"))
    lines += [f"note: {visible(str(note))}" for note in _list(evidence.get("notes"))]
    return lines


def _statistic(statistic: Mapping[str, Any], paint: Paint) -> list[str]:
    initial, steps = _numbers(statistic.get("initial")), [_numbers(step) for step in _list(statistic.get("values"))]
    batches = [_numbers(batch) for batch in _list(statistic.get("batch"))]
    rows: list[tuple[str, list[str], list[str]]] = []
    if initial:
        rows.append(("at the start", _cells(initial), []))
    for index, step in enumerate(steps):
        batch = batches[index] if index < len(batches) else []
        rows.append((f"after step {index + 1}", _cells(step), _cells(batch)))
    lines = [paint(_title(statistic), "bold")]
    if rows:
        lines += _grid(rows)
    law = statistic.get("law")
    if isinstance(law, Mapping):
        lines.append(f"  law: {paint(_law(cast('Mapping[str, object]', law)), 'bold')}")
    return lines


def _title(statistic: Mapping[str, Any]) -> str:
    parts = [str(statistic.get("name") or "variable")]
    if statistic.get("row"):
        parts.append(f"created on line {statistic['row']}")
    shape = statistic.get("shape")
    if isinstance(shape, (list, tuple)) and shape:
        parts.append(f"shape {list(cast('list[object]', shape))}")
    return visible(", ".join(parts))


def _grid(rows: Sequence[tuple[str, list[str], list[str]]]) -> list[str]:
    """Rows of label, variable and batch, the numbers of each column under one another."""
    columns = max(len(values) for _, values, _ in rows)
    width = max(len(cell) for _, values, batch in rows for cell in [*values, *batch])
    labels = max(len(label) for label, _, _ in rows)

    def line(label: str, values: Iterable[str], batch: Iterable[str]) -> str:
        left = "  ".join(cell.rjust(width) for cell in values)
        right = "  ".join(cell.rjust(width) for cell in batch)
        span = columns * (width + 2) - 2
        return f"  {label.ljust(labels)}  {left.ljust(span)}    {right}".rstrip()

    lines = [line(*row) for row in rows]
    if any(batch for _, _, batch in rows):
        headings = ("the variable", "the batch itself")
        space = max(columns * (width + 2) - 2, cell_len(headings[0])) + 4
        lines = [f"  {' ' * labels}  {headings[0].ljust(space)}{headings[1]}", *lines]
    return lines


def _cells(values: Sequence[object]) -> list[str]:
    shown = [_number(value) for value in values[:CHANNELS]]
    return [*shown, "…"] if len(values) > CHANNELS else shown


def _number(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, (int, float)) else visible(str(value))


def _law(law: Mapping[str, object]) -> str:
    if law.get("text"):
        return visible(str(law["text"]))
    old, new = law.get("old"), law.get("new")
    if old is None or new is None:
        return "not explained"
    return f"new value = {_number(old)} · old value + {_number(new)} · {visible(str(law.get('source') or 'batch'))}"


def _error(error: Mapping[str, object]) -> str:
    place = f"line {error['row']}: " if error.get("row") else ""
    message = str(error.get("message") or "").strip()
    first = message.splitlines()[0] if message else ""
    return visible(f"{place}{error.get('type') or 'error'}: {first}".rstrip(": "))


def _numbers(value: object) -> list[object]:
    """The values of a tensor of any rank, flat."""
    if isinstance(value, (list, tuple)):
        return [number for each in cast("list[object]", value) for number in _numbers(each)]
    return [] if value is None else [value]


def _list(value: object) -> list[object]:
    return list(cast("list[object]", value)) if isinstance(value, (list, tuple)) else []


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [cast("Mapping[str, Any]", each) for each in _list(value) if isinstance(each, Mapping)]
