"""Edits that put the building of graph ops into another order or under a control dependency."""

from __future__ import annotations

from collections.abc import Iterable

from bnlint.analysis.code.scopes import Statement
from bnlint.analysis.code.values import Call, Read, Sequence, Value
from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.module_facts.updates import Update
from bnlint.edits import after, before, below, replaced, safe, swapped_text
from bnlint.findings import Edit, Fix
from bnlint.fixes import indent_unit
from bnlint.span import Span


def under_control_dependencies(module: ModuleFacts, call: Call, waits_for: str) -> Fix | None:
    """Build the statement of a call under ``with waits_for:``; None if it shares its rows with something else."""
    statement = module.flow.statement(call)
    if statement is None or not stands_alone(module, statement):
        return None
    rows = range(statement.span.row, statement.span.end_row + 1)
    first = statement.span.column - 1
    unit = indent_unit(module.flow.tree.lines.text)
    inner = [Edit(Span(row, 1, row, 1), unit) for row in rows[1:] if module.line(row).strip()]
    header = f"with {waits_for}:\n{' ' * first}    "
    return safe("run the updates with the train op", before(statement.span, header), *inner)


def stands_alone(module: ModuleFacts, statement: Statement) -> bool:
    """Whether the rows of a statement hold nothing else but a comment, so that they can be moved or indented."""
    span = statement.span
    ahead, rest = module.line(span.row)[: span.column - 1], module.line(span.end_row)[span.end_column - 1 :].strip()
    text = module.text(span)
    whole = ahead.strip() == "" and (rest == "" or rest.startswith("#"))
    return whole and "\t" not in ahead and '"""' not in text and "'''" not in text and "\\\n" not in text


def _with_comment(module: ModuleFacts, statement: Statement) -> str:
    """A statement that stands alone, and the comment behind it."""
    span = statement.span
    return module.text(span._replace(end_column=len(module.line(span.end_row)) + 1)).rstrip()


def _put_in_place(module: ModuleFacts, moved: Statement, of: Statement) -> Edit:
    """Put a moved statement, with its comment, in the place of another one, whose own comment stays."""
    code = _with_comment(module, moved)
    comment = code[len(module.text(moved.span)) :].strip()
    if comment and _with_comment(module, of) != module.text(of.span):
        code = f"{comment}\n{' ' * (of.span.column - 1)}{module.text(moved.span)}"
    return replaced(of.span, code)


def swapped_into_block(module: ModuleFacts, inside: Statement, call: Call) -> Fix | None:
    """Put the statement of a call, which stands right below a block, into it in place of the only one there."""
    below = module.flow.statement(call)
    if (
        below is None
        or below.scope != inside.scope
        or not (stands_alone(module, inside) and stands_alone(module, below))
    ):
        return None
    one_row = inside.span.row == inside.span.end_row and below.span.row == below.span.end_row
    between = [module.line(row).strip() for row in range(inside.span.end_row + 1, below.span.row)]
    if not one_row or any(between) or below.span.column >= inside.span.column:
        return None
    gone = Edit(Span(below.span.row, 1, below.span.row + 1, 1), "")
    return safe("let the train op wait for the updates", _put_in_place(module, below, inside), gone)


def moved_into_block(module: ModuleFacts, inside: Statement) -> Fix | None:
    """Build what ``name = name`` in a block hands on in its place, if the block is the first to ask for it."""
    bound = module.flow.definitions(inside.value) if isinstance(inside.value, Read) else ()
    names = [module.flow.tree.bindings[index].path for index in inside.bindings]
    if len(bound) != 1 or names != [bound[0].path] or not isinstance(bound[0].value, Call):
        return None
    made = module.flow.statement(bound[0].value)
    if (
        made is None
        or made.scope != inside.scope
        or made.guards != inside.guards
        or not (stands_alone(module, made) and stands_alone(module, inside))
    ):
        return None
    readers = [module.flow.statement(read) for read in module.flow.readers(bound[0])]
    one_row = made.span.row == made.span.end_row and inside.span.row == inside.span.end_row
    if not one_row or any(reader is None or reader.index != inside.index for reader in readers):
        return None
    gone = Edit(Span(made.span.row, 1, made.span.row + 1, 1), "")
    return safe("build it in the block", gone, _put_in_place(module, made, inside))


def moved_to_first_use(module: ModuleFacts, call: Call) -> Fix | None:
    """Move ``name = call`` down to the statement that reads the name first, if that stands in the same block."""
    statement = module.flow.statement(call)
    if statement is None or statement.kind != "assign" or len(statement.bindings) != 1:
        return None
    if not stands_alone(module, statement) or statement.span.row != statement.span.end_row:
        return None
    binding = module.flow.tree.bindings[statement.bindings[0]]
    uses = [module.flow.statement(read) for read in module.flow.readers(binding)]
    first = min((use for use in uses if use is not None), key=lambda use: use.index, default=None)
    if first is None or (first.scope, first.guards, first.blocks) != (
        statement.scope,
        statement.guards,
        statement.blocks,
    ):
        return None
    line = " " * (statement.span.column - 1) + _with_comment(module, statement) + "\n"
    gone = Edit(Span(statement.span.row, 1, statement.span.row + 1, 1), "")
    return safe("read the collection when it is full", gone, Edit(Span(first.span.row, 1, first.span.row, 1), line))


