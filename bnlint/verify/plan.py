"""From a finding to what must run: which text, in which era, in which modes, with which hints for the inputs."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bnlint.findings import Era
from bnlint.verify.predictions import (
    Changed,
    DependsOnBatch,
    EmptyCollection,
    Experiment,
    FirstReplica,
    IsNone,
    LostOnReload,
    NewPerCall,
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
    predicted_errors,
    simple,
)
from bnlint.verify.seen import Place
from bnlint.verify.slicing import first_row, slice_for
from bnlint.verify.surroundings import callers, import_path, mentions, package

TRAINED_BY_FIT = (LostOnReload, NoVariable, NotInModel)
BY_PROGRAM = (SeparateSets, SameInAllChannels)
OF_GRAPHS = (SkippedStep, NotReached, EmptyCollection)
Request = Mapping[str, Any]
OF_MODELS = {"trainable_variables", "trainable_weights", "non_trainable_variables", "fit", "train_on_batch", "predict"}
OF_LAYERS = {"moving_mean", "moving_variance", "moving_var", "running_mean", "running_var", "gamma", "beta"}
OF_ARRAYS = {"mean", "var", "std", "sum", "astype", "min", "max"}
ASSIGNMENTS = {"assign", "assign_add", "assign_sub", "assign_moving_average"}
OF_OPTIMIZERS = {"apply_gradients", "minimize", "apply"}
REDUCTIONS = {"moments", "reduce_mean", "reduce_variance", "reduce_std", "mean", "var", "std"}
KERAS = re.compile(r"\b(keras|layers|slim|contrib)\b")


@dataclass(frozen=True)
class Trial:
    """One run of the worker. legacy_keras: ``tf.keras`` must be Keras 2. note: what the evidence must say about it."""

    request: Request
    legacy_keras: bool
    note: str | None = None


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
        try:
            self._tree: ast.Module | None = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self._tree = None
        self.row = _statement_rows(self._tree, experiment.row)
        self.statistics = tuple(_statement_rows(self._tree, row) for row in experiment.statistics)
        self.uses = _uses(self._tree, self.row)
        self.tests = _tests(self._tree, self.row)
        self.place = Place(experiment, self.row, self.statistics, self.uses, self.tests)

    @property
    def symbol_rows(self) -> tuple[int, int] | None:
        """First and last row of the function or class that is driven; None for a program or what is not found."""
        outer = (self._experiment.symbol or "").split(".")[0]
        node = _definition(self._tree, outer)
        return (first_row(node), node.end_lineno or node.lineno) if isinstance(node, ast.stmt) else None

    def first(self) -> Trial:
        """In the code's own era."""
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
            trial = Plan(experiment, self._text, self._filename, self._era)._driven()
            yield replace(trial, note=f"run by way of {caller}, which calls it")

    def _driven(self) -> Trial:
        modes = self._modes()
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
        skip = [list(_statement_rows(self._tree, row)) for row in rows]
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
                case SeveralUpdates():
                    probes["gradients"] = probes["assignments"] = True
                case _:
                    pass
        return probes

    def _trial(self, modes: list[str], graph: bool, note: str | None = None) -> Trial:
        symbol = self._experiment.symbol or ""
        folder = os.path.dirname(os.path.abspath(self._filename))
        folders = import_path(folder, self._tree)
        outer, target = (_definition(self._tree, each) for each in (symbol.split(".")[0], symbol))
        imports = sorted(set(re.findall(r"^\s*(?:import|from)\s+(keras|tf_keras)\b", self._text, re.M)))
        request = {
            "filename": self._filename,
            "rungs": self._rungs(),
            "symbol": symbol,
            "statistics": list(self._experiment.statistics),
            "parameters": {**_parameters(outer), **_parameters(target)},
            "roles": {**roles(outer), **roles(target), **dict.fromkeys(_held(target, self._experiment), "statistic")},
            "slots": _slots(target),
            "method": _method_at(target, self._experiment.row),
            "row": list(self.row),
            "steps": self._experiment.steps,
            "skip": [],
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
        outer = _definition(self._tree, (self._experiment.symbol or "").split(".")[0])
        ranks = (_rank(part, keeps) for part in (target, outer, self._tree))
        return next((rank for rank in ranks if rank is not None), None)

    def _rungs(self) -> list[dict[str, str]]:
        rungs = [{"name": "module", "source": self._text}]
        if self._experiment.symbol is not None and self._tree is not None:
            part = slice_for(self._text, self._experiment.symbol)
            if part is not None:
                rungs.append({"name": "slice", "source": part})
                rungs.append({"name": "stand-ins", "source": part})
            for caller in callers(self._tree, self._experiment.symbol):
                part = slice_for(self._text, caller)
                if part is not None:
                    rungs.append({"name": "stand-ins", "source": part, "symbol": caller})
        return [*rungs, {"name": "program", "source": self._text}]


def _statement_rows(tree: ast.Module | None, row: int) -> tuple[int, int]:
    """First and last row of the innermost statement at ``row``; of a compound one only the head."""
    found = (row, row)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.stmt) and first_row(node) <= row <= (node.end_lineno or node.lineno):
            body = getattr(node, "body", None)
            last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
            if row <= last:
                found = (first_row(node), last)
    return found


def _uses(tree: ast.Module | None, rows: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """The later statements that read a name which the statement on these rows binds, in the same function."""
    if tree is None:
        return ()
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and _spans(node, rows)]
    scope = functions[-1] if functions else tree
    statements = [node for node in ast.walk(scope) if isinstance(node, ast.stmt) and not hasattr(node, "body")]
    bound = {name for node in statements if _spans(node, rows) for name in _names(node, ast.Store)}
    later = [node for node in statements if node.lineno > rows[1] and bound & _names(node, ast.Load)]
    return tuple(sorted((node.lineno, node.end_lineno or node.lineno) for node in later))


