"""Edits that several rules make."""

from __future__ import annotations

import re

from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.scopes import Binding
from bnlint.findings import Applicability, Edit, Fix, Span

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


def safe(message: str, *edits: Edit) -> Fix:
    """A fix that cannot change what the code computes in training mode."""
    return Fix(Applicability.SAFE, message, edits)


def unsafe(message: str, *edits: Edit) -> Fix:
    """A fix that may change what the code computes in training mode."""
    return Fix(Applicability.UNSAFE, message, edits)


def to_assign_call(module: ModuleFacts, binding: Binding, method: str, keep_name: bool) -> Fix | None:
    """Turn ``place = value`` (or ``place += value``) into ``place.method(value)``.

    keep_name: in a graph the name goes on to mean the result, so that what depended on it runs the update.
    None for statements with several targets or an annotation.
    """
    place = module.text(binding.target)
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