def under_flag(module: ModuleFacts, calls: Iterable[Call]) -> dict[int, Fix]:
    """Fixes, by call id, that put updates under ``if training:``, neighbours into one block."""
    fixes: dict[int, Fix] = {}
    group: list[tuple[Call, Statement]] = []
    found = [(call, statement) for call in calls if (statement := module.flow.statement(call)) is not None]
    for call, statement in sorted(found, key=lambda each: each[1].span):
        if not stands_alone(module, statement) or statement.kind != "expression":
            continue
        if group and not _follows(group[-1][1], statement):
            fixes |= _one_block(module, group)
            group = []
        group.append((call, statement))
    return fixes | (_one_block(module, group) if group else {})


def _follows(one: Statement, other: Statement) -> bool:
    same_block = (one.scope, one.guards, one.blocks) == (other.scope, other.guards, other.blocks)
    return same_block and other.span.row == one.span.end_row + 1 and other.span.column == one.span.column


def _one_block(module: ModuleFacts, group: list[tuple[Call, Statement]]) -> dict[int, Fix]:
    first, last = group[0][1].span, group[-1][1].span
    flag = module.phases.flag_parameter(module.scopes[group[0][1].scope])
    if flag is None:
        return {}
    header = f"if {flag.name}:\n{' ' * (first.column + 3)}"
    rows = [row for row in range(first.row + 1, last.end_row + 1) if module.line(row).strip()]
    unit = indent_unit(module.flow.tree.lines.text)
    inner = [Edit(Span(row, 1, row, 1), unit) for row in rows]
    fix = safe("update in training only", before(first, header), *inner)
    return {call.id: fix for call, _ in group}


def returned_under(module: ModuleFacts, call: Call) -> Fix | None:
    """Let the names that the next row returns wait for an op which is now an expression statement."""
    statement = module.flow.statement(call)
    if statement is None or statement.kind != "expression" or not stands_alone(module, statement):
        return None
    control, identity = module.name_in_code("tf.control_dependencies"), module.name_in_code("tf.identity")
    last = module.last_statement(statement.scope)
    if control is None or identity is None or last is None or last.kind != "return":
        return None
    items = last.value.items if isinstance(last.value, Sequence) else (last.value,)
    if last.span.row != statement.span.end_row + 1 or not all(isinstance(item, Read) for item in items):
        return None
    indent = " " * (statement.span.column - 1)
    values = ", ".join(f"{identity}({module.text(item.span)})" for item in items)
    whole = statement.span._replace(end_row=last.span.end_row, end_column=last.span.end_column)
    code = _with_comment(module, statement)
    comment = code.removeprefix(module.text(statement.span))
    text = f"with {control}([{module.text(statement.span)}]):{comment}\n{indent}    return {values}"
    return safe("let what is returned wait for the update", replaced(whole, text))


def built_beside(module: ModuleFacts, update: Update, missing: str, result: str | None) -> tuple[Edit, ...]:
    """Build a second op after that of an update, and have it run by all that runs the first; empty if unclear.

    missing: the code of the second op. Where the first one goes by a name, the second one is called ``result``.
    """
    statement = update.statement
    if module.flow.parent(update.call) is not None:
        running = _run_beside(module, update.call, missing)
        return (running,) if running is not None else ()
    if result is None or statement is None or statement.kind != "assign" or not stands_alone(module, statement):
        return ()
    readers = module.flow.readers(module.flow.tree.bindings[statement.bindings[0]])
    found = [edit for read in readers if (edit := _run_beside(module, read, result)) is not None]
    return (below(module, statement.span, f"{result} = {missing}"), *found) if found else ()


def _run_beside(module: ModuleFacts, op: Value, other: str) -> Edit | None:
    """Run another op where one stands in a list of updates, among those of a ``tf.group`` or is put in a collection."""
    parent, statement = module.flow.parent(op), module.flow.statement(op)
    if isinstance(parent, Sequence) and _lists_updates(module, parent):
        return after(op.span, f", {other}")
    if not isinstance(parent, Call) or statement is None or op not in parent.args:
        return None
    if module.flow.name_of(parent) == "tf.group":
        return after(op.span, f", {other}")
    added = any(add.call is parent and add.value is op for add in module.collections.adds)
    if not added or statement.kind != "expression" or not stands_alone(module, statement):
        return None
    return below(module, statement.span, swapped_text(module, statement.span, [(op.span, other)]))


def _lists_updates(module: ModuleFacts, display: Sequence) -> bool:
    """Whether a display is a list, of updates of statistics and nothing else, so that one more does no harm."""
    updates = {update.call.id for update in module.updates}
    origins = (origin for item in display.items for origin in module.flow.origins(item))
    is_list = module.text(display.span).startswith("[")
    return is_list and all(isinstance(origin, Call) and origin.id in updates for origin in origins)
