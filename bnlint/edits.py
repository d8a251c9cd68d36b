"""Edits that several rules make."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bnlint.analysis.code.arithmetic import number
from bnlint.analysis.code.scopes import Binding, Guard, Scope
from bnlint.analysis.code.values import Call, Op, Read, Value, walk
from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.module_facts.ema import Average
from bnlint.analysis.module_facts.updates import Update
from bnlint.findings import Applicability, Edit, Fix
from bnlint.span import Span

_EQUALS = re.compile(r"\s*([-+*/@%&|^<>]*)=\s*")


def replaced(span: Span, content: str) -> Edit:
    """Replace what stands at ``span``."""
    return Edit(span, content)


def before(span: Span, content: str) -> Edit:
    """Insert text right before ``span``."""
    return Edit(Span(span.row, span.column, span.row, span.column), content)


def after(span: Span, content: str) -> Edit:
    """Insert text right after ``span``."""
    return Edit(Span(span.end_row, span.end_column, span.end_row, span.end_column), content)


def below(module: ModuleFacts, span: Span, *rows: str) -> Edit:
    """Insert rows under a statement and the comment behind it, as far to the right as the statement."""
    end = len(module.line(span.end_row)) + 1
    content = "".join(f"\n{' ' * (span.column - 1)}{row}" for row in rows)
    return Edit(Span(span.end_row, end, span.end_row, end), content)


def safe(message: str, *edits: Edit) -> Fix:
    """A fix that cannot change what the code computes in training mode."""
    return Fix(Applicability.SAFE, message, edits)


def unsafe(message: str, *edits: Edit) -> Fix:
    """A fix that may change what the code computes in training mode."""
    return Fix(Applicability.UNSAFE, message, edits)


def to_assign_call(
    module: ModuleFacts, binding: Binding, method: str, keep_name: bool, place: str | None = None
) -> Fix | None:
    """Turn ``place = value`` (or ``place += value``) into ``place.method(value)``, or into that of another place.

    keep_name: in a graph the name goes on to mean the result, so that what depended on it runs the update.
    None for statements with several targets or an annotation, and where another function would meet the result.
    """
    if keep_name and binding.path in module.scopes[binding.scope].outer_names:
        return None
    place = place or module.text(binding.target)
    rest = Span(binding.target.end_row, binding.target.end_column, binding.span.end_row, binding.span.end_column)
    text = module.text(rest)
    equals = _EQUALS.match(text)
    starts_here = (binding.span.row, binding.span.column) == (binding.target.row, binding.target.column)
    if equals is None or "\n" in equals[0] or not starts_here or _EQUALS_AGAIN.match(text, equals.end()):
        return None
    head = rest._replace(end_row=rest.row, end_column=rest.column + equals.end())
    head = head._replace(row=binding.span.row, column=binding.span.column)
    start = f"{place} = {place}.{method}(" if keep_name else f"{place}.{method}("
    return safe(f"assign to {place}", replaced(head, start), after(binding.span, ")"))


_EQUALS_AGAIN = re.compile(r"[\w.\[\]'\"]+\s*=(?!=)")


def with_argument(module: ModuleFacts, call: Call, text: str) -> Edit:
    """Add a last argument to a call."""
    if not call.given:
        end = call.span
        return before(Span(end.end_row, end.end_column - 1, end.end_row, end.end_column), text)
    return after(in_parentheses(module, max(value.span for value in call.given)), f", {text}")


def without_argument(module: ModuleFacts, call: Call, argument: Value) -> Edit:
    """Take an argument that is not the first out of a call, with its keyword and the comma before it."""
    last = max(value.span for value in call.given if value.span < argument.span)
    start = in_parentheses(module, last)
    return replaced(Span(start.end_row, start.end_column, argument.span.end_row, argument.span.end_column), "")


def deleted(module: ModuleFacts, span: Span) -> Edit:
    """Delete what stands at ``span``, with its lines if nothing else stands on them; a comment behind it stays."""
    left, right = module.line(span.row)[: span.column - 1], module.line(span.end_row)[span.end_column - 1 :]
    if right.lstrip().startswith("#"):
        return replaced(span._replace(end_column=span.end_column + len(right) - len(right.lstrip())), "")
    if left.strip() or right.strip():
        return replaced(span, "")
    return replaced(Span(span.row, 1, span.end_row + 1, 1), "")


def wrapped(module: ModuleFacts, span: Span, opening: str) -> tuple[Edit, Edit]:
    """Put ``opening … )`` around an expression, taking its own parentheses along."""
    outer = in_parentheses(module, span)
    return before(outer, opening), after(outer, ")")


def in_parentheses(module: ModuleFacts, span: Span) -> Span:
    """The span of an expression with the parentheses right around it, if it has some."""
    line = module.line(span.row)
    closing = module.line(span.end_row)
    left, right = line[: span.column - 1], closing[span.end_column - 1 :]
    if left.endswith("(") and right.startswith(")") and not _CALLS.search(left):
        return Span(span.row, span.column - 1, span.end_row, span.end_column + 1)
    return span


# A parenthesis after one of these opens the arguments of a call.
_CALLS = re.compile(r"[\w\])]\($")


def run_with_return(module: ModuleFacts, updates: Sequence[Update]) -> dict[int, Fix]:
    """Fixes, by call id, that let what a function returns wait for updates that nothing else runs.

    All updates of one function share one fix: each result gets a name, and the function's last
    statement, its ``return``, is put under a control dependency on all of them.
    """
    fixes: dict[int, Fix] = {}
    by_scope: dict[int, list[Update]] = {}
    for update in updates:
        by_scope.setdefault(update.scope, []).append(update)
    for scope, group in by_scope.items():
        if not all(_name_made_by(module, update) is not None for update in group) or _serves_too(module, scope, group):
            continue
        names = _update_names(module, scope, group)
        guards = [update.statement.guards for update in group if update.statement is not None]
        waits = _return_waits(module, scope, names, guards)
        if waits is None:
            continue
        named = [
            before(update.call.span, f"{name} = ")
            for name, update in zip(names, group, strict=True)
            if not _name_made_by(module, update)
        ]
        fix = safe("let the returned tensor wait for the updates", *named, waits)
        fixes |= {update.call.id: fix for update in group}
    return fixes


def _serves_too(module: ModuleFacts, scope: int, updates: Sequence[Update]) -> bool:
    """Whether what a function returns is for inference as well, where these updates must not run."""
    phases, own = module.phases, module.scopes[scope]
    if all(phases.of_call(update.call) is True for update in updates):
        return False
    statements = [module.flow.tree.statements[index] for index in own.statements]
    return any(phases.chooses(call) for call in own.calls) or any(
        phases.guarded(statement.guards) is not None for statement in statements
    )


def _return_waits(
    module: ModuleFacts, scope: int, names: Sequence[str], guards: Sequence[tuple[Guard, ...]]
) -> Edit | None:
    """Put the ``return`` that a function ends with under a control dependency on what these names hold.

    guards: of the statements that bind the names. None where it returns in another branch, or does something else.
    """
    control, last = module.name_in_code("tf.control_dependencies"), module.last_statement(scope)
    if control is None or last is None or last.kind != "return" or any(each != last.guards for each in guards):
        return None
    indent = " " * (last.span.column - 1)
    return before(last.span, f"with {control}([{', '.join(names)}]):\n{indent}    ")


def assigned_in_graph(module: ModuleFacts, bindings: Sequence[tuple[Binding, str]]) -> dict[int, Fix]:
    """Fixes, by binding id, that turn ``place = value`` into ``place = place.method(value)`` in a graph.

    bindings: each with its method.
    Where nothing reads the place afterwards, nothing would run the op: what the function returns is to wait for it,
    for all such ops of one function in one fix. No fix where that cannot be done.
    """
    fixes: dict[int, Fix] = {}
    unread: dict[int, list[tuple[Binding, Fix]]] = {}
    for binding, method in bindings:
        fix = to_assign_call(module, binding, method, keep_name=True)
        if fix is not None and any(binding.id in read.bindings for read in module.flow.readers(binding)):
            fixes[binding.id] = fix
        elif fix is not None:
            unread.setdefault(binding.scope, []).append((binding, fix))
    for scope, group in unread.items():
        waits = _return_waits(module, scope, [each.path for each, _ in group], [each.guards for each, _ in group])
        if waits is not None:
            edits = [edit for _, fix in group for edit in fix.edits]
            fixes |= {each.id: replace(fix, edits=(*edits, waits)) for each, fix in group}
    return fixes


def _name_made_by(module: ModuleFacts, update: Update) -> str | None:
    """The name or attribute that holds the result of an update, "" if none does; None where it is part of something."""
    statement = update.statement
    if statement is None or module.flow.parent(update.call) is not None:
        return None
    if statement.kind == "expression":
        return ""
    names = [module.flow.tree.bindings[index].path for index in statement.bindings]
    return names[0] if statement.kind == "assign" and len(names) == 1 and _PLAIN_PLACE.fullmatch(names[0]) else None


_PLAIN_PLACE = re.compile(r"\w+(\.\w+)*")


def _update_names(module: ModuleFacts, scope: int, updates: Sequence[Update]) -> list[str]:
    taken = set(module.scopes[scope].bindings)
    names: list[str] = []
    for update in updates:
        if made := _name_made_by(module, update):
            names.append(made)
            continue
        wanted = f"update_{update.role or 'statistic'}"
        name = next(name for name in (wanted, *(f"{wanted}_{i}" for i in range(2, 99))) if name not in taken)
        taken.add(name)
        names.append(name)
    return names


def momentum_fix(module: ModuleFacts, update: Update) -> Fix | None:
    """Give the old value the momentum and the new one the rest."""
    average = update.average
    if average is None:
        return None
    if average.old_factor is None:
        return _smaller_step(module, average)
    old = in_parentheses(module, average.old_factor.span)
    if average.new_factor is None:
        if average.sums_to_one is not False or len(average.sources) != 1:
            return None
        source = in_parentheses(module, average.sources[0].span)
        return safe("make the weights sum to 1", after(source, f" * {_complement(module.text(old))}"))
    new = in_parentheses(module, average.new_factor.span)
    if old == new:
        return safe("move by the small weight", replaced(old, _complement(module.text(old))))
    body = _body(module, old)
    if average.sums_to_one is False:
        return None  # which it would still be
    if body is not _body(module, new):
        # What a caller passes means nothing inside of the function; there it is a parameter.
        factor = _rest(module, body, module.text(old)) if body is not None else None
        if factor is None:
            return None
        new = factor.span
    return safe("swap the weights", replaced(old, module.text(new)), replaced(new, module.text(old)))


def _body(module: ModuleFacts, span: Span) -> Scope | None:
    """The innermost function, class or module in whose body a span is; defaults are outside of it."""
    holding = [
        scope
        for scope in module.scopes
        if scope.first_statement is not None and scope.first_statement[:2] <= span[:2] and span[2:] <= scope.span[2:]
    ]
    return max(holding, key=lambda scope: scope.first_statement or span, default=None)


def _rest(module: ModuleFacts, function: Scope, one_minus: str) -> Read | None:
    """The place where a function multiplies by the parameter in ``(1 - parameter)``, if it is the only one.

    None, too, unless all calls give the parameter the larger weight; those from other files are out of sight.
    """
    match = _ONE_MINUS.match(one_minus)
    parameter = function.parameter(match[1]) if match is not None else None
    if parameter is None:
        return None
    calls = module.flow.callers.get(function.id, [])
    given = [module.flow.passed(call, function, parameter.name) for call in calls]
    if any(given) and function not in module.flow.tree.own_scopes:
        return None
    weights = [number(module.flow, value or parameter.default or parameter) for value in given]
    products = (part for value in function.returns for part in walk(value) if isinstance(part, Op) and part.op == "*")
    factors = [each for product in products for each in product.operands if isinstance(each, Read)]
    named = [each for each in factors if each.path == parameter.name]
    swapped = all(weight is not None and weight > 0.5 for weight in weights)
    return named[0] if swapped and len(named) == 1 else None


def _smaller_step(module: ModuleFacts, average: Average) -> Fix | None:
    """Move by the small weight what moves by ``weight * (new - old)``."""
    step = average.new_factor
    if step is None or not average.sums_to_one or number(module.flow, step) != average.new_weight:
        return None
    place = in_parentheses(module, step.span)
    return safe("move by the small weight", replaced(place, _complement(module.text(place))))


def _complement(weight: str) -> str:
    """``1 - weight`` as a factor."""
    match = _ONE_MINUS.match(weight)
    return match[1] if match else f"(1 - {weight})"


_ONE_MINUS = re.compile(r"^\(1(?:\.0*)? - ([\w.]+)\)$")


def swapped_text(module: ModuleFacts, span: Span, swaps: Sequence[tuple[Span, str]]) -> str:
    """The text of a span with other texts in some places inside it."""
    text, at = "", span
    for place, content in swaps:
        text += module.text(at._replace(end_row=place.row, end_column=place.column)) + content
        at = at._replace(row=place.end_row, column=place.end_column)
    return text + module.text(at)


def with_keyword(module: ModuleFacts, call: Call, name: str, value: str) -> Edit | None:
    """Pass ``name=value`` to a call, in place of what it passes now; None where a ``**mapping`` may pass it."""
    if any(keyword is None for keyword, _ in call.keywords):
        return None
    passed = call.keyword(name)
    if passed is not None:
        return replaced(passed.span, value)
    closing = call.span._replace(row=call.span.end_row, column=call.span.end_column - 1)
    inside = module.text(call.span._replace(row=call.callee.span.end_row, column=call.callee.span.end_column))
    content = inside[1:-1].rstrip()
    comma = "" if not content else " " if content.endswith(",") else ", "
    return replaced(closing, f"{comma}{name}={value})") if module.text(closing) == ")" else None
