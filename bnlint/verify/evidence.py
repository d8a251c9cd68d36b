"""What a verdict shows for itself, as JSON data with stable keys.

tensorflow, keras, python   versions the code ran under
isolation                   what the sandbox reached, see sandbox.ISOLATION: "limits", "no-network", "no-writes" …
mode                        "eager", "function" (tf.function), "graph" (Session), "fit", "program"
rung                        how the code was obtained: "module", "slice", "stand-ins", "program"
stand_ins                   what something else stood in for
inputs                      the shapes of the batches
outputs                     for each call, a few numbers of each value that it returned; null for a statistic
steps                       how often each phase was run: "call", "train-op", "fit", "collection update_ops" …
statistics                  one entry a watched variable:
    name, row, shape, owner, trainable
    initial                 the first channels
    after                   the labels of the steps: "call 1", "call 2" …
    values, batch           for each of these steps: the value's first channels, and those of the batch's statistic
    law                     {kind, old, new, source, residual, text}, see worker/laws.py
    updates, reached_by     in a graph: how many ops assign to it, and what reaches them
    stalled                 {steps, still, off} after one batch again and again, or null, see worker/probes.py
    reloaded                by means of saving and loading: "kept" or "lost"
    made                    how many such variables there were, if each call made its own
probes                      what was tried besides: how far outputs differ, what attributes hold …, see worker/probes.py
error                       {type, message, row, rows} of the exception, or null; row is the innermost of the user's
modes                       one entry for each mode that was tried: {mode, rung, outcome, reason, outputs, laws}
notes                       in words
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Observation = Mapping[str, Any]
Variable = Mapping[str, Any]

MOST = 6
"""How many statistics the evidence lists."""


def evidence(
    chosen: Observation | None,
    variables: Sequence[Variable],
    modes: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """chosen: the observation that decided, if any; variables: those of it that were watched.

    facts: versions, isolation and notes of the whole run.
    """
    start: dict[str, Any] = {**facts, "modes": list(modes)}
    if chosen is None:
        return start
    error = chosen["error"]
    return {
        **start,
        **{key: chosen[key] for key in ("mode", "rung", "inputs", "outputs", "steps")},
        "statistics": _statistics(variables),
        "stand_ins": chosen["stand_ins"]["used"],
        "probes": chosen["probes"],
        "error": None if error is None else _error(error),
        "notes": [*facts.get("notes", ()), *chosen["notes"]],
    }


def law_of(variable: Variable) -> Mapping[str, Any] | None:
    """The most telling law of a variable: explained before measured on a repeated batch before unexplained."""
    order = ("average", "zero-debiased", "constant-batch", "unexplained", "once", "unchanged")
    laws: list[Mapping[str, Any]] = list(variable["laws"].values())
    return min(laws, key=lambda law: order.index(law["kind"])) if laws else None


def _statistics(variables: Sequence[Variable]) -> list[dict[str, Any]]:
    """One entry for all that the same line made in the same way."""
    alike: dict[str, list[Variable]] = {}
    for variable in variables:
        key = repr([variable[name] for name in ("rows", "owner", "shape", "initial")])
        alike.setdefault(key, []).append(variable)
    return [{**_shown(group[0]), "made": len(group)} for group in list(alike.values())[:MOST]]


def _shown(variable: Variable) -> dict[str, Any]:
    kept = ("name", "shape", "owner", "trainable", "initial", "updates", "reached_by", "stalled", "reloaded")
    law = law_of(variable)
    after = list(variable["values"])
    return {
        **{key: variable[key] for key in kept},
        # Rows of other files are negative, see traced.py.
        "row": next((row for row in variable["rows"] if row > 0), None),
        "after": after,
        "values": [variable["values"][label] for label in after],
        "batch": [_beside(variable, law, label) for label in after],
        "law": law,
    }


def _beside(variable: Variable, law: Mapping[str, Any] | None, label: str) -> Any:
    """The batch statistic to show beside a value: the one it was made from, or should have been."""
    batch = variable["batch"].get(label, {})
    ones = all(number == 1 for number in variable["initial"])
    likely = "batch variance" if "var" in variable["name"].lower().replace("variable", "") or ones else "batch mean"
    return batch.get((law or {}).get("source") or likely, batch.get(likely))


def _error(error: Mapping[str, Any]) -> dict[str, Any]:
    rows = error["rows"]
    return {"type": error["type"], "message": error["message"], "row": rows[0] if rows else None, "rows": rows}
