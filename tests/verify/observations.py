"""Observations made by hand, and the verdict on them. No TensorFlow."""

from __future__ import annotations

from typing import Any

from bnlint.findings import Verdict
from bnlint.verify.predictions import Experiment, Prediction
from bnlint.verify.seen import Place
from bnlint.verify.verdicts import judge

ROW, STATISTIC = 9, 5
FACTS = {"tensorflow": "2.21.0", "isolation": ["limits"], "notes": ["a note"]}


def law(kind: str = "average", old: float | None = 0.9, new: float | None = 0.1) -> dict[str, Any]:
    return {"kind": kind, "old": old, "new": new, "source": "batch mean", "residual": 0.0, "text": kind}


UNCHANGED = law("unchanged", None, None)


def variable(**changes: Any) -> dict[str, Any]:
    laws = changes.pop("laws", {"call": UNCHANGED})
    return {
        "name": "mean",
        "rows": [STATISTIC, 20],
        "owner": None,
        "frozen": False,
        "shape": [3],
        "trainable": False,
        "born": 0,
        "imported": False,
        "initial": [0.0, 0.0, 0.0],
        "starts_at": 0.0,
        "uniform": False,
        "assigned": None,
        "together": 0,
        "stalled": None,
        "reloaded": {},
        "values": {"call 1": [0.0, 0.0, 0.0]},
        "batch": {"call 1": {"batch mean": [3.0, 4.0, 5.0]}},
        "laws": laws,
        "moved": {phase: one["kind"] != "unchanged" for phase, one in laws.items()},
        "updates": None,
        "reached_by": [],
        "given": False,
        "waited": False,
        "missed": False,
        "built": False,
        "trained_through": None,
        **changes,
    }


def observation(*variables: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "mode": "eager",
        "rung": "module",
        "dialect": "native",
        "error": None,
        "inputs": [[8, 3]],
        "outputs": [[[1.0, 2.0]]],
        "steps": {"call": 4},
        "hits": [1, 5, 9],
        "variables": list(variables),
        "stand_ins": {"used": [], "branches": [], "flag": False, "numbers": False, "tensors": False},
        "probes": {},
        "notes": [],
        **changes,
    }


def error(
    kind: str = "RuntimeError",
    rows: tuple[int, ...] = (ROW,),
    stage: str = "call",
    message: str = "no",
    of: str | None = None,
) -> dict[str, Any]:
    return {
        "type": kind,
        "types": [kind, "Exception"],
        "message": message,
        "rows": list(rows),
        "stage": stage,
        "of": of,
    }


def verdict(
    prediction: Prediction,
    *observations: dict[str, Any],
    statistics: tuple[int, ...] = (STATISTIC,),
    ending: str = "done",
    row: int = ROW,
) -> Verdict:
    experiment = Experiment(prediction, "f", statistics, row)
    return judge(Place(experiment, (row, row), tuple((each, each) for each in statistics)), observations, ending, FACTS)


MOVED = {"call": law()}
