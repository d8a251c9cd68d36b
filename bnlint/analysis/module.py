"""One traversal of a module's CST: statements, scopes and bindings as plain data.

Function bodies are lowered after the scope around them, so that closures see every binding of the
enclosing scopes. Inside a scope, definitions are tracked in program order: branches are joined,
loop bodies are lowered with the definitions that their own previous round leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst

from bnlint.analysis.builder import Builder, Environment
from bnlint.analysis.expressions import Expressions, Pending, operator
from bnlint.analysis.names import relative_module
from bnlint.analysis.scopes import Guard, ModuleTree
from bnlint.analysis.values import BEFORE, Definition, Global, Item, Op, Opaque

# A loop body is lowered twice to see what its previous round leaves; nested deeper than this, once.
_LOOP_DEPTH = 3


class Lowering:
    """The traversal itself; `lower_module` is the way in."""

    def __init__(self, module: cst.Module, package: str) -> None:
        self._builder = Builder(module)
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
        builder.scope = builder.tree.scopes[pending.scope]
        builder.guards, builder.blocks, builder.loops = (), (), 0
        builder.environment = {}
        for parameter in builder.scope.parameters:
            name = "self" if parameter.name == builder.self_name() else parameter.name
            builder.bind_path(name, parameter, parameter.span, parameter.span, "parameter")
        self._bind_variadic(pending.parameters)
        if isinstance(pending.body, cst.BaseSuite):
            self._suite(_statements_of(pending.body))
        else:
            builder.record("return", self._expressions.lower(pending.body), pending.body)

    def _bind_variadic(self, node: cst.Parameters) -> None:
        for star in (node.star_arg, node.star_kwarg):
            if isinstance(star, cst.Param):
                span = self._builder.positions.span(star.name)
                self._builder.bind_path(star.name.value, Opaque(span, "variadic"), span, span, "parameter")

    def _suite(self, body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> bool:
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

    def _statement(self, node: cst.CSTNode) -> bool | Guard | None:
        """Lower one statement. True: control ends here; a guard: what holds for the statements after it."""
        handler = getattr(self, f"_lower_{type(node).__name__}", None)
        if handler is not None:
            result: bool | Guard | None = handler(node)
            return result
        return None

    def _lower_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:  # noqa: N802
        return self._suite(node.body)

    def _lower_Expr(self, node: cst.Expr) -> None:  # noqa: N802
        self._builder.record("expression", self._expressions.lower(node.value), node)

    def _lower_Assign(self, node: cst.Assign) -> None:  # noqa: N802
        value = self._expressions.lower(node.value)
        made: list[int] = []
        for target in node.targets:
            made += self._expressions.bind(target.target, value, node, "assign")
        self._builder.record("assign", value, node, made)

    def _lower_AnnAssign(self, node: cst.AnnAssign) -> None:  # noqa: N802
        if node.value is not None:
            value = self._expressions.lower(node.value)
            self._builder.record("assign", value, node, self._expressions.bind(node.target, value, node, "assign"))

    def _lower_AugAssign(self, node: cst.AugAssign) -> None:  # noqa: N802
        before = self._expressions.lower(node.target)
        operand = self._expressions.lower(node.value)
        value = Op(self._builder.positions.span(node), operator(node.operator), (before, operand))
        self._builder.record("augmented", value, node, self._expressions.bind(node.target, value, node, "augmented"))

    def _lower_Return(self, node: cst.Return) -> bool:  # noqa: N802
        if node.value is not None:
            self._builder.record("return", self._expressions.lower(node.value), node)
        return True

    def _lower_Raise(self, node: cst.Raise) -> bool:  # noqa: N802
        if node.exc is not None:
            self._builder.record("raise", self._expressions.lower(node.exc), node)
        return True

    def _lower_Continue(self, node: cst.Continue) -> bool:  # noqa: N802
        return True

    def _lower_Break(self, node: cst.Break) -> bool:  # noqa: N802
        return True

    def _lower_Assert(self, node: cst.Assert) -> None:  # noqa: N802
        self._builder.record("assert", self._expressions.lower(node.test), node)

    def _lower_Del(self, node: cst.Del) -> None:  # noqa: N802
        self._builder.record("delete", self._expressions.lower(node.target), node)

    def _lower_Global(self, node: cst.Global | cst.Nonlocal) -> None:  # noqa: N802
        self._builder.scope.outer_names.update(item.name.value for item in node.names)

    _lower_Nonlocal = _lower_Global  # noqa: N815

    def _lower_Import(self, node: cst.Import) -> None:  # noqa: N802
        for alias in node.names:
            full = _dotted(alias.name)
            name = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else None
            self._import(full, name or full.split(".")[0], full if name else full.split(".")[0], node)

    def _lower_ImportFrom(self, node: cst.ImportFrom) -> None:  # noqa: N802
        module = _dotted(node.module) if node.module is not None else ""
        if node.relative:
            module = relative_module(self._package, len(node.relative), module)
        if isinstance(node.names, cst.ImportStar):
            self._builder.tree.imports.setdefault(f"{module}.*", self._builder.positions.span(node))
            return
        for alias in node.names:
            name = _dotted(alias.name)
            bound = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else name
            self._import(f"{module}.{name}", bound, f"{module}.{name}", node)

    def _import(self, full: str, name: str, bound: str, node: cst.CSTNode) -> None:
        span = self._builder.positions.span(node)
        self._builder.tree.imports.setdefault(full, span)
        self._builder.bind_path(name, Global(span, bound), span, span, "import")

    def _lower_If(self, node: cst.If) -> bool | Guard | None:  # noqa: N802
        test = self._expressions.lower(node.test)
        self._builder.record("test", test, node.test)
        before = dict(self._builder.environment)
        ended_body = self._under(Guard(test, True), lambda: self._suite(_statements_of(node.body)))
        after_body, self._builder.environment = self._builder.environment, before
        ended_else = False
        if isinstance(node.orelse, cst.If):
            ended_else = bool(self._under(Guard(test, False), lambda: self._statement(node.orelse or node) is True))
        elif node.orelse is not None:
            body = _statements_of(node.orelse.body)
            ended_else = self._under(Guard(test, False), lambda: self._suite(body))
        if ended_else and not ended_body:
            self._builder.environment = after_body
            return Guard(test, True)
        if not ended_body:
            self._builder.environment = _join(after_body, self._builder.environment)
            return None
        return True if ended_else else Guard(test, False)

    def _under(self, guard: Guard, lower: Callable[[], object]) -> bool:
        saved = self._builder.guards
        self._builder.guards = (*saved, guard)
        result = bool(lower())
        self._builder.guards = saved
        return result

    def _lower_For(self, node: cst.For) -> None:  # noqa: N802
        iterated = self._expressions.lower(node.iter)
        self._builder.record("loop", iterated, node.iter)

        def once() -> None:
            self._expressions.bind(node.target, Item(iterated.span, iterated, None), node.target, "loop")
            self._suite(_statements_of(node.body))

        self._loop(once)
        if node.orelse is not None:
            self._suite(_statements_of(node.orelse.body))

    def _lower_While(self, node: cst.While) -> None:  # noqa: N802
        test = self._expressions.lower(node.test)
        self._builder.record("test", test, node.test)
        self._loop(lambda: self._under(Guard(test, True), lambda: self._suite(_statements_of(node.body))))
        if node.orelse is not None:
            self._suite(_statements_of(node.orelse.body))

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

    def _lower_Try(self, node: cst.Try | cst.TryStar) -> bool:  # noqa: N802
        before = dict(self._builder.environment)
        ended = self._suite(_statements_of(node.body))
        after = self._builder.environment
        if node.orelse is not None:
            ended = self._suite(_statements_of(node.orelse.body)) or ended
            after = self._builder.environment
        paths = [] if ended else [after]
        for handler in node.handlers:
            self._builder.environment = _join(before, after)
            if not self._suite(_statements_of(handler.body)):
                paths.append(self._builder.environment)
        self._builder.environment = _join(*paths) if paths else _join(before, after)
        if node.finalbody is not None and self._suite(_statements_of(node.finalbody.body)):
            return True
        return not paths

    _lower_TryStar = _lower_Try  # noqa: N815

    def _lower_With(self, node: cst.With) -> bool:  # noqa: N802
        builder, saved = self._builder, self._builder.blocks
        opened: list[int] = []
        for item in node.items:
            context = self._expressions.lower(item.item)
            builder.record("with", context, item)
            if item.asname is not None:
                self._expressions.bind(item.asname.name, context, item, "with")
            opened.append(builder.open_block(context, node))
            builder.blocks = (*builder.blocks, opened[-1])
        first = len(builder.tree.statements)
        ended = self._suite(_statements_of(node.body))
        for block in opened:
            builder.close_block(block, range(first, len(builder.tree.statements)))
        builder.blocks = saved
        return ended

    def _lower_Match(self, node: cst.Match) -> None:  # noqa: N802
        self._builder.record("test", self._expressions.lower(node.subject), node.subject)
        before = dict(self._builder.environment)
        paths = [before]
        for case in node.cases:
            self._builder.environment = dict(before)
            if not self._suite(_statements_of(case.body)):
                paths.append(self._builder.environment)
        self._builder.environment = _join(*paths)

    def _lower_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
        decorators = tuple(self._expressions.lower(decorator.decorator) for decorator in node.decorators)
        parameters = self._expressions.parameters(node.params)
        header = self._builder.positions.span(node.name)
        scope = self._builder.new_scope("function", node.name.value, self._builder.scope.id, node, header)
        scope.decorators, scope.parameters = decorators, parameters
        plain = (*node.params.posonly_params, *node.params.params, *node.params.kwonly_params)
        scope.last_parameter = self._builder.positions.span(plain[-1]) if plain else None
        scope.has_kwargs = node.params.star_kwarg is not None
        self._builder.add(self._expressions.pending, Pending(scope.id, node.params, node.body))
        span = self._builder.positions.span(node)
        self._builder.bind_path(node.name.value, Definition(span, scope.id), span, header, "definition")

    def _lower_ClassDef(self, node: cst.ClassDef) -> None:  # noqa: N802
        decorators = tuple(self._expressions.lower(decorator.decorator) for decorator in node.decorators)
        bases = tuple(self._expressions.lower(base.value) for base in node.bases)
        span, header = self._builder.positions.span(node), self._builder.positions.span(node.name)
        scope = self._builder.new_scope("class", node.name.value, self._builder.scope.id, node, header)
        scope.decorators, scope.bases = decorators, bases
        self._builder.bind_path(node.name.value, Definition(span, scope.id), span, header, "definition")
        outer, environment, blocks = self._builder.scope, self._builder.environment, self._builder.blocks
        self._builder.scope, self._builder.environment, self._builder.blocks = scope, dict(environment), ()
        self._suite(_statements_of(node.body))
        self._builder.scope, self._builder.environment, self._builder.blocks = outer, environment, blocks


def _statements_of(suite: cst.BaseSuite) -> Sequence[cst.BaseStatement | cst.BaseSmallStatement]:
    assert isinstance(suite, (cst.IndentedBlock, cst.SimpleStatementSuite))
    return suite.body


def _join(*environments: Environment) -> Environment:
    """What may reach a place after several ways into it."""
    joined: Environment = {}
    for path in {path: None for environment in environments for path in environment}:
        reaching = (index for environment in environments for index in environment.get(path, (BEFORE,)))
        joined[path] = tuple(dict.fromkeys(reaching))
    return joined


def _dotted(node: cst.BaseExpression | None) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


def lower_module(text: str, package: str = "") -> ModuleTree:
    """Parse a module and lower it. ``package`` (dotted) resolves relative imports.

    Raises libcst.ParserSyntaxError for text that is no Python 3, RecursionError for text nested too deep.
    """
    return Lowering(cst.parse_module(text), package).lower()
