"""Runs a function or class by itself, finding or none, and says what its statistics do in each mode and phase."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bnlint.findings import Era
from bnlint.frozen import dataclass
from bnlint.verify.answers import Answer
from bnlint.verify.evidence import Observation, Variable
from bnlint.verify.plan import Plan, Trial
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import Changed, Experiment, Unchanged
from bnlint.verify.seen import Place, watched
from bnlint.verify.verdicts import reason_of, unable
from bnlint.verify.verifier import facts_of

TRAINING = ("call", "train-op", "fit")
AT_INFERENCE = ("inference", "predict")
Law = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Phases:
    """What one statistic did in one mode.

    training, inference: the law that it followed (see worker/laws.py), None where there was no such phase.
    left: what moved it besides, and so is left to the caller, such as "collection update_ops", each with the law.
    """

    mode: str
    rung: str
    training: Law | None
    inference: Law | None
    left: Mapping[str, Law]

    @property
    def updated(self) -> bool | None:
        """Whether training moves it, by itself or by what is left to the caller; None if nothing was trained."""
        laws = [*([self.training] if self.training is not None else []), *self.left.values()]
        return any(law["kind"] != "unchanged" for law in laws) if laws else None

    @property
    def disturbed(self) -> bool:
        """Whether inference moves it."""
        return self.inference is not None and self.inference["kind"] != "unchanged"


@dataclass(frozen=True, slots=True)
class Statistic:
    """A variable that no optimizer moves. row: of the line that made it. frozen: it was told to keep its value.

    name: what the code assigns it to, if that is known; for TensorFlow's own name is often just "Variable".
    """

    name: str
    row: int | None
    shape: Sequence[int | None]
    frozen: bool
    phases: tuple[Phases, ...]

    @property
    def right(self) -> bool:
        """Training moves it or it is frozen, and inference does not, in every mode that ran."""
        return all((self.frozen or each.updated is not False) and not each.disturbed for each in self.phases)


@dataclass(frozen=True, slots=True)
class Failure:
    """A mode in which it could not be run; ``mode`` is empty where nothing could. reason: a key of REASONS."""

    mode: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What became of one symbol; None stands for the file as a program. facts: the versions and the isolation."""

    symbol: str | None
    era: Era
    statistics: tuple[Statistic, ...]
    failures: tuple[Failure, ...]
    facts: Mapping[str, Any]
    stand_ins: tuple[str, ...] = ()

    @property
    def ran(self) -> bool:
        """Whether any mode ran to its end."""
        return not self.failures or bool(self.statistics)


