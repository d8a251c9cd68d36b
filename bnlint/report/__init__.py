"""How a report looks: one module a format, each with ``render(report, color) -> str``.

Only ``text`` and ``concise`` know colours. A renderer decides nothing: not what is reported, not the exit status.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from bnlint.reporting import Report

FORMATS = (
    "text",
    "concise",
    "json",
    "json-lines",
    "sarif",
    "github",
    "gitlab",
    "junit",
    "markdown",
    "html",
    "statistics",
)

_NEEDS = {"html": ("jinja2", "pygal")}


def missing(form: str) -> list[str]:
    """The packages that a format needs and that are not installed; the extra of that name brings them."""
    return [name for name in _NEEDS.get(form, ()) if find_spec(name) is None]


def render(report: Report, form: str, color: bool = False) -> str:
    """The report in one of FORMATS, ending in a line break."""
    renderer: Callable[[Report, bool], str] = import_module(f"{__name__}.{form.replace('-', '_')}").render
    return renderer(report, color)
