"""What ``bnlint demo`` does with its options."""

from __future__ import annotations

import shutil

import click

from bnlint import checking, console, demo, progress
from bnlint.settings import load

DRAWING = 'pip install "bnlint[demo]"'


def run(topic: str, variant: str, python: tuple[str, ...], isolation: str | None, allow_rules: bool, color: str) -> int:
    """Run it, show it, and return the exit status. Raises UsageError, ConfigError and RuleError."""
    file, _, symbol = topic.partition("::")
    is_code = "::" in topic or file.endswith((".py", ".ipynb"))
    settings = load((file,) if is_code else (".",))
    settings = settings.allowing_rules() if allow_rules else settings
    settings = checking.running_as_told(settings, (file,) if is_code else (".",), python, isolation)
    try:
        with progress.on_terminal() as shown:
            shown.start("running", 1)
            if is_code:
                seen = demo.of_code(file, symbol, settings, shown)
            else:
                seen = demo.of_rule(demo.rule_named(topic, settings), variant, settings, shown)
    except demo.NothingToShowError as error:
        raise click.UsageError(str(error)) from None
    try:
        from bnlint.report.side_by_side import render

        console.echo(render(seen, console.colored(color), shutil.get_terminal_size().columns))
    except ModuleNotFoundError as error:
        if error.name != "plotext":
            raise
        console.fail(f"drawing needs plotext; install it with: {DRAWING}")
    if seen.wrong.verdict.reason in checking.NO_MEANS:
        console.fail(f"nothing was run: {seen.wrong.verdict.detail}")
    return 0
