"""One traversal of a module's syntax tree: statements, scopes and bindings as plain data.

Function bodies are lowered after the scope around them, so that closures see every binding of the
enclosing scopes. Inside a scope, definitions are tracked in program order: branches are joined,
loop bodies are lowered with the definitions that their own previous round leaves.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Sequence

from bnlint.analysis.code.builder import Builder, Environment
from bnlint.analysis.code.expressions import Expressions, Pending, named_parameters, operator
from bnlint.analysis.code.names import relative_module, starred
from bnlint.analysis.code.scopes import Guard, ModuleTree
from bnlint.analysis.code.values import BEFORE, Definition, Global, Item, Op, Opaque, Value

# A loop body is lowered twice to see what its previous round leaves; nested deeper than this, once.
_LOOP_DEPTH = 3


class Lowering:
    """The traversal itself; `lower_module` is the way in.

    tree: what the module is lowered into, beside what is there; ``text`` is then that of both.
    """

    def __init__(self, module: ast.Module, text: str, package: str, tree: ModuleTree | None = None) -> None:
        self._builder = Builder(text, tree)
        self._span = self._builder.positions.span
        self._expressions = Expressions(self._builder)
        self._package = package
        self._module = module

    def lower(self) -> ModuleTree:
        """Lower the module body, then every function body that was met."""
        self._suite(self._module.body)
        for pending in self._expressions.pending:  # grows while it is walked
            self._function(pending)
        return self._builder.tree

    def _function(self, pending: Pending) -> None:
        builder = self._builder
        builder.enter(builder.tree.scopes[pending.scope])
        builder.guards, builder.blocks, builder.loops = (), (), 0
        builder.forget_environment()
        for parameter in builder.scope.parameters:
            name = "self" if parameter.name == builder.object_name else parameter.name
            builder.bind_path(name, parameter, parameter.span, parameter.span, "parameter")
        for star in (pending.parameters.vararg, pending.parameters.kwarg):
            if star is not None:
                span = self._span(star)
                builder.bind_path(star.arg, Opaque(span, "variadic"), span, span, "parameter")
        if isinstance(pending.body, list):
            self._suite(pending.body)
        else:
            builder.record("return", self._expressions.lower(pending.body), self._span(pending.body))

    def _suite(self, body: Sequence[ast.stmt]) -> bool:
        """Lower statements in order; True if control never falls off the end."""
        saved = self._builder.guards
        for node in body:
            ended = self._statement(node)
            if ended is True:
                self._builder.guards = saved
                return True
            if isinstance(ended, Guard):
                self._builder.guards = (*self._builder.guards, ended)
        self._builder.guards = saved
        return False

    def _statement(self, node: ast.stmt) -> bool | Guard | None:
        """Lower one statement. True: control ends here; a guard: what holds for the statements after it."""
        handler = getattr(self, f"_lower_{type(node).__name__}", None)
        if handler is not None:
            result: bool | Guard | None = handler(node)
            return result
        return None

    def _record(self, kind: str, node: ast.expr, statement: ast.expr | ast.stmt | None = None) -> Value:
        """Record a statement, or the head of one, by the expression in it."""
        value = self._expressions.lower(node)
        self._builder.record(kind, value, self._span(statement or node))
        return value

    def _lower_Expr(self, node: ast.Expr) -> None:  # noqa: N802
        match node.value:
            case ast.Call(ast.Name("setattr"), [ast.Name() as owner, ast.Constant(str(name)) as place, value], []) if (
                owner.id == self._builder.object_name and name.isidentifier()
            ):
                target = ast.copy_location(ast.Attribute(owner, name, ast.Store()), place)
                self._assign([target], value, node)
            case _:
                self._record("expression", node.value, node)

    def _lower_Assign(self, node: ast.Assign) -> None:  # noqa: N802
        self._assign(node.targets, node.value, node)

    def _lower_AnnAssign(self, node: ast.AnnAssign) -> None:  # noqa: N802
        if node.value is not None:
            self._assign([node.target], node.value, node)

    def _assign(self, targets: Sequence[ast.expr], node: ast.expr, statement: ast.stmt) -> None:
        value, span = self._expressions.lower(node), self._span(statement)
        made = [each for target in targets for each in self._expressions.bind(target, value, span, "assign")]
        self._builder.record("assign", value, span, made)

    def _lower_AugAssign(self, node: ast.AugAssign) -> None:  # noqa: N802
        before, span = self._expressions.lower(node.target), self._span(node)
        value = Op(span, operator(node.op), (before, self._expressions.lower(node.value)))
        self._builder.record("augmented", value, span, self._expressions.bind(node.target, value, span, "augmented"))

    def _lower_Return(self, node: ast.Return) -> bool:  # noqa: N802
        if node.value is not None:
            self._record("return", node.value, node)
        return True

    def _lower_Raise(self, node: ast.Raise) -> bool:  # noqa: N802
        if node.exc is not None:
            self._record("raise", node.exc, node)
        return True

    def _lower_Continue(self, node: ast.Continue) -> bool:  # noqa: N802
        return True

    def _lower_Break(self, node: ast.Break) -> bool:  # noqa: N802
        return True

    def _lower_Assert(self, node: ast.Assert) -> None:  # noqa: N802
        self._record("assert", node.test, node)

    def _lower_Delete(self, node: ast.Delete) -> None:  # noqa: N802
        for target in node.targets:
            self._record("delete", target, node)

    def _lower_Global(self, node: ast.Global | ast.Nonlocal) -> None:  # noqa: N802
        self._builder.scope.outer_names.update(node.names)

    _lower_Nonlocal = _lower_Global  # noqa: N815

    def _lower_Import(self, node: ast.Import) -> None:  # noqa: N802
        for alias in node.names:
            root = alias.name.split(".")[0]
            self._import(alias.name, alias.asname or root, alias.name if alias.asname else root, node)

    def _lower_ImportFrom(self, node: ast.ImportFrom) -> None:  # noqa: N802
        module = node.module or ""
        if node.level:
            module = relative_module(self._package, node.level, module)
        for alias in node.names:
            full = f"{module}.{alias.name}"
            if alias.name == "*":
                self._builder.tree.imports.setdefault(full, self._span(node))
                self._import_star(module, node)
            else:
                self._import(full, alias.asname or alias.name, full, node)

    def _import_star(self, module: str, node: ast.ImportFrom) -> None:
        lines = self._builder.positions.lines
        following = lines.text[lines.offset(self._span(node).end_row, self._span(node).end_column) :]
        for name in starred(module, following):
            if name in following:
                self._import(f"{module}.{name}", name, f"{module}.{name}", node)

    def _import(self, full: str, name: str, bound: str, node: ast.stmt) -> None:
        span = self._span(node)
        self._builder.tree.imports.setdefault(full, span)
        self._builder.bind_path(name, Global(span, bound), span, span, "import")

    def _lower_If(self, node: ast.If) -> bool | Guard | None:  # noqa: N802
        test = self._record("test", node.test)
        before = dict(self._builder.environment)
        ended_body = self._under(Guard(test, True), lambda: self._suite(node.body))
        after_body, self._builder.environment = self._builder.environment, before
        ended_else = self._under(Guard(test, False), lambda: self._suite(node.orelse))
        if ended_else and not ended_body:
            self._builder.environment = after_body
            return Guard(test, True)
        if not ended_body:
            self._builder.environment = _join(after_body, self._builder.environment)
            return None
        return True if ended_else else Guard(test, False)

    def _under(self, guard: Guard, lower: Callable[[], bool]) -> bool:
        saved = self._builder.guards
        self._builder.guards = (*saved, guard)
        result = lower()
        self._builder.guards = saved
        return result

    def _lower_For(self, node: ast.For | ast.AsyncFor) -> None:  # noqa: N802
        iterated = self._record("loop", node.iter)

        def once() -> None:
            each = Item(iterated.span, iterated, None)
            self._expressions.bind(node.target, each, self._span(node.target), "loop")
            self._suite(node.body)

        self._loop(once)
        self._suite(node.orelse)

    _lower_AsyncFor = _lower_For  # noqa: N815

    def _lower_While(self, node: ast.While) -> None:  # noqa: N802
        test = self._record("test", node.test)
        self._loop(lambda: self._under(Guard(test, True), lambda: self._suite(node.body)))
        self._suite(node.orelse)

    def _loop(self, once: Callable[[], object]) -> None:
        before = dict(self._builder.environment)
        self._builder.loops += 1
        if self._builder.loops <= _LOOP_DEPTH:
            undo = self._builder.checkpoint()
            once()
            carried = self._builder.environment
            undo()
            self._builder.environment = _join(before, carried)
        once()
        self._builder.loops -= 1
        self._builder.environment = _join(before, self._builder.environment)

    def _lower_Try(self, node: ast.Try) -> bool:  # noqa: N802
        before = dict(self._builder.environment)
        ended = self._suite(node.body)
        after = self._builder.environment
        if node.orelse:
            ended = self._suite(node.orelse) or ended
            after = self._builder.environment
        paths = [] if ended else [after]
        for handler in node.handlers:
            self._builder.environment = _join(before, after)
            if not self._suite(handler.body):
                paths.append(self._builder.environment)
        self._builder.environment = _join(*paths) if paths else _join(before, after)
        return self._suite(node.finalbody) or not paths

    _lower_TryStar = _lower_Try  # noqa: N815

    def _lower_With(self, node: ast.With | ast.AsyncWith) -> bool:  # noqa: N802
        builder, saved = self._builder, self._builder.blocks
        span, inside = self._span(node), builder.positions.stretch(node.body[0], node.body[-1])
        opened: list[int] = []
        for item in node.items:
            at = builder.positions.stretch(item.context_expr, item.optional_vars or item.context_expr)
            context = self._expressions.lower(item.context_expr)
            builder.record("with", context, at)
            if item.optional_vars is not None:
                self._expressions.bind(item.optional_vars, context, at, "with")
            opened.append(builder.open_block(context, span, inside))
            builder.blocks = (*builder.blocks, opened[-1])
        first = len(builder.tree.statements)
        ended = self._suite(node.body)
        for block in opened:
            builder.close_block(block, range(first, len(builder.tree.statements)))
        builder.blocks = saved
        return ended

    _lower_AsyncWith = _lower_With  # noqa: N815

    def _lower_Match(self, node: ast.Match) -> None:  # noqa: N802
        self._record("test", node.subject)
        before = dict(self._builder.environment)
        paths = [before]
        for case in node.cases:
            self._builder.environment = dict(before)
            if not self._suite(case.body):
                paths.append(self._builder.environment)
        self._builder.environment = _join(*paths)

    def _lower_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:  # noqa: N802
        positions = self._builder.positions
        decorators = tuple(self._expressions.lower(decorator) for decorator in node.decorator_list)
        parameters = self._expressions.parameters(node.args)
        span, header = self._span(node), positions.name(node)
        scope = self._builder.new_scope("function", node.name, self._builder.scope.id, span, header)
        scope.decorators, scope.parameters = decorators, parameters
        named = list(named_parameters(node.args))
        scope.last_parameter = positions.parameter(*named[-1]) if named else None
        scope.has_kwargs = node.args.kwarg is not None
        self._builder.add(self._expressions.pending, Pending(scope.id, node.args, node.body))
        self._builder.bind_path(node.name, Definition(span, scope.id), span, header, "definition")

    _lower_AsyncFunctionDef = _lower_FunctionDef  # noqa: N815

    def _lower_ClassDef(self, node: ast.ClassDef) -> None:  # noqa: N802
        decorators = tuple(self._expressions.lower(decorator) for decorator in node.decorator_list)
        bases = (base.value if isinstance(base, ast.Starred) else base for base in node.bases)
        lowered = tuple(self._expressions.lower(base) for base in bases)
        span, header = self._span(node), self._builder.positions.name(node)
        scope = self._builder.new_scope("class", node.name, self._builder.scope.id, span, header)
        scope.decorators, scope.bases = decorators, lowered
        self._builder.bind_path(node.name, Definition(span, scope.id), span, header, "definition")
        outer, environment, blocks = self._builder.scope, self._builder.environment, self._builder.blocks
        self._builder.enter(scope)
        self._builder.environment, self._builder.blocks = dict(environment), ()
        self._suite(node.body)
        self._builder.enter(outer)
        self._builder.environment, self._builder.blocks = environment, blocks


def _join(first: Environment, *others: Environment) -> Environment:
    """What may reach a place after several ways into it."""
    joined = dict(first)
    for environment in others:
        for path in joined.keys() - environment.keys():
            joined[path] = tuple(dict.fromkeys((*joined[path], BEFORE)))
        for path, reaching in environment.items():
            known = joined.get(path, (BEFORE,))
            # Most ways leave most places as they were.
            joined[path] = known if known == reaching else tuple(dict.fromkeys(known + reaching))
    return joined


def lower_module(text: str, package: str = "") -> ModuleTree:
    """Parse a module and lower it. ``package`` (dotted) resolves relative imports.

    Raises SyntaxError or ValueError for text that is no Python 3, RecursionError or MemoryError for text nested too
    deep.
    """
    return Lowering(parsed(text), text, package).lower()


def parsed(text: str) -> ast.Module:
    """The syntax tree of a text. Raises what `ast.parse` raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a string that the user wrote
        return ast.parse(text)
