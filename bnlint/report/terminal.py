"""What is safe and legible on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bnlint.findings import FileError, Notice, Outcome, Severity
from bnlint.source import place_name

if TYPE_CHECKING:
    from rich.console import Console

Paint = Callable[[str, str], str]
"""``paint(text, style)`` puts text into a style such as "bold red", or leaves it plain."""

SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
OUTCOME_STYLES = {
    Outcome.CONFIRMED: "bold green",
    Outcome.REFUTED: "bold magenta",
    Outcome.DEFERRED: "bold blue",
    Outcome.UNDECIDED: "bold yellow",
    Outcome.NOT_RUN: "dim",
}


def painter(color: bool) -> Paint:
    """How to style text for a terminal that shows colours, or for anything else."""
    if not color:
        return lambda text, style: text

    from rich.style import Style

    return lambda text, style: Style.parse(style).render(text)


def typesetter(color: bool, columns: int) -> Console:
    """What typesets for a terminal of that width, in colours of its own palette or in none."""
    from rich.console import Console
    from rich.theme import Theme

    # The backgrounds of the usual styles are made for dark terminals alone.
    theme = Theme({"markdown.code": "bold cyan", "markdown.code_block": "cyan", "markdown.h2": "bold underline"})
    system = "standard" if color else None
    return Console(force_terminal=color, color_system=system, emoji=False, highlight=False, width=columns, theme=theme)


def visible(text: str) -> str:
    """Escape all that is not printable, as ``repr`` does: a file must not command the terminal that shows it."""
    return text if text.isprintable() else "".join(map(visible_character, text))


def visible_character(character: str) -> str:
    """The escape of a character that is not printable, else itself."""
    return character if character.isprintable() else repr(character)[1:-1]


def error_place(error: FileError | Notice) -> str:
    """What an error or warning is about: the file, and the row and column if they are known."""
    place = visible(place_name(error.filename, error.cell))
    return f"{place}:{error.span.row}:{error.span.column}" if error.span else place
