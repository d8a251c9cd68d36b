"""What a traced program showed: its statistics, and verdicts on the findings of the files that ran.

The program is the user's own, with its own data and steps, so that a caller's duty is decided here: what nobody ran was
not run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bnlint.findings import Finding, Outcome, Verdict
from bnlint.frozen import dataclass
from bnlint.verify.evidence import Variable, evidence
from bnlint.verify.plan import Plan
from bnlint.verify.predictions import (
    Changed,
    InitialShare,
    MixedLaw,
    NewPerCall,
    OneSided,
    Prediction,
    Raises,
    SameInAllChannels,
    SeparateSets,
    SeveralUpdates,
    Trainable,
    Unchanged,
    WrongLaw,
    simple,
)
from bnlint.verify.reasons import REASONS
from bnlint.verify.seen import Place, moved, watched
from bnlint.verify.survey import Law, name_of, targets
from bnlint.verify.verdicts import judge
from bnlint.verify.worker.places import ROWS

TRAINING = ("train-op", "fit")
UPDATES = (*TRAINING, "call", "end")
AT_INFERENCE = ("inference", "evaluate", "predict")
LEAST = 3
"""Training steps without which nothing is said to stay as it is."""

SHOWN = (Unchanged, Changed, OneSided, SeparateSets, SeveralUpdates, WrongLaw, MixedLaw, InitialShare, NewPerCall,
         SameInAllChannels, Trainable, Raises)  # fmt: skip
"""What a program shows by running as it does, with nothing tried besides."""

NO_STAND_INS: Mapping[str, Any] = {"used": [], "branches": [], "flag": False, "numbers": False, "tensors": False}


@dataclass(frozen=True, slots=True)
class Trace:
    """What the worker saw, see worker/trace.py; rows count through ``files``, the real paths.

    stopped: after the steps that were asked for. ended: the program came to its end, be it by an exception.
    """

    versions: Mapping[str, Any]
    files: Sequence[str]
    steps: Mapping[str, int]
    hits: Sequence[int]
    variables: Sequence[Variable]
    error: Mapping[str, Any] | None
    stopped: bool
    ended: bool
    notes: Sequence[str]

    @property
    def trained(self) -> int:
        """How many training steps there were."""
        return sum(self.steps.get(phase, 0) for phase in TRAINING)

    @property
    def inferred(self) -> int:
        """How many steps at inference there were, as far as they could be told."""
        return sum(self.steps.get(phase, 0) for phase in AT_INFERENCE)


NOTHING = Trace({}, (), {}, (), (), None, False, False, ())


@dataclass(frozen=True, slots=True)
class Statistic:
    """Variables that the same line made in the same way and that did the same.

    filename: the real path. updates: how often a training step assigns to it, None if that was not seen.
    training, inference: the law (see worker/laws.py), None where there was no such step.
    seen: whether the batches that it is made from were seen, without which no law can be measured.
    """

    name: str
    filename: str
    row: int
    shape: Sequence[int | None]
    frozen: bool
    number: int
    steps: int
    updates: Sequence[int] | None
    training: Law | None
    inference: Law | None
    seen: bool


def marks(findings: Sequence[Finding], texts: Mapping[str, str]) -> dict[str, Any]:
    """What the worker must know beforehand: "marked" and "wanted", see worker/trace.py."""
    marked: dict[str, list[list[int]]] = {}
    wanted: dict[str, list[int]] = {}
    for finding in findings:
        path = os.path.realpath(finding.filename)
        place = _plan(finding, texts).place
        marked.setdefault(path, []).append(list(place.row))
        wanted.setdefault(path, []).extend(finding.experiment.statistics)
    return {"marked": marked, "wanted": wanted}


def decided(findings: Sequence[Finding], texts: Mapping[str, str], trace: Trace) -> list[Finding]:
    """The findings of the files that ran, each with its verdict; those let pass have none."""
    ran = [finding for finding in findings if os.path.realpath(finding.filename) in trace.files]
    return [each if each.suppressed else replace(each, verdict=_verdict(each, texts, trace)) for each in ran]


def _plan(finding: Finding, texts: Mapping[str, str]) -> Plan:
    return Plan(finding.experiment, texts[finding.filename], finding.filename, finding.era)


def _verdict(finding: Finding, texts: Mapping[str, str], trace: Trace) -> Verdict:
    plan = _plan(finding, texts)
    place, prediction = plan.place, finding.experiment.prediction
    facts = {**trace.versions, "isolation": [], "notes": ["seen as the program itself ran"]}
    observation = _observation(trace, os.path.realpath(finding.filename), place, plan.symbol_rows)
    if not any(isinstance(one, SHOWN) for one in simple(prediction)):
        return Verdict(Outcome.UNDECIDED, "not-shown", REASONS["not-shown"], facts)
    variables = watched(place, observation)
    if isinstance(prediction, NewPerCall) and _grow(variables):
        mode = {"mode": "program", "rung": "program", "outcome": Outcome.CONFIRMED.value, "reason": None}
        return Verdict(Outcome.CONFIRMED, evidence=evidence(observation, variables, [mode], facts))
    verdict = judge(place, [observation], "done", facts)
    reason = _doubt(verdict, prediction, variables, trace)
    return Verdict(Outcome.UNDECIDED, reason, REASONS[reason], verdict.evidence) if reason else verdict


def _doubt(verdict: Verdict, prediction: Prediction, variables: Sequence[Variable], trace: Trace) -> str | None:
    """Why what was seen is not enough for the verdict, if it is not."""
    rests = any(isinstance(one, Unchanged | OneSided | SeparateSets) for one in simple(prediction))
    raised = verdict.evidence.get("error") is not None
    if verdict.outcome is Outcome.CONFIRMED and rests and not raised and trace.trained < LEAST:
        return "few-steps"
    if verdict.outcome is Outcome.REFUTED and isinstance(prediction, NewPerCall):
        # Who calls once makes one.
        kept = [v for v in variables if any(moved(v, p) and v["laws"][p]["kind"] != "once" for p in TRAINING)]
        return None if kept and len(kept) == len(variables) else "not-shown"
    return None


def _grow(variables: Sequence[Variable]) -> bool:
    """Whether the same line went on making variables while steps were taken."""
    by_line: dict[str, set[int]] = {}
    for each in variables:
        by_line.setdefault(repr((each["rows"][:1], each["shape"])), set()).add(each["born"])
    return any(len(born) >= LEAST for born in by_line.values())


def _observation(trace: Trace, path: str, place: Place, symbol: tuple[int, int] | None) -> dict[str, Any]:
    """As one file's code saw it: rows of other files are negative."""
    number = trace.files.index(path)

    def own(rows: Sequence[int]) -> list[int]:
        return [row % ROWS if row // ROWS == number else -row - 1 for row in rows]

    variables = [_folded({**each, "rows": own(each["rows"])}) for each in trace.variables]
    first, last = symbol or (1, ROWS)
    if not place.experiment.statistics:
        variables = [v for v in variables if any(first <= row <= last for row in v["rows"])]
    error = trace.error and {**trace.error, "rows": [row for row in own(trace.error["rows"]) if row > 0]}
    raising = any(isinstance(one, Raises) for one in simple(place.experiment.prediction))
    return {
        "mode": "program",
        "rung": "program",
        "error": error if raising or trace.trained < LEAST else None,
        "inputs": [],
        "outputs": [],
        "steps": trace.steps,
        "hits": [row for row in own(trace.hits) if row > 0],
        "variables": variables,
        "probes": {},
        "stand_ins": NO_STAND_INS,
        "notes": list(trace.notes),
    }


def _folded(variable: dict[str, Any]) -> dict[str, Any]:
    """All kinds of inference are one for what must not happen there; looks between steps are not shown."""
    shown = {label: value for label, value in variable["values"].items() if not label.startswith(("end ", "restore "))}
    variable = {**variable, "values": shown}
    at_inference = [phase for phase in AT_INFERENCE if phase in variable["moved"]]
    if not at_inference:
        return variable
    phase = next((p for p in at_inference if variable["moved"][p]), at_inference[0])
    found = {key: {**variable[key], "inference": variable[key][phase]} for key in ("moved", "laws")}
    return {**variable, **found}


def statistics(trace: Trace, texts: Mapping[str, str]) -> list[Statistic]:
    """All that the program kept, in the order of the lines that made them. texts: by real path."""
    found: dict[str, list[Statistic]] = {}
    for each in _each_statistic(trace, texts):
        key = repr((each.name, each.filename, each.row, each.frozen, each.updates, _kind(each.training)))
        found.setdefault(key + _kind(each.inference), []).append(each)
    merged = [replace(group[0], number=len(group)) for group in found.values()]
    return sorted(merged, key=lambda each: (trace.files.index(each.filename), each.row))


def _kind(law: Law | None) -> str:
    return "" if law is None else str(law["text"])


def _each_statistic(trace: Trace, texts: Mapping[str, str]) -> Iterator[Statistic]:
    for variable in trace.variables:
        if variable["trainable"]:
            continue
        made: int = variable["rows"][0]
        filename, row = trace.files[made // ROWS], made % ROWS
        laws: Mapping[str, Law] = variable["laws"]
        assigned: Mapping[str, Sequence[int]] = variable["assigned"] or {}
        counts = sorted({count for phase in TRAINING for count in assigned.get(phase, ())})
        yield Statistic(
            name_of(variable, targets(texts[filename]).get(row) if filename in texts else None),
            filename,
            row,
            variable["shape"] or (),
            variable["frozen"],
            1,
            trace.trained,
            counts or None,
            _telling([laws[phase] for phase in UPDATES if phase in laws]),
            _telling([laws[phase] for phase in AT_INFERENCE if phase in laws]),
            bool(variable["batch"]),
        )


def _telling(laws: Sequence[Law]) -> Law | None:
    """One that explains before one that moves before one that rests."""
    order = ("average", "zero-debiased", "unexplained", "once", "unchanged")
    return min(laws, key=lambda law: order.index(law["kind"])) if laws else None
