"""One traversal of a module's CST: statements, scopes and bindings as plain data.

Function bodies are lowered after the scope around them, so that closures see every binding of the
enclosing scopes. Inside a scope, definitions are tracked in program order: branches are joined,
loop bodies are lowered with the definitions that their own previous round leaves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import libcst as cst

from bnlint.analysis.expressions import Expressions, operator
from bnlint.analysis.names import relative_module
from bnlint.analysis.positions import Lines, Positions
from bnlint.analysis.scopes import Binding, BindingKind, Block, Guard, Scope, Statement
from bnlint.analysis.values import (
    BEFORE,
    Attribute,
    Call,
    Definition,
    Global,
    Item,
    Op,
    Opaque,
    Parameter,
    Read,
    Subscript,
    Value,
    path_of,
)
from bnlint.analysis.values import Sequence as SequenceValue
from bnlint.findings import Span

Environment = dict[str, tuple[int, ...]]

# A loop body is lowered twice to see what its previous round leaves; nested deeper than this, once.
_LOOP_DEPTH = 3


@dataclass(slots=True)
class ModuleTree:
    """A module as plain data. Lists are indexed by the ids that values, bindings and blocks carry."""

    scopes: list[Scope] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    call_sites: list[tuple[int, tuple[Guard, ...], tuple[int, ...], int]] = field(default_factory=list)
    imports: dict[str, Span] = field(default_factory=dict)
    lines: Lines = field(default_factory=lambda: Lines(""))


@dataclass(slots=True)
class _Pending:
    """A function body that waits until the scope around it is done."""

    scope: int
    parameters: cst.Parameters
    body: cst.BaseSuite | cst.BaseExpression
    environment: Environment


class Lowering:
    """The traversal itself; `lower_module` is the way in."""

    def __init__(self, module: cst.Module, package: str) -> None:
        self.positions = Positions(module)
        self.tree = ModuleTree(lines=self.positions.lines)
        self._package = package
        self._expressions = Expressions(self)
        self._pending: deque[_Pending] = deque()
        self._environment: Environment = {}
        self._scope = self._new_scope("module", "", None, module, self.positions.span(module))
        self._guards: tuple[Guard, ...] = ()
        self._blocks: tuple[int, ...] = ()
        self._loops = 0
        self._module = module

    # -- what expressions need ---------------------------------------------------------------

    def code(self, node: cst.CSTNode) -> str:
        """The source text of a node."""
        return self.tree.lines.slice(self.positions.span(node))

    def read(self, span: Span, name: str) -> Value:
        """A name that is read: an import, or a place with the definitions that reach it."""
        if name == self._self_name():
            name = "self"
        reaching = self._environment.get(name, ())
        if len(reaching) == 1:
            bound = self.tree.bindings[reaching[0]]
            if bound.kind == "import" or (bound.kind == "assign" and isinstance(bound.value, Global)):
                assert isinstance(bound.value, Global)
                return Global(span, bound.value.name)
        if not reaching or reaching == (BEFORE,):
            imported = self._outer_import(name)
            if imported is not None:
                return Global(span, imported)
        return Read(span, name, self._scope.id, reaching)

    def read_path(self, span: Span, made: Attribute | Subscript) -> Value:
        """An attribute or item that is read: a `Read` if it is a tracked place, else as it was made."""
        path = path_of(made)
        if path is None:
            return made
        reaching = self._environment.get(path, ())
        if reaching or (path.startswith("self.") and path.count(".") == 1 and "[" not in path):
            return Read(span, path, self._scope.id, reaching, made if BEFORE in reaching else None)
        return made

    def record_call(
        self, span: Span, callee: Value, args: tuple[Value, ...], keywords: tuple[tuple[str | None, Value], ...]
    ) -> Call:
        """A call, kept with the scope, guards, blocks and loops it stands in."""
        call = Call(span, len(self.tree.calls), callee, args, keywords)
        self.tree.calls.append(call)
        self.tree.call_sites.append((self._scope.id, self._guards, self._blocks, self._loops))
        self._scope.calls.append(call)
        return call

    def enter_lambda(self, node: cst.Lambda) -> int:
        """The scope of a lambda, whose body is lowered later."""
        scope = self._new_scope("lambda", "<lambda>", self._scope.id, node, self.positions.span(node))
        self._pending.append(_Pending(scope.id, node.params, node.body, dict(self._environment)))
        scope.parameters = self._parameters(node.params)
        return scope.id

    @contextmanager
    def private_environment(self) -> Generator[None]:
        """Definitions made inside (a comprehension's targets) are forgotten afterwards."""
        saved = dict(self._environment)
        yield
        self._environment = saved

    def bind(self, target: cst.CSTNode, value: Value, statement: cst.CSTNode, kind: BindingKind) -> list[int]:
        """Bind what a target denotes; tuples are taken apart. Returns the ids of the new bindings."""
        if isinstance(target, (cst.Tuple, cst.List)):
            return self._bind_elements(target, value, statement, kind)
        if isinstance(target, cst.StarredElement):
            return self.bind(target.value, Item(value.span, value, None), statement, kind)
        path = self._target_path(target)
        if path is None:
            return []
        return [self._bind_path(path, value, self.positions.span(statement), self.positions.span(target), kind)]

    # -- bindings ------------------------------------------------------------------------------

    def _bind_elements(
        self, target: cst.Tuple | cst.List, value: Value, statement: cst.CSTNode, kind: BindingKind
    ) -> list[int]:
        elements = target.elements
        starred = any(isinstance(element, cst.StarredElement) for element in elements)
        pairwise = isinstance(value, SequenceValue) and len(value.items) == len(elements) and not starred
        made: list[int] = []
        for index, element in enumerate(elements):
            if pairwise:
                assert isinstance(value, SequenceValue)
                part = value.items[index]
            else:
                part = Item(value.span, value, None if starred else index)
            inner = element if isinstance(element, cst.StarredElement) else element.value
            made += self.bind(inner, part, statement, kind)
        return made

    def _target_path(self, target: cst.CSTNode) -> str | None:
        if isinstance(target, cst.Name):
            return "self" if target.value == self._self_name() else target.value
        if isinstance(target, (cst.Attribute, cst.Subscript)):
            return path_of(self._expressions.lower(target))
        return None

    def _bind_path(self, path: str, value: Value, span: Span, target: Span, kind: BindingKind) -> int:
        binding = Binding(len(self.tree.bindings), path, self._scope.id, kind, value, span, target, self._guards)
        self.tree.bindings.append(binding)
        for stale in [known for known in self._environment if known.startswith((path + ".", path + "["))]:
            del self._environment[stale]
        self._environment[path] = (binding.id,)
        for scope in {owner.id: owner for owner in self._owners(path)}.values():
            scope.bindings.setdefault(path, []).append(binding.id)
        return binding.id

    def _owners(self, path: str) -> Iterator[Scope]:
        yield self._scope
        root = path.split(".", 1)[0].split("[", 1)[0]
        if root == "self" and path != "self":
            owner = self._class_around()
            if owner is not None:
                yield owner
        elif root in self._scope.outer_names:
            outer = self._enclosing_with(root)
            yield outer if outer is not None else self.tree.scopes[0]

    def _class_around(self) -> Scope | None:
        scope: Scope | None = self._scope
        while scope is not None:
            if scope.kind == "class":
                return scope
            scope = self.tree.scopes[scope.parent] if scope.parent is not None else None
        return None

    def _enclosing_with(self, name: str) -> Scope | None:
        parent = self._scope.parent
        while parent is not None:
            scope = self.tree.scopes[parent]
            if name in scope.bindings and scope.kind != "class":
                return scope
            parent = scope.parent
        return None

    def _outer_import(self, name: str) -> str | None:
        """The full name if an enclosing scope binds this name by imports alone, else None."""
        scope = self._scope if name in self._scope.bindings else self._enclosing_with(name)
        if scope is None or scope is self._scope:
            return None
        bound = [self.tree.bindings[index] for index in scope.bindings[name]]
        names = [item.value.name for item in bound if isinstance(item.value, Global)]
        return names[-1] if names and len(names) == len(bound) else None

    def _self_name(self) -> str | None:
        """What the methods around this place call their object."""
        scope = self._scope
        while scope.parent is not None:
            parent = self.tree.scopes[scope.parent]
            if parent.kind == "class" and scope.kind == "function":
                return scope.self_name
            scope = parent
        return None

    # -- scopes --------------------------------------------------------------------------------

    def _new_scope(
        self,
        kind: Literal["module", "class", "function", "lambda"],
        name: str,
        parent: int | None,
        node: cst.CSTNode,
        header: Span,
    ) -> Scope:
        around = self.tree.scopes[parent].symbol if parent is not None else ""
        symbol = f"{around}.{name}" if around else name
        scope = Scope(len(self.tree.scopes), kind, name, symbol, parent, self.positions.span(node), header)
        if parent is not None:
            scope.guards = self._guards
        self.tree.scopes.append(scope)
        return scope

    def _parameters(self, node: cst.Parameters) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        for parameter in (*node.posonly_params, *node.params, *node.kwonly_params):
            default = self._expressions.lower(parameter.default) if parameter.default is not None else None
            found.append(Parameter(self.positions.span(parameter.name), parameter.name.value, default))
        return tuple(found)

    def lower(self) -> ModuleTree:
        """Lower the module body, then every function body that was met."""
        self._suite(self._module.body)
        while self._pending:
            pending = self._pending.popleft()
            self._scope = self.tree.scopes[pending.scope]
            self._guards, self._blocks, self._loops = (), (), 0
            self._environment = {}
            for parameter in self._scope.parameters:
                name = "self" if parameter.name == self._self_name() else parameter.name
                self._bind_path(name, parameter, parameter.span, parameter.span, "parameter")
            self._bind_variadic(pending.parameters)
            if isinstance(pending.body, cst.BaseSuite):
                self._suite(_statements_of(pending.body))
            else:
                value = self._expressions.lower(pending.body)
                self._scope.returns.append(value)
                self._record("return", value, pending.body)
        return self.tree

    def _bind_variadic(self, node: cst.Parameters) -> None:
        for star in (node.star_arg, node.star_kwarg):
            if isinstance(star, cst.Param):
                span = self.positions.span(star.name)
                self._bind_path(star.name.value, Opaque(span, "variadic"), span, span, "parameter")

    # -- statements ----------------------------------------------------------------------------

    def _record(self, kind: str, value: Value, node: cst.CSTNode, bindings: Sequence[int] = ()) -> None:
        span = self.positions.span(node)
        index = len(self.tree.statements)
        self.tree.statements.append(
            Statement(
                index, kind, value, self._scope.id, span, self._guards, self._blocks, self._loops, tuple(bindings)
            )
        )
        self._scope.statements.append(index)
        if self._scope.first_statement is None:
            self._scope.first_statement = span

    def _suite(self, body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> bool:
        """Lower statements in order; True if control never falls off the end."""
        saved = self._guards
        for node in body:
            ended = self._statement(node)
            if ended is True:
                self._guards = saved
                return True
            if isinstance(ended, Guard):
                self._guards = (*self._guards, ended)
        self._guards = saved
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
        self._record("expression", self._expressions.lower(node.value), node)

    def _lower_Assign(self, node: cst.Assign) -> None:  # noqa: N802
        value = self._expressions.lower(node.value)
        made: list[int] = []
        for target in node.targets:
            made += self.bind(target.target, value, node, "assign")
        self._record("assign", value, node, made)

    def _lower_AnnAssign(self, node: cst.AnnAssign) -> None:  # noqa: N802
        if node.value is not None:
            value = self._expressions.lower(node.value)
            self._record("assign", value, node, self.bind(node.target, value, node, "assign"))

    def _lower_AugAssign(self, node: cst.AugAssign) -> None:  # noqa: N802
        before = self._expressions.lower(node.target)
        operand = self._expressions.lower(node.value)
        value = Op(self.positions.span(node), operator(node.operator), (before, operand))
        self._record("augmented", value, node, self.bind(node.target, value, node, "augmented"))

    def _lower_Return(self, node: cst.Return) -> bool:  # noqa: N802
        if node.value is not None:
            value = self._expressions.lower(node.value)
            self._scope.returns.append(value)
            self._record("return", value, node)
        return True

    def _lower_Raise(self, node: cst.Raise) -> bool:  # noqa: N802
        if node.exc is not None:
            self._record("raise", self._expressions.lower(node.exc), node)
        return True

    def _lower_Continue(self, node: cst.Continue) -> bool:  # noqa: N802
        return True

    def _lower_Break(self, node: cst.Break) -> bool:  # noqa: N802
        return True

    def _lower_Assert(self, node: cst.Assert) -> None:  # noqa: N802
        self._record("assert", self._expressions.lower(node.test), node)

    def _lower_Del(self, node: cst.Del) -> None:  # noqa: N802
        self._record("delete", self._expressions.lower(node.target), node)

    def _lower_Global(self, node: cst.Global | cst.Nonlocal) -> None:  # noqa: N802
        self._scope.outer_names.update(item.name.value for item in node.names)

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
            self.tree.imports.setdefault(f"{module}.*", self.positions.span(node))
            return
        for alias in node.names:
            name = _dotted(alias.name)
            bound = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else name
            self._import(f"{module}.{name}", bound, f"{module}.{name}", node)

    def _import(self, full: str, name: str, bound: str, node: cst.CSTNode) -> None:
        span = self.positions.span(node)
        self.tree.imports.setdefault(full, span)
        self._bind_path(name, Global(span, bound), span, span, "import")

    def _lower_If(self, node: cst.If) -> bool | Guard | None:  # noqa: N802
        test = self._expressions.lower(node.test)
        self._record("test", test, node.test)
        before = dict(self._environment)
        ended_body = self._under(Guard(test, True), lambda: self._suite(_statements_of(node.body)))
        after_body, self._environment = self._environment, before
        ended_else = False
        if isinstance(node.orelse, cst.If):
            ended_else = bool(self._under(Guard(test, False), lambda: self._statement(node.orelse or node) is True))
        elif node.orelse is not None:
            body = _statements_of(node.orelse.body)
            ended_else = self._under(Guard(test, False), lambda: self._suite(body))
        if ended_else and not ended_body:
            self._environment = after_body
            return Guard(test, True)
        if not ended_body:
            self._environment = _join(after_body, self._environment)
            return None
        return True if ended_else else Guard(test, False)

    def _under(self, guard: Guard, lower: Any) -> bool:
        saved = self._guards
        self._guards = (*saved, guard)
        result = bool(lower())
        self._guards = saved
        return result

    def _lower_For(self, node: cst.For) -> None:  # noqa: N802
        iterated = self._expressions.lower(node.iter)
        self._record("loop", iterated, node.iter)

        def once() -> None:
            self.bind(node.target, Item(iterated.span, iterated, None), node.target, "loop")
            self._suite(_statements_of(node.body))

        self._loop(once)
        if node.orelse is not None:
            self._suite(_statements_of(node.orelse.body))

    def _lower_While(self, node: cst.While) -> None:  # noqa: N802
        test = self._expressions.lower(node.test)
        self._record("test", test, node.test)
        self._loop(lambda: self._under(Guard(test, True), lambda: self._suite(_statements_of(node.body))))
        if node.orelse is not None:
            self._suite(_statements_of(node.orelse.body))

    def _loop(self, once: Any) -> None:
        before = dict(self._environment)
        self._loops += 1
        if self._loops <= _LOOP_DEPTH:
            undo = self._checkpoint()
            once()
            carried = self._environment
            undo()
            self._environment = _join(before, carried)
        once()
        self._loops -= 1
        self._environment = _join(before, self._environment)

    def _checkpoint(self) -> Any:
        """A function that forgets everything recorded since; the next round gives the same ids again."""
        tree = self.tree
        lists: list[list[Any]] = [tree.scopes, tree.bindings, tree.statements, tree.blocks, tree.calls, tree.call_sites]
        lengths = [len(items) for items in lists]
        pending = len(self._pending)

        def undo() -> None:
            for items, length in zip(lists, lengths, strict=True):
                del items[length:]
            while len(self._pending) > pending:
                self._pending.pop()
            bindings, statements, calls = lengths[1], lengths[2], lengths[4]
            for scope in tree.scopes:
                for path in list(scope.bindings):
                    scope.bindings[path] = [index for index in scope.bindings[path] if index < bindings]
                    if not scope.bindings[path]:
                        del scope.bindings[path]
                del scope.calls[len([call for call in scope.calls if call.id < calls]) :]
                del scope.statements[len([index for index in scope.statements if index < statements]) :]
            del self._scope.returns[self._returns_before(lengths[2]) :]

        return undo

    def _returns_before(self, statements: int) -> int:
        kept = [index for index in self._scope.statements if index < statements]
        return sum(self.tree.statements[index].kind == "return" for index in kept)

    def _lower_Try(self, node: cst.Try | cst.TryStar) -> bool:  # noqa: N802
        before = dict(self._environment)
        ended = self._suite(_statements_of(node.body))
        after = self._environment
        if node.orelse is not None:
            ended = self._suite(_statements_of(node.orelse.body)) or ended
            after = self._environment
        paths = [] if ended else [after]
        for handler in node.handlers:
            self._environment = _join(before, after)
            if not self._suite(_statements_of(handler.body)):
                paths.append(self._environment)
        self._environment = _join(*paths) if paths else _join(before, after)
        if node.finalbody is not None and self._suite(_statements_of(node.finalbody.body)):
            return True
        return not paths

    _lower_TryStar = _lower_Try  # noqa: N815

    def _lower_With(self, node: cst.With) -> bool:  # noqa: N802
        saved = self._blocks
        opened: list[tuple[int, Value, Span]] = []
        for item in node.items:
            context = self._expressions.lower(item.item)
            self._record("with", context, item)
            if item.asname is not None:
                self.bind(item.asname.name, context, item, "with")
            block_id = len(self.tree.blocks)
            header = self.positions.span(node)
            inner = self.positions.span(node.body)
            self.tree.blocks.append(Block(block_id, self._scope.id, context, header, inner, range(0), self._guards))
            opened.append((block_id, context, header))
            self._blocks = (*self._blocks, block_id)
        first = len(self.tree.statements)
        ended = self._suite(_statements_of(node.body))
        for block_id, context, header in opened:
            body = range(first, len(self.tree.statements))
            inner = self.positions.span(node.body)
            self.tree.blocks[block_id] = Block(block_id, self._scope.id, context, header, inner, body, self._guards)
        self._blocks = saved
        return ended

    def _lower_Match(self, node: cst.Match) -> None:  # noqa: N802
        self._record("test", self._expressions.lower(node.subject), node.subject)
        before = dict(self._environment)
        paths = [before]
        for case in node.cases:
            self._environment = dict(before)
            if not self._suite(_statements_of(case.body)):
                paths.append(self._environment)
        self._environment = _join(*paths)

    def _lower_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
        decorators = tuple(self._expressions.lower(decorator.decorator) for decorator in node.decorators)
        parameters = self._parameters(node.params)
        header = self.positions.span(node.name)
        scope = self._new_scope("function", node.name.value, self._scope.id, node, header)
        scope.decorators, scope.parameters = decorators, parameters
        plain = (*node.params.posonly_params, *node.params.params, *node.params.kwonly_params)
        scope.last_parameter = self.positions.span(plain[-1]) if plain else None
        scope.has_kwargs = node.params.star_kwarg is not None
        self._pending.append(_Pending(scope.id, node.params, node.body, {}))
        span = self.positions.span(node)
        self._bind_path(node.name.value, Definition(span, scope.id), span, header, "definition")

    def _lower_ClassDef(self, node: cst.ClassDef) -> None:  # noqa: N802
        decorators = tuple(self._expressions.lower(decorator.decorator) for decorator in node.decorators)
        bases = tuple(self._expressions.lower(base.value) for base in node.bases)
        span, header = self.positions.span(node), self.positions.span(node.name)
        scope = self._new_scope("class", node.name.value, self._scope.id, node, header)
        scope.decorators, scope.bases = decorators, bases
        self._bind_path(node.name.value, Definition(span, scope.id), span, header, "definition")
        outer, environment, blocks = self._scope, self._environment, self._blocks
        self._scope, self._environment, self._blocks = scope, dict(environment), ()
        self._suite(_statements_of(node.body))
        self._scope, self._environment, self._blocks = outer, environment, blocks


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
