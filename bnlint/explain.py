"""A rule's lesson for the terminal."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bnlint.registry import Rule


def lesson(rule: Rule, typeset: bool, color: bool) -> str:
    """The rule's page and the change from its wrong program to the right one, typeset for a terminal or as Markdown."""
    page = (rule.folder / "README.md").read_text(encoding="utf-8") + _programs(rule.folder)
    return _typeset(page, color) if typeset else page


def _programs(folder: Path) -> str:
    bad, good = (folder / name for name in ("bad.py", "good.py"))
    before, after = (path.read_text(encoding="utf-8").splitlines(keepends=True) for path in (bad, good))
    change = "".join(difflib.unified_diff(before, after, bad.name, good.name))
    return f"\n## The change\n\n```diff\n{change}```\n\nRun the wrong program yourself:\n\n    python {bad}\n"


def _typeset(page: str, color: bool) -> str:
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(force_terminal=True, no_color=not color, emoji=False)
    with console.capture() as capture:
        console.print(Markdown(page))
    return capture.get()
