"""What commands say, and where: findings on standard output, all else on standard error.

As in :mod:`bnlint.cli`, everything heavy is imported where it is needed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from bnlint.changes import Change
    from bnlint.engine import Inputs
    from bnlint.report.output import Output
    from bnlint.reporting import Report
    from bnlint.settings import Settings

TROUBLE = 2


def outputs(formats: Sequence[str], statistics: bool = False) -> list[Output]:
    """Where the report goes, as ``--output-format`` says; ``statistics`` replaces the text. Raises UsageError."""
    from bnlint.report.output import Output

    if statistics:
        formats = ["statistics" if form == "text" else form for form in formats]
        if "statistics" not in formats:
            raise click.UsageError("--statistics takes the place of the text on standard output; leave one out")

    try:
        outputs = [Output.parse(text) for text in formats]
    except ValueError as error:
        raise click.UsageError(f"--output-format: {error}") from None
    if sum(output.file is None for output in outputs) > 1:
        raise click.UsageError("--output-format: only one format can go to standard output; give the others a file")
    return outputs


def tell(report: Report, settings: Settings, outputs: Sequence[Output]) -> None:
    """Say on standard error what would be missed by someone who looks at the findings alone."""
    from bnlint.report.terminal import error_place, visible
    from bnlint.settings import user_file

    if not any(output.file is None and output.form in ("text", "concise") for output in outputs):
        for label, told in (("error", report.errors), ("warning", report.warnings)):
            for each in told:
                click.echo(f"{label}: {error_place(each)}: {visible(each.message)}", err=True)
    if settings.refused_rules:
        click.echo(
            f"warning: {settings.config} names folders of rules, which are code, so they are not loaded; "
            f"--allow-rules loads them, or trust the project in {user_file()}",
            err=True,
        )
    if not report.files and not report.errors:
        click.echo("warning: no Python files or notebooks found", err=True)
    if any(finding.verdict.reason == "no-tensorflow" for finding in report.findings):
        python = visible(settings.python[0] if settings.python else sys.executable)
        own = python == visible(sys.executable)
        hint = 'pip install "bnlint[verify]"' if own else f"{python} -m pip install tensorflow"
        click.echo(f"note: {python} has no TensorFlow, so nothing was run; install it with: {hint}", err=True)


def warn_of_refused_python(settings: Settings) -> None:
    """The interpreters that a project names are not used with strict isolation."""
    from bnlint.settings import user_file

    click.echo(
        f"warning: {settings.config} names the Python to run code with; strict isolation takes none from a project, "
        f"because it could be any program: name it with --python, or trust the project in {user_file()}",
        err=True,
    )


def echo_diff(report: Report, changes: Sequence[Change]) -> None:
    """The diff alone on standard output, and on standard error what it amounts to and what is left out and why."""
    from bnlint.changes import unified
    from bnlint.report.terminal import visible
    from bnlint.report.words import plural
    from bnlint.source import place_name

    echo(unified(changes))
    for finding in report.findings:
        if finding.proof is not None:
            place = f"{place_name(finding.filename, finding.cell)}:{finding.span.row}"
            click.echo(f"note: {visible(place)}: {finding.code} is not fixed: {finding.proof.detail}", err=True)
    left = sum(finding.stands for finding in report.findings)
    would = f"would fix {plural(len(report.fixed), 'finding')} in {plural(len(changes), 'file')}"
    click.echo(f"{would}; {plural(left, 'finding')} would be left", err=True)


def echo_code(report: Report, inputs: Inputs, changes: Sequence[Change]) -> None:
    """The code of standard input as it is now on standard output, and on standard error what is left in it."""
    from bnlint.report import render

    echo(changes[0].after.data if changes else inputs.given)
    click.echo(render(report, "concise"), err=True, nl=False)


def write_report(report: Report, output: Output, color: str) -> None:
    """Render a report and write it where it goes."""
    from bnlint.report import on_github, render
    from bnlint.report.output import write

    if output.file is None:
        text = render(report, output.form, colored(color))
        echo(on_github.with_annotations(text, report, output.form) if on_github.running() else text)
        return
    try:
        write(output.file, render(report, output.form, color == "always"))
    except OSError as error:
        fail(f"{output.file}: cannot be written: {error.strerror}")
    if sys.stderr.isatty():
        click.echo(f"{output.file} was written", err=True)


def write_summary(report: Report) -> None:
    """Add the report to the summary of the job where there is such a thing."""
    from bnlint.report import on_github

    if on_github.running():
        try:
            on_github.add_to_summary(report)
        except OSError as error:
            click.echo(f"warning: the summary of the job cannot be written: {error.strerror}", err=True)


def colored(choice: str) -> bool:
    """Whether standard output gets colours, for the choice "auto", "always" or "never"."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def echo(text: str | bytes) -> None:
    """Write to standard output."""
    try:
        click.echo(text, nl=False, color=True)
    except BrokenPipeError:
        # The reader has enough. Nobody is left to hear about what is still in the buffer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        fail(f"standard output: cannot be written: {error.strerror}")


def fail(message: str) -> NoReturn:
    """End the program with one line that says why."""
    click.echo(f"error: {message}", err=True)
    sys.exit(TROUBLE)
