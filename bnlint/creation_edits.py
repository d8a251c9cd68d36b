"""Edits that move the creation of layers and statistics to where it is done once."""

from __future__ import annotations

from collections.abc import Sequence

from bnlint.analysis.code.scopes import Binding, Scope, Statement
from bnlint.analysis.code.values import Attribute, Call, Global, Read, path_of, walk
from bnlint.analysis.code.values import Sequence as Display
from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.module_facts.layers import Layer
from bnlint.analysis.module_facts.statistics import Statistic
from bnlint.edits import before, replaced, safe, swapped_text, to_assign_call
from bnlint.findings import Edit, Fix
from bnlint.frozen import dataclass
from bnlint.graph_edits import stands_alone
from bnlint.span import Span


def made_once(module: ModuleFacts, layer: Layer) -> Fix | None:
    """Make a layer in ``__init__`` of the class whose method makes it and calls it right there.

    None where its options depend on what the method is given, or the class has no ``__init__`` of its own to add to.
    """
    owner = module.flow.class_of(layer.scope)
    called = module.flow.parent(layer.creation)
    if owner is None or not isinstance(called, Call) or called.callee is not layer.creation:
        return None
    made = next((s for s in module.scopes if s.parent == owner.id and s.name == "__init__"), None)
    this = module.scopes[layer.scope].self_name
    if made is None or this is None or made.self_name != this or not _is_fixed(layer.creation, this):
        return None
    text, name = module.text(layer.creation.span), _free_name(module, owner, this)
    line = _line_at_end(module, made, f"{this}.{name} = {text}")
    if line is None or "\n" in text:
        return None
    return safe("make the layer once", line, replaced(layer.creation.span, f"{this}.{name}"))


def _is_fixed(creation: Call, this: str) -> bool:
    """Whether the options mean the same in every method: literals, names of the module's, attributes."""
    return all(
        isinstance(part, Global) or part.path.startswith(f"{this}.")
        for value in creation.given
        for part in walk(value)
        if isinstance(part, (Read, Global))
    )


def _free_name(module: ModuleFacts, owner: Scope, this: str) -> str:
    text = module.text(owner.span)
    wanted = ("batch_norm", *(f"batch_norm_{i}" for i in range(2, 99)))
    return next(name for name in wanted if f"{this}.{name}" not in text)


def _line_at_end(module: ModuleFacts, function: Scope, code: str) -> Edit | None:
    last, first = module.last_statement(function.id), function.first_statement
    if last is None or first is None or last.span.column != first.column or not stands_alone(module, last):
        return None
    if last.kind == "return":
        return None
    row = last.span.end_row + 1
    return Edit(Span(row, 1, row, 1), f"{' ' * (first.column - 1)}{code}\n")


def kept_on_object(module: ModuleFacts) -> dict[int, Fix]:
    """Fixes, by call id, that let objects keep the statistics which one of their methods makes at every call.

    In ``call`` of a Keras layer all go to ``build`` together, as weights. In other classes each is made where it is
    made now, but once. None for functions, which have no object to keep anything on. Where the method binds the name
    to a new value, the same fix assigns that, since neither would help without the other.
    """
    fixes: dict[int, Fix] = {}
    by_scope: dict[int, list[_Kept]] = {}
    for statistic in filter(module.is_per_call, module.statistics):
        kept = _kept(module, statistic)
        if kept is None:
            continue
        if any(each.scope is kept.owner for each in module.keras_classes):
            by_scope.setdefault(statistic.scope, []).append(kept)
        else:
            header = f'if not hasattr({kept.this}, "{kept.name}"):\n{" " * (kept.statement.span.column + 3)}'
            made_once = before(kept.statement.span, header)
            fixes[statistic.call.id] = safe(f"make `{kept.place}` once", made_once, *kept.renamed(), *kept.assigned)
    for scope, group in by_scope.items():
        fix = _moved_to_build(module, module.scopes[scope], group)
        if fix is not None:
            fixes |= {kept.statistic.call.id: fix for kept in group}
    return fixes


@dataclass(frozen=True, slots=True)
class _Kept:
    """A statistic that a method makes in a statement of its own; ``name``: the attribute that is to hold it.

    reads: of the local name. assigned: edits of the statements that bind it again.
    """

    statistic: Statistic
    statement: Statement
    binding: Binding
    owner: Scope
    this: str
    name: str
    reads: tuple[Span, ...]
    assigned: tuple[Edit, ...]

    @property
    def place(self) -> str:
        return f"{self.this}.{self.name}"

    def renamed(self, with_target: bool = True) -> list[Edit]:
        """What used a local name is to use the attribute."""
        if self.binding.path == self.place:
            return []
        places = (*self.reads, self.binding.target) if with_target else self.reads
        return [replaced(place, self.place) for place in places]