def symbols(text: str) -> list[str]:
    """The functions and classes at the top level. Raises SyntaxError."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [node.name for node in ast.parse(text).body if isinstance(node, kinds)]


def flavour(symbol: str | None, text: str, filename: str, era: Era) -> bool:
    """Whether the first run is one with Keras 2."""
    return next(_trials(symbol, text, filename, era)).legacy_keras


def survey(pool: Pool, symbol: str | None, text: str, filename: str, era: Era) -> Survey:
    """Run it in the modes of its era, in training and at inference. Never raises for what the code does."""
    seen: list[Observation] = []
    failures: list[Failure] = []
    facts: Mapping[str, Any] = {}
    for trial in _trials(symbol, text, filename, era):
        if trial.note is not None and any(_ran(each) for each in seen):
            continue  # What runs as it stands is not meant for a graph.
        python = pool.suited(era, trial.legacy_keras)
        answer = pool.ask({**trial.request, "timeout": pool.timeout}, trial.legacy_keras, python)
        facts = facts or facts_of(answer, None)
        failures += _unable(answer)
        seen += answer.observations
    for each in seen:
        if each["error"] is not None and not any(other["mode"] == each["mode"] for other in seen if _ran(other)):
            failures.append(_failure(each))
    usable = [each for each in seen if _ran(each)]
    for each in usable:
        notes = [note for note in each["notes"] if note.startswith("inference: ")]
        failures += [Failure(each["mode"], "raised", f"at {note}") for note in notes]
    stand_ins = tuple(dict.fromkeys(name for each in usable for name in each["stand_ins"]["used"]))
    alone = tuple(dict.fromkeys(failures))
    return Survey(symbol, era, tuple(_statistics(usable, targets(text))), alone, facts, stand_ins)


def _trials(symbol: str | None, text: str, filename: str, era: Era) -> Iterator[Trial]:
    """In a graph a flag that is a Python value is fixed, so that each phase needs a graph of its own."""
    for prediction in (Changed("inference"), Unchanged("train-op" if era.tensorflow == "1" else "call")):
        plan = Plan(Experiment(prediction, symbol, (), 0), text, filename, era)
        yield plan.first()
        if symbol is None or era.tensorflow == "2":
            return
        ported = plan.ported() if era.tensorflow is None else None
        if ported is not None:
            yield ported


def _ran(observation: Observation) -> bool:
    return observation["error"] is None


def _unable(answer: Answer) -> list[Failure]:
    """Where not all that was asked for came back."""
    if answer.versions is None or answer.ending == "no-isolation":
        verdict = unable(answer.ending, answer.message)
    elif answer.ending != "done":
        verdict = unable(reason_of(answer.ending))
    else:
        return []
    return [Failure("", str(verdict.reason), verdict.detail)]


def _failure(observation: Observation) -> Failure:
    error = observation["error"]
    place = f"line {error['rows'][0]}: " if error["rows"] else ""
    return Failure(observation["mode"], "raised", f"{place}{error['type']}: {error['message']}")


def _statistics(observations: Sequence[Observation], targets: Mapping[int, str]) -> Iterator[Statistic]:
    """Those of the same line, name and shape in all observations are one."""
    place = Place(Experiment(Changed("inference"), None, (), 0), (0, 0), ())
    alike: dict[str, list[tuple[Observation, Variable]]] = {}
    for observation in observations:
        for variable in watched(place, observation):
            name = str(variable["name"]).rpartition("/")[2]
            alike.setdefault(repr((variable["rows"][:1], name, variable["shape"])), []).append((observation, variable))
    for group in alike.values():
        first = group[0][1]
        row = first["rows"][0] if first["rows"] else None
        phases = tuple(_merged(group))
        yield Statistic(
            name_of(first, targets.get(row or 0)), row, first["shape"] or (), any(v["frozen"] for _, v in group), phases
        )


def targets(text: str) -> dict[int, str]:
    """What the assignments of a text assign to, by their rows. Raises SyntaxError."""
    found: dict[int, str] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Attribute):
            found.update(dict.fromkeys(range(node.lineno, (node.end_lineno or 0) + 1), ast.unparse(node.targets[0])))
    return found


def name_of(variable: Variable, target: str | None) -> str:
    """What the code calls a variable, if ``target`` is what its line assigns to."""
    own = str(variable["name"] or "variable").rpartition("/")[2]
    if target is None:
        return own
    # A layer makes several variables.
    return f"{own} of {target}" if variable["owner"] else target


def _merged(group: Sequence[tuple[Observation, Variable]]) -> Iterator[Phases]:
    by_mode: dict[str, list[tuple[Observation, Variable]]] = {}
    for observation, variable in group:
        by_mode.setdefault(observation["mode"], []).append((observation, variable))
    for mode, seen in by_mode.items():
        laws: dict[str, Law] = {}
        for _, variable in seen:
            laws.update({phase: law for phase, law in variable["laws"].items() if phase not in laws})
        training = [laws[phase] for phase in TRAINING if phase in laws]
        moved = [law for law in training if law["kind"] != "unchanged"]
        inference = next((laws[phase] for phase in AT_INFERENCE if phase in laws), None)
        left = {
            phase: law
            for phase, law in laws.items()
            if phase not in (*TRAINING, *AT_INFERENCE) and "repeat" not in phase and law["kind"] != "unchanged"
        }
        yield Phases(mode, seen[0][0]["rung"], (moved or training or [None])[0], inference, {} if moved else left)