def _tests(tree: ast.Module | None, rows: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """The tests of the ``if`` and ``while`` statements around the statement on these rows."""
    nodes = list(ast.walk(tree)) if tree is not None else []
    around = [node for node in nodes if isinstance(node, ast.If | ast.While) and _spans(node, rows)]
    return tuple((node.test.lineno, node.test.end_lineno or node.test.lineno) for node in around)


def _spans(node: ast.stmt, rows: tuple[int, int]) -> bool:
    return first_row(node) <= rows[0] and rows[1] <= (node.end_lineno or node.lineno)


def _names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, context)}


def _definition(tree: ast.Module | None, symbol: str) -> ast.AST | None:
    """The definition of the first name of the symbol, or of the method it goes on to name."""
    found: ast.AST | None = tree
    for part in symbol.split("."):
        body = getattr(found, "body", [])
        inner = next((n for n in body if getattr(n, "name", None) == part), None)
        if inner is None:
            break
        found = inner
    return None if found is tree else found


def _functions(target: ast.AST | None) -> list[ast.FunctionDef]:
    nodes = [target, *getattr(target, "body", [])] if isinstance(target, ast.ClassDef) else [target]
    return [node for node in nodes if isinstance(node, ast.FunctionDef)]


def _method_at(target: ast.AST | None, row: int) -> str | None:
    """The method of a class in which the finding stands."""
    if not isinstance(target, ast.ClassDef):
        return None
    return next((f.name for f in _functions(target) if f.lineno <= row <= (f.end_lineno or f.lineno)), None)


def _parameters(target: ast.AST | None) -> dict[str, int]:
    """The parameters of a function, or of the methods of a class, with their rows."""
    return {
        argument.arg: argument.lineno
        for function in _functions(target)
        for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    }


def _held(target: ast.AST | None, experiment: Experiment) -> list[str]:
    """Parameters that must hold statistics: those of a watched row that the finding's own statement assigns to."""
    assigned = {
        node.id
        for statement in (ast.walk(target) if target is not None else ())
        if isinstance(statement, ast.stmt) and statement.lineno == experiment.row
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    rows = _parameters(target)
    return sorted(name for name in assigned & rows.keys() if rows[name] in experiment.statistics)


def roles(target: ast.AST | None) -> dict[str, str]:
    """Parameters, by what the code does with them: a "model", "layer", "optimizer", "function", NumPy "array" …

    A "statistic" is one that is assigned to.
    """
    found: dict[str, str] = {}
    names = _called(target)
    nodes = list(ast.walk(target)) if target is not None else []
    for node in nodes:
        if isinstance(node, ast.Call) and (name := names.get(ast.unparse(node.func))) is not None:
            told = any(keyword.arg == "training" for keyword in node.keywords)
            found[name] = "model" if told else found.get(name, "function")
    for node in nodes:
        if isinstance(node, ast.Attribute) and (name := names.get(ast.unparse(node.value))) is not None:
            if node.attr in OF_MODELS:
                found[name] = "model"
            elif node.attr in OF_OPTIMIZERS:
                found[name] = "optimizer"
            elif node.attr in OF_LAYERS:
                found.setdefault(name, "layer")
            elif node.attr in OF_ARRAYS:
                found.setdefault(name, "array")
    return {**found, **dict.fromkeys(_assigned(target) & names.keys(), "statistic")}


def _assigned(target: ast.AST | None) -> set[str]:
    """The names that are assigned to as variables are: ``name.assign(value)``, ``tf.assign(name, value)``."""
    calls = [node for node in ast.walk(target) if isinstance(node, ast.Call)] if target is not None else []
    variables = [
        call.args[0] if len(call.args) > 1 else call.func.value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in ASSIGNMENTS
    ]
    return {each.id for each in variables if isinstance(each, ast.Name)}


def _called(target: ast.AST | None) -> dict[str, str]:
    """The parameters, by what the code calls them: their own names, and the attributes that a class keeps them in."""
    names = {name: name for name in _parameters(target)}
    for node in ast.walk(target) if isinstance(target, ast.ClassDef) else ():
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in names:
            names |= {ast.unparse(each): node.value.id for each in node.targets if isinstance(each, ast.Attribute)}
    return names


def _slots(target: ast.AST | None) -> dict[str, list[str]]:
    """The parameters of which the code asks for items by text, with these texts."""
    names = _parameters(target)
    found: dict[str, set[str]] = {}
    for node in ast.walk(target) if target is not None else ():
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in names:
            key = node.slice.value if isinstance(node.slice, ast.Constant) else None
            if isinstance(key, str):
                found.setdefault(node.value.id, set()).add(key)
    return {name: sorted(keys) for name, keys in found.items()}


def _rank(target: ast.AST | None, keeps_channels: bool) -> int | None:
    """The rank of the batch that literal reduction axes imply: ``[0, 1, 2]`` 4, ``[0]`` 2.

    keeps_channels: one axis is left over for the channels, the last one or a gap; else all axes are reduced.
    """
    for node in ast.walk(target) if target is not None else ():
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in REDUCTIONS:
            for value in [*node.args[1:2], *(k.value for k in node.keywords if k.arg in ("axes", "axis"))]:
                axes = _integers(value)
                if axes and min(axes) >= 0:
                    gap = sorted(axes) != list(range(len(axes)))
                    return max(axes) + (1 if gap or not keeps_channels else 2)
    return None


def _integers(node: ast.expr) -> list[int]:
    """The literal integer, or list or tuple of integers; else nothing."""
    nodes = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    values = [n.value for n in nodes if isinstance(n, ast.Constant) and type(n.value) is int]
    return values if len(values) == len(nodes) else []