def _kept(module: ModuleFacts, statistic: Statistic) -> _Kept | None:
    scope, statement = module.scopes[statistic.scope], module.flow.statement(statistic.call)
    owner = module.scopes[scope.parent] if scope.parent is not None else None
    if owner is None or owner.kind != "class" or scope.self_name is None or statement is None:
        return None
    if statement.kind != "assign" or len(statement.bindings) != 1 or not stands_alone(module, statement):
        return None
    binding = module.flow.tree.bindings[statement.bindings[0]]
    this, path = scope.self_name, binding.path
    name = path.removeprefix(f"{this}.")
    again = [each.binding for each in module.rebindings if statistic in each.statistics]
    bound = [each for each in module.flow.tree.bindings if each.path == path and each.scope == scope.id]
    assigns = [to_assign_call(module, each, "assign", keep_name=False, place=f"{this}.{name}") for each in again]
    taken = path != f"{this}.{name}" and f"{this}.{name}" in module.text(owner.span)
    one_row = statement.span.row == statement.span.end_row
    if binding.value is not statistic.call or not name.isidentifier() or taken or not one_row:
        return None
    if [each.id for each in bound] != [binding.id, *(each.id for each in again)] or None in assigns:
        return None
    if any(each.kind != "assign" for each in again):
        return None
    reads = {read.span for each in bound for read in module.flow.readers(each)}
    edits = tuple(edit for each in assigns if each is not None for edit in each.edits)
    return _Kept(statistic, statement, binding, owner, this, name, tuple(sorted(reads)), edits)


def _moved_to_build(module: ModuleFacts, call: Scope, group: Sequence[_Kept]) -> Fix | None:
    """Make statistics as weights in ``build``, which is added if the class has none."""
    first, owner = group[0], group[0].owner
    if call.name != "call" or len(call.parameters) < 2:
        return None
    build = next((s for s in module.scopes if s.parent == owner.id and s.name == "build"), None)
    if build is not None and (len(build.parameters) < 2 or build.self_name != first.this):
        return None
    given = "input_shape" if build is None else build.parameters[1].name
    lines = [_as_weight(module, kept, call.parameters[1].name, given) for kept in group]
    if any(line is None for line in lines):
        return None
    made = [line for line in lines if line is not None]
    indent = " " * (call.span.column - 1)
    if build is None:
        body = "".join(f"{indent}    {line}\n" for line in made)
        ahead = Span(call.span.row, 1, call.span.row, 1)
        edit: Edit | None = Edit(ahead, f"{indent}def build({first.this}, {given}):\n{body}\n")
    else:
        edit = _line_at_end(module, build, f"\n{indent}    ".join(made))
    if edit is None:
        return None
    gone = [Edit(Span(kept.statement.span.row, 1, kept.statement.span.row + 1, 1), "") for kept in group]
    used = [each for kept in group for each in (*kept.renamed(with_target=False), *kept.assigned)]
    return safe("make them once, in `build`", edit, *gone, *used)


def _as_weight(module: ModuleFacts, kept: _Kept, batch: str, shape_name: str) -> str | None:
    """The statement that makes a statistic as a weight; None where ``build`` does not know what it needs."""
    creation = module.creation(kept.statistic)
    initial = {0.0: "zeros", 1.0: "ones"}.get(creation.initial) if creation.initial is not None else None
    size = creation.shape_value
    if initial is None or size is None or creation.dtype is not None or kept.statistic.trainable:
        return None
    shapes = [part for part in walk(size) if isinstance(part, Attribute) and path_of(part) == f"{batch}.shape"]
    inside = {id(part) for shape in shapes for part in walk(shape)}
    if any(
        isinstance(part, Read) and not part.path.startswith(f"{kept.this}.") and id(part) not in inside
        for part in walk(size)
    ):
        return None
    text = swapped_text(module, size.span, [(shape.span, shape_name) for shape in shapes])
    shape = text if isinstance(size, Display) else f"({text},)"
    span = kept.statement.span
    comment = module.line(span.end_row)[span.end_column - 1 :].rstrip()
    return f'{kept.place} = {kept.this}.add_weight(shape={shape}, initializer="{initial}", trainable=False){comment}'
