"""What holds for every command: one line and an exit status for whatever goes wrong."""

from __future__ import annotations

import traceback
from typing import Any

import click

from bnlint import console

INTERRUPTED = 130


class Commands(click.Group):
    """Turns what can go wrong in any command into one line and an exit status."""

    def make_context(self, *given: Any, **extra: Any) -> click.Context:
        """Understand the arguments."""
        try:
            return super().make_context(*given, **extra)
        except KeyboardInterrupt:  # click would call it an abort, with a status of its own
            raise click.exceptions.Exit(INTERRUPTED) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return self._invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def _invoke(self, ctx: click.Context) -> Any:
        from bnlint.settings import ConfigError, RuleError

        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if _is_interrupt(error):
                raise KeyboardInterrupt from error
            if isinstance(error, (ConfigError, RuleError)):
                console.fail(str(error))
            click.echo(traceback.format_exc(), err=True, nl=False)
            console.fail("this is a mistake in bnlint itself; please report it with the lines above")


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether it began as Ctrl-C: Python wraps what is raised while a class is made, as one may be in an import."""
    return error is not None and (
        isinstance(error, KeyboardInterrupt) or _is_interrupt(error.__cause__ or error.__context__)
    )
