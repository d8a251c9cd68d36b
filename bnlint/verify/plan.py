"""From a finding to what must run: which text, in which era, in which modes, with which hints for the inputs."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bnlint.findings import Era
from bnlint.frozen import dataclass
from bnlint.verify import hints
from bnlint.verify.predictions import (
    Caller,
    Changed,
    DependsOnBatch,
    EmptyCollection,
    Experiment,
    FirstReplica,
    InitialShare,
    IsNone,
    LostOnReload,
    NewPerCall,
    NormalisesOnly,
    NoStatistics,
    NotInModel,
    NotReached,
    NoVariable,
    OnePhase,
    Raises,
    SameInAllChannels,
    SeparateSets,
    SeveralUpdates,
    SkippedStep,
    StaleFlag,
    Stalls,
    Unchanged,
    WrongLaw,
    predicted_errors,
    simple,
)
from bnlint.verify.seen import Place
from bnlint.verify.slicing import first_row, slice_for
from bnlint.verify.surroundings import callers, import_path, mentions, package, parsed, text_of

TRAINED_BY_FIT = (LostOnReload, NoVariable, NotInModel)
BY_PROGRAM = (SeparateSets, SameInAllChannels)
OF_GRAPHS = (SkippedStep, NotReached, EmptyCollection)
Request = Mapping[str, Any]
KERAS = re.compile(r"\b(keras|layers|slim|contrib)\b")


@dataclass(frozen=True)
class Trial:
    """One run of the worker.

    legacy_keras: ``tf.keras`` must be Keras 2. note: what the evidence must say about it. statistics: the rows that are
    watched, where they are not those of the experiment.
    """

    request: Request
    legacy_keras: bool
    note: str | None = None
    statistics: tuple[int, ...] = ()


class Plan:
    """All the trials for one finding, the likeliest first.

    Needs the text of the whole file; what cannot be parsed as Python 3 is handed to the worker as it is, which says so.
    """

    def __init__(
        self, experiment: Experiment, text: str, filename: str, era: Era, others: Mapping[str, str] | None = None
    ) -> None:
        """others: the texts of files that, when imported, are to be something else than on disk, by their names."""
        self._others = {os.path.abspath(name): text for name, text in (others or {}).items()}
        self._experiment = experiment
        self._text = text
        self._filename = filename
        self._era = era
        self._tree = parsed(text)
        self.row = hints.statement_rows(self._tree, experiment.row)
        self.statistics = tuple(hints.statement_rows(self._tree, row) for row in experiment.statistics)
        self.uses = hints.uses(self._tree, self.row)
        self.tests = hints.tests(self._tree, self.row)
        self.place = Place(experiment, self.row, self.statistics, self.uses, self.tests)

    @property
    def symbol_rows(self) -> tuple[int, int] | None:
        """First and last row of the function or class that is driven; None for a program or what is not found."""
        outer = (self._experiment.symbol or "").split(".")[0]
        node = hints.definition(self._tree, outer)
        return (first_row(node), node.end_lineno or node.lineno) if isinstance(node, ast.stmt) else None

    def first(self) -> Trial:
        """In the code's own era."""
        if self._modes() == ["replicas"]:
            return self._driven()
        if self._experiment.symbol is None or self._needs_program():
            return self._trial(["program"], self._era.tensorflow == "1")
        return self._driven()

    def driven(self) -> Trial | None:
        """The symbol by itself, where :meth:`first` was the program as it stands."""
        return self._driven() if self._experiment.symbol is not None and self._needs_program() else None

    def called(self) -> Iterator[Trial]:
        """The functions of the file that call the symbol: where it is handed its statistics, they are made there."""
        for caller in callers(self._tree, self._experiment.symbol or ""):
            experiment = replace(self._experiment, symbol=caller)
            trial = Plan(experiment, self._text, self._filename, self._era, self._others)._driven()
            yield replace(trial, note=f"run by way of {caller}, which calls it")

    def called_from_elsewhere(self) -> Iterator[Trial]:
        """By way of other files: the functions and programs that train with the symbol, then those that call it."""
        known = dict.fromkeys((*self._experiment.trainers, *self._experiment.callers))
        own = os.path.abspath(self._filename)
        for caller in known:
            text = text_of(os.path.abspath(caller.filename), self._others)
            if text is not None and os.path.abspath(caller.filename) != own:
                yield from self._by_way_of(caller, text)

    def _by_way_of(self, caller: Caller, text: str) -> Iterator[Trial]:
        """The function around the call; the whole file, where that trains or the call stands at its top level."""
        experiment = Experiment(self._experiment.prediction, caller.symbol, (), caller.row)
        there = Plan(experiment, text, caller.filename, self._era, self._others)
        if there._tree is None:
            return
        if caller.symbol is not None:
            yield self._driven_by(there._driven(), caller, f"{caller.symbol} in {caller.filename}")
        if caller.symbol is None or caller in self._experiment.trainers:
            program = there._trial(["program"], self._era.tensorflow == "1")
            yield self._driven_by(program, caller, f"the program {caller.filename}")

    def _driven_by(self, trial: Trial, caller: Caller, way: str) -> Trial:
        """The trial of a caller, in which what is looked at is the finding of this plan."""
        own, given = self.first(), trial.request
        home, made = self._experiment.made_by or ("", ())
        made = made if caller.filename == home else ()
        request = {
            **given,
            **{name: own.request[name] for name in ("filename", "statistics", "row", "probes")},
            **({"statistics": list(made)} if made else {}),
            "parameters": {},
            "rank": own.request["rank"] if given["rank"] is None else given["rank"],
            "path": list(dict.fromkeys([*given["path"], *own.request["path"]])),
            "rungs": [{**rung, "source": self._text, "driver": rung["source"]} for rung in given["rungs"]],
            "driver": {"filename": caller.filename, "imports": os.path.abspath(self._filename)},
        }
        return Trial(request, trial.legacy_keras or own.legacy_keras, f"run by way of {way}, which calls it", made)

    def _driven(self) -> Trial:
        modes = self._modes()
        target = hints.definition(self._tree, self._experiment.symbol or "")
        if any(role == "array" and name != "self" for name, role in hints.roles(target).items()):
            # Nothing is a NumPy array in a function that is traced.
            modes = [mode for mode in modes if mode != "function"] or modes
        return self._trial(modes, "graph" in modes)

    def _needs_program(self) -> bool:
        """Whether the program as it stands is the best to show what is predicted."""
        return any(
            isinstance(one, BY_PROGRAM) or (isinstance(one, LostOnReload) and one.by == "saver")
            for one in simple(self._experiment.prediction)
        )

    def skipping(self, rows: Sequence[int]) -> Trial:
        """The same, but errors in the statements of these rows are passed over, so that later lines get their turn."""
        first = self.first()
        skip = [list(hints.statement_rows(self._tree, row)) for row in rows]
        note = f"the error of line {', '.join(map(str, rows))} was passed over to reach the line of the finding"
        return Trial({**first.request, "modes": first.request["modes"][:1], "skip": skip}, first.legacy_keras, note)

    def ported(self) -> Trial | None:
        """TensorFlow 1 names in code that was taken for TensorFlow 2: the same text with ``tf.compat.v1`` as ``tf``."""
        # An exception that is predicted is predicted for TensorFlow 2 as it is.
        raising = all(isinstance(p, Raises) for p in simple(self._experiment.prediction))
        if self._era.tensorflow == "1" or self._modes() == ["graph"] or raising:
            return None
        mode = "program" if self._experiment.symbol is None else "graph"
        return self._trial([mode], True, "ported: `tf` stands for `tf.compat.v1`, in graph mode")

    def switched(self) -> Trial | None:
        """The same, with flags of the command line that do not have the value which leads to the finding's line."""
        wanted = hints.switches(self._tree, self.row)
        if not wanted or "flags" not in self._text.lower():
            return None
        first = self.first()
        return replace(first, request={**first.request, "switches": wanted})

    def under_keras_2(self) -> Trial | None:
        """Code that may be of either generation of Keras, where what Keras 3 has was not what it wants."""
        first = self.first()
        if self._era.keras is not None or first.legacy_keras or KERAS.search(self._text) is None:
            return None
        return replace(first, legacy_keras=True, note="`tf.keras` stands for Keras 2")

    def program(self) -> Trial | None:
        """The whole file as a program, for a symbol that could not be driven or whose caller must be seen."""
        if self._experiment.symbol is None:
            return None
        return self._trial(["program"], self._era.tensorflow == "1", "the file was run as a program")

    def _modes(self) -> list[str]:
        predictions = list(simple(self._experiment.prediction))
        afters = {one.after for one in predictions if isinstance(one, Unchanged | Changed)}
        if any(isinstance(one, FirstReplica) for one in predictions):
            return ["replicas"]
        if (
            self._era.tensorflow == "1"
            or "train-op" in afters
            or any(isinstance(one, OF_GRAPHS) for one in predictions)
        ):
            return ["graph"]
        if afters & {"fit", "predict"} or any(isinstance(one, TRAINED_BY_FIT) for one in predictions):
            return ["fit"]
        if any(isinstance(one, StaleFlag) for one in predictions):
            return ["function"]
        if any(isinstance(one, Unchanged | NewPerCall | Changed) for one in predictions):
            return ["eager", "function"]
        return ["eager"]

    def _probes(self) -> dict[str, Any]:
        """What the worker is to try besides training steps, each with its parameter."""
        probes: dict[str, Any] = {}
        for one in simple(self._experiment.prediction):
            match one:
                case Unchanged() if self._experiment.row in self._experiment.statistics:
                    probes["both phases"] = True
                case Changed(after) if after != "fit":
                    probes[after] = True
                case DependsOnBatch():
                    probes["dependence"] = True
                case NoStatistics():
                    probes["dependence in training"] = True
                case OnePhase():
                    probes["phases"] = probes["flag"] = True
                case Raises(errors) if "OperatorNotAllowedInGraphError" in errors:
                    probes["flag"] = True
                case StaleFlag(attribute):
                    probes["stale"] = attribute
                case NoVariable(attributes):
                    probes["attributes"] = list(attributes)
                case LostOnReload("saver"):
                    probes["saver"] = list(self.row)
                case LostOnReload(by):
                    probes["reload"] = by
                case NotInModel():
                    probes["layers"] = True
                case IsNone():
                    probes["results"] = True
                case Stalls():
                    probes["stall"] = True
                case SkippedStep():
                    probes["guarded step"] = probes["flag"] = True
                case NotReached():
                    probes["waiting"] = list(self.row)
                case EmptyCollection():
                    probes["update ops"] = list(self.row)
                case WrongLaw() | InitialShare():
                    probes["alone"] = True
                case NormalisesOnly():
                    probes["through"] = list(self.row)
                case SeveralUpdates():
                    probes["gradients"] = probes["assignments"] = True
                case _:
                    pass
        return probes

    def _trial(self, modes: list[str], graph: bool, note: str | None = None) -> Trial:
        symbol = self._experiment.symbol or ""
        folder = os.path.dirname(os.path.abspath(self._filename))
        folders = import_path(folder, self._tree)
        outer, target = (hints.definition(self._tree, each) for each in (symbol.split(".")[0], symbol))
        imports = sorted(
            set(re.findall(r"^\s*(?:import|from)\s+(keras|tf_keras|tensorflow\.python\.keras)\b", self._text, re.M))
        )
        request = {
            "filename": self._filename,
            "rungs": self._rungs(),
            "symbol": symbol,
            "statistics": list(self._experiment.statistics),
            "parameters": {**hints.parameters(outer), **hints.parameters(target)},
            "roles": {
                **hints.roles(outer),
                **hints.roles(target),
                **dict.fromkeys(hints.held(target, self._experiment), "statistic"),
            },
            "slots": hints.slots(target),
            "mappings": hints.mappings(self._tree, hints.slots(target)),
            "method": hints.method_at(target, self._experiment.row),
            "row": list(self.row),
            "steps": self._experiment.steps,
            "skip": [],
            "switches": {},
            "probes": self._probes(),
            "errors": sorted(predicted_errors(self._experiment.prediction)),
            "modes": modes,
            "dialect": "v1" if graph else "native",
            "rank": self._rank(target),
            "imports": imports,
            "path": folders,
            "package": package(folder, self._tree),
            "others": self._others,
        }
        # In graph code everything called keras, layers or slim is of Keras 2 times.
        legacy = self._era.keras == "2" or "tf_keras" in imports
        keras = KERAS.search(self._text) is not None or mentions(folders, self._tree, KERAS)
        return Trial(request, legacy or (graph and keras), note)

    def _rank(self, target: ast.AST | None) -> int | None:
        """What the axes in the code imply: in the function itself, else in its class, else in the file."""
        keeps = not any(isinstance(one, SameInAllChannels) for one in simple(self._experiment.prediction))
        outer = hints.definition(self._tree, (self._experiment.symbol or "").split(".")[0])
        ranks = (hints.rank(part, keeps) for part in (target, outer, self._tree))
        return next((rank for rank in ranks if rank is not None), None)

    def _rungs(self) -> list[dict[str, str]]:
        rungs = [{"name": "module", "source": self._text}]
        if self._experiment.symbol is not None and self._tree is not None:
            part = slice_for(self._text, self._tree, self._experiment.symbol)
            if part is not None:
                rungs.append({"name": "slice", "source": part})
                rungs.append({"name": "stand-ins", "source": part})
            for caller in callers(self._tree, self._experiment.symbol):
                part = slice_for(self._text, self._tree, caller)
                if part is not None:
                    rungs.append({"name": "stand-ins", "source": part, "symbol": caller})
        return [*rungs, {"name": "program", "source": self._text}]
