"""What the syntax of a finding's code says about how to run it: its statement, its parameters, what they hold."""

from __future__ import annotations

import ast
import json

from bnlint.verify.predictions import Experiment
from bnlint.verify.slicing import first_row

OF_MODELS = {"trainable_variables", "trainable_weights", "non_trainable_variables", "fit", "train_on_batch", "predict"}
OF_LAYERS = {"moving_mean", "moving_variance", "moving_var", "running_mean", "running_var", "gamma", "beta"}
OF_ARRAYS = {"mean", "var", "std", "sum", "astype", "min", "max"}
ASSIGNMENTS = {"assign", "assign_add", "assign_sub", "assign_moving_average"}
OF_OPTIMIZERS = {"apply_gradients", "minimize", "apply"}
REDUCTIONS = {"moments", "reduce_mean", "reduce_variance", "reduce_std", "mean", "var", "std"}


def statement_rows(tree: ast.Module | None, row: int) -> tuple[int, int]:
    """First and last row of the innermost statement at ``row``; of a compound one only the head."""
    found = (row, row)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.stmt) and first_row(node) <= row <= (node.end_lineno or node.lineno):
            body = getattr(node, "body", None)
            last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
            if row <= last:
                found = (first_row(node), last)
    return found


def uses(tree: ast.Module | None, rows: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """The later statements that read a name which the statement on these rows binds, in the same function."""
    if tree is None:
        return ()
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and _spans(node, rows)]
    scope = functions[-1] if functions else tree
    statements = [node for node in ast.walk(scope) if isinstance(node, ast.stmt) and not hasattr(node, "body")]
    bound = {name for node in statements if _spans(node, rows) for name in _names(node, ast.Store)}
    later = [node for node in statements if node.lineno > rows[1] and bound & _names(node, ast.Load)]
    return tuple(sorted((node.lineno, node.end_lineno or node.lineno) for node in later))


def tests(tree: ast.Module | None, rows: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """The tests of the ``if`` and ``while`` statements around the statement on these rows."""
    nodes = list(ast.walk(tree)) if tree is not None else []
    around = [node for node in nodes if isinstance(node, ast.If | ast.While) and _spans(node, rows)]
    return tuple((node.test.lineno, node.test.end_lineno or node.test.lineno) for node in around)


def switches(tree: ast.Module | None, rows: tuple[int, int]) -> dict[str, bool]:
    """What the tests around a statement want attributes such as ``FLAGS.use_bn`` to be, by their names."""
    found: dict[str, bool] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.If) and _spans(node, rows):
            wanted = any(_spans(each, rows) for each in node.body)
            waiting = [(node.test, wanted)]
            while waiting:
                test, truth = waiting.pop()
                if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
                    waiting.append((test.operand, not truth))
                elif isinstance(test, ast.BoolOp):
                    waiting += [(each, truth) for each in test.values]
                elif isinstance(test, ast.Attribute):
                    found[test.attr] = truth
    return found


def _spans(node: ast.stmt, rows: tuple[int, int]) -> bool:
    return first_row(node) <= rows[0] and rows[1] <= (node.end_lineno or node.lineno)


def _names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, context)}


def definition(tree: ast.Module | None, symbol: str) -> ast.AST | None:
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


def method_at(target: ast.AST | None, row: int) -> str | None:
    """The method of a class in which the finding stands."""
    if not isinstance(target, ast.ClassDef):
        return None
    return next((f.name for f in _functions(target) if f.lineno <= row <= (f.end_lineno or f.lineno)), None)


def parameters(target: ast.AST | None) -> dict[str, int]:
    """The parameters of a function, or of the methods of a class, with their rows."""
    return {
        argument.arg: argument.lineno
        for function in _functions(target)
        for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    }


def held(target: ast.AST | None, experiment: Experiment) -> list[str]:
    """Parameters that must hold statistics: those of a watched row that the finding's own statement assigns to."""
    assigned = {
        node.id
        for statement in (ast.walk(target) if target is not None else ())
        if isinstance(statement, ast.stmt) and statement.lineno == experiment.row
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    rows = parameters(target)
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
    names = {name: name for name in parameters(target)}
    for node in ast.walk(target) if isinstance(target, ast.ClassDef) else ():
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in names:
            names |= {ast.unparse(each): node.value.id for each in node.targets if isinstance(each, ast.Attribute)}
    return names


def slots(target: ast.AST | None) -> dict[str, list[str]]:
    """The parameters of which the code asks for items by text, with these texts."""
    names = parameters(target)
    found: dict[str, set[str]] = {}
    for node in ast.walk(target) if target is not None else ():
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in names:
            key = node.slice.value if isinstance(node.slice, ast.Constant) else None
            if isinstance(key, str):
                found.setdefault(node.value.id, set()).add(key)
    return {name: sorted(keys) for name, keys in found.items()}


def mappings(tree: ast.Module | None, asked: dict[str, list[str]]) -> dict[str, object]:
    """For parameters of which items are asked for by text: the first mapping written out in the file that has them."""
    found: dict[str, object] = {}
    for node in ast.walk(tree) if tree is not None and asked else ():
        if isinstance(node, ast.Dict):
            try:
                value = ast.literal_eval(node)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue
            for name, keys in asked.items():
                if value.keys() >= set(keys) and _is_json(value):
                    found.setdefault(name, value)
    return found


def _is_json(value: object) -> bool:
    """Whether it comes through a pipe as it is."""
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError):
        return False


def rank(target: ast.AST | None, keeps_channels: bool) -> int | None:
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
