"""The commands: arguments, exit status, and nothing that another room could do.

Everything heavy is imported by the command that needs it, so that ``bnlint --version`` answers at once.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import click

from bnlint import __version__

if TYPE_CHECKING:
    from bnlint.explain import Form
    from bnlint.findings import Report
    from bnlint.report.output import Output
    from bnlint.settings import Settings

FINDINGS = 1
TROUBLE = 2
INTERRUPTED = 130


class _Commands(click.Group):
    """Turns what can go wrong in any command into one line and an exit status."""

    def invoke(self, ctx: click.Context) -> object:
        from bnlint.settings import ConfigError

        try:
            return super().invoke(ctx)
        except ConfigError as error:
            _fail(str(error))
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:
            click.echo(traceback.format_exc(), err=True, nl=False)
            _fail("this is a mistake in bnlint itself; please report it with the lines above")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks must not end the run.
            stream.reconfigure(errors="backslashreplace")
    try:
        commands()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Read what a rule teaches with: bnlint explain BN101",
)
@click.version_option(__version__, message="%(prog)s %(version)s", prog_name="bnlint")
def commands() -> None:
    """Do the batch-norm statistics that inference will use really get updated?

    bnlint reads TensorFlow code and says where they do not; with --verify it runs the code and shows it.

    \b
    Examples:
      bnlint check                          check the folder you are in
      bnlint check --verify models/         and run what looks wrong, to see whether it is
      bnlint explain BN101                  what a rule is about, with programs to run
      bnlint rules                          all rules
    """


@commands.command(short_help="Check files and folders.")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--verify", is_flag=True, help="Run the code of each finding in another process, and show what it does.")
@click.option("--python", metavar="PATH", help="The Python to run it with, e.g. of your project's environment.")
@click.option(
    "--output-format",
    "formats",
    metavar="F[:FILE]",
    multiple=True,
    default=("text",),
    help="text (the default), concise or json; to standard output, or to FILE. May be given several times.",
)
@click.option(
    "--select", metavar="CODES", multiple=True, help="Use these rules only: codes or prefixes, e.g. BN101,BN2."
)
@click.option("--ignore", metavar="CODES", multiple=True, help="Leave these rules out, besides those of the settings.")
@click.option("--show-refuted", is_flag=True, help="Show findings that running the code contradicted, too.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.pass_context
def check(
    ctx: click.Context,
    paths: tuple[str, ...],
    verify: bool,
    python: str | None,
    formats: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    show_refuted: bool,
    color: str,
) -> None:
    """Check Python files and notebooks; folders are searched, and the default is this one.

    Exit status: 0 without findings, 1 with findings, 2 if a path does not exist, if none of the files could be
    checked, or if an option or the configuration is wrong. The output format never changes it.

    \b
    Examples:
      bnlint check train.py models/
      bnlint check --verify --python .venv/bin/python
      bnlint check --select BN1,BN401 --output-format concise
      bnlint check --output-format text --output-format json:bnlint.json
    """
    from bnlint import engine, progress
    from bnlint.settings import load

    paths = paths or (".",)
    outputs = _outputs(formats)
    settings = load(paths).with_rules(_codes(select), _codes(ignore))
    settings = replace(settings, verify=verify, show_refuted=show_refuted)
    settings = replace(settings, python=_interpreter(python or settings.python))
    _require_known(settings)
    with progress.on_terminal() as shown:
        report = engine.check(paths, settings, shown)
    missing = not all(os.path.exists(path) for path in paths)
    _tell(report, settings, outputs)
    for output in outputs:
        _write(report, output, color)
    ctx.exit(exit_status(report, missing))


def exit_status(report: Report, missing: bool) -> int:
    """2 if a named path is missing or no file could be checked; else 1 with findings that stand, or 0."""
    from bnlint.findings import Outcome

    failed = {error.filename for error in report.errors}
    if missing or (failed and len(failed) >= report.files):
        return TROUBLE
    standing = (each for each in report.findings if not each.suppressed)
    return FINDINGS if any(each.verdict.outcome is not Outcome.REFUTED for each in standing) else 0


@commands.command(short_help="Teach a rule, or explain a finding.")
@click.argument("topic", metavar="CODE|NAME|FILE:LINE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    help="text (the default on a terminal), markdown (the default elsewhere) or json.",
)
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
def explain(topic: str, form: Form | None, color: str) -> None:
    """Teach a rule: its lesson, and the change that puts the wrong program right.

    With FILE:LINE, check the file and explain what is found in that line.

    \b
    Examples:
      bnlint explain BN101
      bnlint explain rebound-statistic --format markdown
      bnlint explain models/bn.py:15
    """
    from bnlint import explain as teaching

    try:
        subject = teaching.topic(topic)
    except teaching.UnknownTopicError as error:
        raise click.UsageError(str(error)) from None
    colored = _colored(color)
    on_terminal = sys.stdout.isatty()
    columns = shutil.get_terminal_size().columns
    text = teaching.render(subject, form or ("text" if on_terminal or colored else "markdown"), colored, columns)
    if on_terminal and text.count("\n") >= shutil.get_terminal_size().lines:
        # As git does: leave a short text on the screen, and let colours through.
        os.environ.setdefault("LESS", "-FRX")
        click.echo_via_pager(text, color=colored)
    else:
        _echo(text)


@commands.command(short_help="List the rules.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
def rules(color: str) -> None:
    """List the rules: code, name, severity, what each says."""
    from bnlint.registry import load_rules
    from bnlint.report.terminal import SEVERITY_STYLES, painter

    paint = painter(_colored(color))
    known = load_rules()
    width = max(len(each.name) for each in known)
    table = ""
    for each in known:
        severity = paint(each.severity.value.ljust(7), SEVERITY_STYLES[each.severity])
        table += f"{paint(each.code, 'bold')}  {each.name.ljust(width)}  {severity}  {each.summary}\n"
    _echo(table)


def _outputs(formats: Sequence[str]) -> list[Output]:
    from bnlint.report.output import Output

    try:
        outputs = [Output.parse(text) for text in formats]
    except ValueError as error:
        raise click.UsageError(f"--output-format: {error}") from None
    if sum(output.file is None for output in outputs) > 1:
        raise click.UsageError("--output-format: only one format can go to standard output; give the others a file")
    return outputs


def _codes(selectors: Sequence[str]) -> list[str]:
    return [code.strip().upper() for selector in selectors for code in selector.split(",") if code.strip()]


def _require_known(settings: Settings) -> None:
    from bnlint.registry import load_rules
    from bnlint.settings import nearest

    codes = [rule.code for rule in load_rules()]
    for selector in (*settings.select, *settings.ignore):
        if not any(code.startswith(selector) for code in codes):
            message = f'no rule has the code "{selector}"{nearest(selector, codes)} (bnlint rules lists them)'
            raise click.UsageError(message)


def _interpreter(python: str | None) -> str | None:
    """The interpreter's absolute path: the worker starts in another folder."""
    if python is None:
        return None
    found = shutil.which(os.path.expanduser(python))
    if found is None:
        raise click.UsageError(f'there is no Python to run at "{python}"')
    return os.path.abspath(found)


