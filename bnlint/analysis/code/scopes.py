"""The skeleton of a module as plain data: scopes, bindings, statements, blocks and guards."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from bnlint.analysis.code.lines import Lines
from bnlint.analysis.code.values import Call, Parameter, Value
from bnlint.frozen import dataclass
from bnlint.span import Span

BindingKind = Literal["assign", "augmented", "parameter", "definition", "import", "loop", "with", "other"]


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition under which a statement runs: an ``if`` (or ``while``) test and the side taken."""

    test: Value
    taken: bool


@dataclass(frozen=True, slots=True)
class Binding:
    """One definition of a place. ``value`` is what it then holds; span is the whole statement."""

    id: int
    path: str
    scope: int
    kind: BindingKind
    value: Value
    span: Span
    target: Span
    guards: tuple[Guard, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """Something written into what is no place of its own: ``f(x)[0] = value``, ``array[:] = value``."""

    target: Value
    value: Value
    scope: int
    span: Span


@dataclass(frozen=True, slots=True)
class Block:
    """A ``with`` statement's item and what stands under it; ``statements`` are indices into the module's."""

    id: int
    scope: int
    context: Value
    header: Span
    span: Span
    statements: range
    guards: tuple[Guard, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One simple statement, or the head of a compound one, in program order.

    kind: "expression" (its value is dropped), "assign", "return", "test", "with", "loop", "delete" …
    blocks: the ``with`` blocks around it inside its scope, outermost first.
    loops: how many loops are around it inside its scope.
    """

    index: int
    kind: str
    value: Value
    scope: int
    span: Span
    guards: tuple[Guard, ...]
    blocks: tuple[int, ...]
    loops: int
    bindings: tuple[int, ...] = ()


@dataclass(slots=True)
class Scope:
    """A module, class, function or lambda. ``symbol`` is its dotted name inside the module ("" for the module)."""

    id: int
    kind: Literal["module", "class", "function", "lambda"]
    name: str
    symbol: str
    parent: int | None
    span: Span
    header: Span
    parameters: tuple[Parameter, ...] = ()
    last_parameter: Span | None = None
    has_kwargs: bool = False
    decorators: tuple[Value, ...] = ()
    bases: tuple[Value, ...] = ()
    returns: list[Value] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)
    bindings: dict[str, list[int]] = field(default_factory=dict)
    outer_names: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    guards: tuple[Guard, ...] = ()
    first_statement: Span | None = None
    in_class: bool = False

    @property
    def definition(self) -> Span:
        """From ``def`` or ``class`` to the name."""
        return self.span._replace(end_row=self.header.end_row, end_column=self.header.end_column)

    @property
    def self_name(self) -> str | None:
        """The name of the first parameter, which in a method is the object itself."""
        return self.parameters[0].name if self.kind == "function" and self.parameters else None

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


@dataclass(frozen=True, slots=True)
class Graft:
    """Functions of another file, lowered as if they stood below the module that calls them.

    rows: how many rows of text are above them; names: their scopes, by the full names that they are imported by.
    scopes, calls, statements: how many of each there were before.
    """

    filename: str
    rows: int
    names: dict[str, int]
    scopes: int
    calls: int
    statements: int


@dataclass(slots=True)
class ModuleTree:
    """A module as plain data. Lists are indexed by the ids that values, bindings and blocks carry."""

    scopes: list[Scope] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    call_sites: list[tuple[int, tuple[Guard, ...], tuple[int, ...], int]] = field(default_factory=list)
    imports: dict[str, Span] = field(default_factory=dict)
    lines: Lines = field(default_factory=lambda: Lines(""))
    grafts: tuple[Graft, ...] = ()

    @property
    def own_scopes(self) -> list[Scope]:
        """The scopes that stand in the module itself."""
        return self.scopes[: self.grafts[0].scopes] if self.grafts else self.scopes

    @property
    def own_calls(self) -> list[Call]:
        """The calls that stand in the module itself."""
        return self.calls[: self.grafts[0].calls] if self.grafts else self.calls

    @property
    def own_statements(self) -> list[Statement]:
        """The statements that stand in the module itself."""
        return self.statements[: self.grafts[0].statements] if self.grafts else self.statements

    @property
    def own_text(self) -> str:
        """The text of the module itself."""
        text = self.lines.text
        return text[: self.lines.offset(self.grafts[0].rows + 1, 1)] if self.grafts else text

    def grafted(self, name: str) -> int | None:
        """The scope of a function of another file, by its full name."""
        return next((graft.names[name] for graft in self.grafts if name in graft.names), None)
