"""What is known while a module is lowered: the environment, the open scopes, and everything recorded so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, TypeVar

from bnlint.analysis.code.positions import Positions
from bnlint.analysis.code.scopes import Binding, BindingKind, Block, Guard, ModuleTree, Scope, Statement
from bnlint.analysis.code.values import BEFORE, Attribute, Call, Const, Global, Read, Subscript, Value, path_of
from bnlint.span import Span

Environment = dict[str, tuple[int, ...]]
_PART = re.compile(r"[.\[]")
Thing = TypeVar("Thing")


class Builder:
    """Records bindings, statements and calls in the scope, guards and blocks that are open.

    environment: for each place, the ids of the bindings that reach the current point.
    tree: what is recorded already; the text is then that of all of it.
    """

    def __init__(self, text: str, tree: ModuleTree | None = None) -> None:
        self.positions = Positions(text)
        self.tree = tree or ModuleTree()
        self.tree.lines = self.positions.lines
        self.environment: Environment = {}
        self.guards: tuple[Guard, ...] = ()
        self.blocks: tuple[int, ...] = ()
        self.loops = 0
        # The places that are parts of another: ``s['m']`` and ``s.m`` of ``s``.
        self._parts: dict[str, set[str]] = {}
        # In the first round of a loop: every list that was appended to, in order, so that the round can be forgotten.
        self._journal: list[list[Any]] = []
        self._rounds = 0
        # What the methods around the current scope call their object.
        self.object_name: str | None = None
        self.scope = self.new_scope("module", "", None, self.positions.whole, self.positions.whole)

    def add(self, items: list[Thing], item: Thing) -> None:
        """Append in a way that `checkpoint` can undo."""
        items.append(item)
        if self._rounds:
            self._journal.append(items)

    def checkpoint(self) -> Callable[[], None]:
        """A function that forgets everything recorded since; what is recorded then gets the same ids again."""
        mark = len(self._journal)
        self._rounds += 1

        def undo() -> None:
            self._rounds -= 1
            while len(self._journal) > mark:
                self._journal.pop().pop()

        return undo

    def read(self, span: Span, name: str) -> Value:
        """A name that is read: an import, or a place with the definitions that reach it."""
        if name == self.object_name:
            name = "self"
        reaching = self.environment.get(name, ())
        able = reaching if len(reaching) < 2 else [index for index in reaching if not self._is_missing(index)]
        if len(able) == 1 and self._is_recorded(able[0]):
            bound = self.tree.bindings[able[0]]
            # Under an ``if``, None is a choice; elsewhere it stands in for what could not be imported.
            is_choice = bound.kind == "assign" and bound.guards and len(reaching) > 1
            if isinstance(bound.value, Global) and bound.kind in ("import", "assign") and not is_choice:
                return Global(span, bound.value.name)
        if not reaching or reaching == (BEFORE,):
            imported = self._outer_import(name)
            if imported is not None:
                return Global(span, imported)
        return Read(span, name, self.scope.id, reaching)

    def read_path(self, span: Span, made: Attribute | Subscript) -> Value:
        """An attribute or item that is read: a `Read` if it is a tracked place, else as it was made."""
        path = path_of(made)
        if path is None:
            return made
        reaching = self.environment.get(path, ())
        if reaching or (path.startswith("self.") and path.count(".") == 1 and "[" not in path):
            return Read(span, path, self.scope.id, reaching, made if BEFORE in reaching else None)
        return made

    def record_call(
        self, span: Span, callee: Value, args: tuple[Value, ...], keywords: tuple[tuple[str | None, Value], ...]
    ) -> Call:
        """A call, kept with the scope, guards, blocks and loops it stands in."""
        call = Call(span, len(self.tree.calls), callee, args, keywords)
        self.add(self.tree.calls, call)
        self.add(self.tree.call_sites, (self.scope.id, self.guards, self.blocks, self.loops))
        self.add(self.scope.calls, call)
        return call

    @contextmanager
    def private_environment(self) -> Generator[None]:
        """Definitions made inside (a comprehension's targets) are forgotten afterwards."""
        saved = dict(self.environment)
        yield
        self.environment = saved

    def forget_environment(self) -> None:
        """Start a body in which nothing is known to be bound."""
        self.environment = {}
        self._parts = {}

    def bind_path(self, path: str, value: Value, span: Span, target: Span, kind: BindingKind) -> int:
        """Bind a place; what was known of its parts is forgotten. Returns the id of the binding."""
        binding = Binding(len(self.tree.bindings), path, self.scope.id, kind, value, span, target, self.guards)
        self.add(self.tree.bindings, binding)
        for part in self._parts.get(path, ()):
            self.environment.pop(part, None)
        self.environment[path] = (binding.id,)
        ends = [end.start() for end in _PART.finditer(path)] if not path.isidentifier() else ()
        for end in ends:
            self._parts.setdefault(path[:end], set()).add(path)
        self.add(self.scope.bindings.setdefault(path, []), binding.id)
        owner = self._other_owner(path[: ends[0]] if ends else path, path)
        if owner is not None and owner is not self.scope:
            self.add(owner.bindings.setdefault(path, []), binding.id)
        return binding.id

    def _other_owner(self, root: str, path: str) -> Scope | None:
        """The scope that has a place, if that is not the one which binds it: a class, or where ``global`` looks."""
        if root == "self" and path != "self":
            return self._class_around()
        if root in self.scope.outer_names:
            outer = self._enclosing_with(root)
            return outer if outer is not None else self.tree.scopes[0]
        return None

    def _class_around(self) -> Scope | None:
        scope: Scope | None = self.scope
        while scope is not None:
            if scope.kind == "class":
                return scope
            scope = self.tree.scopes[scope.parent] if scope.parent is not None else None
        return None

    def _enclosing_with(self, name: str) -> Scope | None:
        parent = self.scope.parent
        while parent is not None:
            scope = self.tree.scopes[parent]
            if name in scope.bindings and scope.kind != "class":
                return scope
            parent = scope.parent
        return None

    def _is_missing(self, index: int) -> bool:
        """Whether a binding is ``None``, as for a module that could not be imported."""
        value = self.tree.bindings[index].value if self._is_recorded(index) else None
        return isinstance(value, Const) and value.value is None

    def _is_recorded(self, index: int) -> bool:
        """Whether a binding is known; what a loop's previous round leaves is not until it is met again."""
        return BEFORE < index < len(self.tree.bindings)

    def _outer_import(self, name: str) -> str | None:
        """The full name if an enclosing scope binds this name by imports alone, else None."""
        scope = self.scope if name in self.scope.bindings else self._enclosing_with(name)
        if scope is None or scope is self.scope:
            return None
        bound = [self.tree.bindings[index] for index in scope.bindings[name] if not self._is_missing(index)]
        names = [item.value.name for item in bound if isinstance(item.value, Global)]
        return names[-1] if names and len(names) == len(bound) else None

    def enter(self, scope: Scope) -> None:
        """Go on in a scope."""
        self.scope, self.object_name = scope, self._object_in(scope)

    def _object_in(self, scope: Scope) -> str | None:
        while scope.parent is not None:
            parent = self.tree.scopes[scope.parent]
            if parent.kind == "class" and scope.kind == "function":
                return scope.self_name
            scope = parent
        return None

    def new_scope(
        self,
        kind: Literal["module", "class", "function", "lambda"],
        name: str,
        parent: int | None,
        span: Span,
        header: Span,
    ) -> Scope:
        """Open a scope inside ``parent``; the caller makes it the current one when its body is lowered."""
        around = self.tree.scopes[parent].symbol if parent is not None else ""
        symbol = f"{around}.{name}" if around else name
        scope = Scope(len(self.tree.scopes), kind, name, symbol, parent, span, header)
        if parent is not None:
            scope.guards = self.guards
            scope.in_class = self.tree.scopes[parent].kind == "class"
        self.add(self.tree.scopes, scope)
        return scope

    def record(self, kind: str, value: Value, span: Span, bindings: Sequence[int] = ()) -> None:
        """Record a statement, or the head of one."""
        index = len(self.tree.statements)
        place = (self.scope.id, span, self.guards, self.blocks, self.loops)
        self.add(self.tree.statements, Statement(index, kind, value, *place, tuple(bindings)))
        self.add(self.scope.statements, index)
        if kind == "return":
            self.add(self.scope.returns, value)
        if self.scope.first_statement is None:
            self.scope.first_statement = span

    def open_block(self, context: Value, span: Span, inside: Span) -> int:
        """Record a ``with`` item; its statements are known when it is closed."""
        block = Block(len(self.tree.blocks), self.scope.id, context, span, inside, range(0), self.guards)
        self.add(self.tree.blocks, block)
        return block.id

    def close_block(self, block: int, statements: range) -> None:
        """Note which statements stand under a ``with`` item."""
        self.tree.blocks[block] = replace(self.tree.blocks[block], statements=statements)