def _tell(report: Report, settings: Settings, outputs: Sequence[Output]) -> None:
    """Say on standard error what would be missed by someone who looks at the findings alone."""
    from bnlint.report.terminal import error_place, visible

    if not any(output.file is None and output.form in ("text", "concise") for output in outputs):
        for error in report.errors:
            click.echo(f"error: {error_place(error)}: {visible(error.message)}", err=True)
    if not report.files and not report.errors:
        click.echo("warning: no Python files or notebooks found", err=True)
    if any(finding.verdict.reason == "no-tensorflow" for finding in report.findings):
        python = visible(settings.python or sys.executable)
        hint = 'pip install "bnlint[verify]"' if settings.python is None else f"{python} -m pip install tensorflow"
        click.echo(f"note: {python} has no TensorFlow, so nothing was run; install it with: {hint}", err=True)


def _write(report: Report, output: Output, color: str) -> None:
    from bnlint.report import render
    from bnlint.report.output import write

    if output.file is None:
        _echo(render(report, output.form, _colored(color)))
        return
    try:
        write(output.file, render(report, output.form, color == "always"))
    except OSError as error:
        _fail(f"{output.file}: cannot be written: {error.strerror}")


def _colored(choice: str) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _echo(text: str) -> None:
    try:
        click.echo(text, nl=False, color=True)
    except BrokenPipeError:
        # The reader has enough. Nobody is left to hear about what is still in the buffer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _fail(f"standard output: cannot be written: {error.strerror}")


def _fail(message: str) -> NoReturn:
    click.echo(f"error: {message}", err=True)
    sys.exit(TROUBLE)
