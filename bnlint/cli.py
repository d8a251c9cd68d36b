"""The commands: arguments, exit status, and nothing that another room could do.

Everything heavy is imported by the command that needs it, so that ``bnlint --version`` answers at once.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from _thread import interrupt_main
from contextlib import suppress
from dataclasses import replace
from threading import Timer
from typing import TYPE_CHECKING, Any

import click

from bnlint import __version__, console
from bnlint.group import INTERRUPTED, Commands

if TYPE_CHECKING:
    from bnlint.explain import Form


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks must not end the run.
            stream.reconfigure(errors="backslashreplace")
    sys.unraisablehook = _interrupt_again
    try:
        commands()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        _leave(end)


def _leave(end: SystemExit) -> None:
    """End the process without taking apart what was read, which costs Python a second for a large repository."""
    if isinstance(end.code, int):
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code)
    raise end


def _interrupt_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Python drops what is raised where nothing can catch it, as in a destructor; Ctrl-C must not get lost there."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        Timer(0.01, interrupt_main).start()
    else:
        sys.__unraisablehook__(unraisable)


@click.group(
    cls=Commands,
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
      bnlint check --fix                    and put right what can be put right safely
      bnlint verify models/bn.py::Norm      what the statistics of your own layer do
      bnlint trace -- python train.py       and those of your own program while it trains
      bnlint explain BN101                  what a rule is about, with programs to run
      bnlint rules                          all rules
    """


_isolation = click.option(
    "--isolation",
    type=click.Choice(["auto", "strict", "none"]),
    help="How the code that runs is kept from your machine: as far as the system can (auto, the default), not run at "
    "all unless that is everything (strict), or not (none).",
)

_python = click.option(
    "--python",
    metavar="PATH",
    multiple=True,
    help="The Python to run it with, which needs TensorFlow. May be given several times: code for TensorFlow 1 then "
    "runs in one that has it [default: VIRTUAL_ENV and .venv, if they have TensorFlow, and the one of bnlint].",
)


@commands.command(short_help="Check files and folders.")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--verify", is_flag=True, help="Run the code of each finding in another process, and show what it does.")
@_python
@_isolation
@click.option(
    "--output-format",
    "formats",
    metavar="F[:FILE]",
    multiple=True,
    default=("text",),
    help="text (the default), concise, json, json-lines, sarif, github, gitlab, junit, markdown, html or statistics; "
    "to standard output, or to FILE. May be given several times.",
)
@click.option("--statistics", is_flag=True, help="Show how often each rule finds something, instead of what it finds.")
@click.option(
    "--select", metavar="CODES", multiple=True, help="Use these rules only: codes or prefixes, e.g. BN101,BN2."
)
@click.option("--ignore", metavar="CODES", multiple=True, help="Leave these rules out, besides those of the settings.")
@click.option("--show-refuted", is_flag=True, help="Show findings that running the code contradicted, too.")
@click.option(
    "--fix", is_flag=True, help="Make the safe fixes; with --verify, only those that running the code proves."
)
@click.option("--diff", is_flag=True, help="Show on standard output what --fix would change, and change nothing.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: also fixes that may change training.")
@click.option("--add-ignores", is_flag=True, help="Write an ignore comment for each finding.")
@click.option("--no-baseline", is_flag=True, help="Count findings of the baseline too.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info"]),
    help="The least severity that makes the exit status 1 [default: info, which is any finding].",
)
@click.option("--exit-zero", is_flag=True, help="Exit with status 0 even if there are findings.")
@click.option(
    "--require-verification",
    is_flag=True,
    help="With --verify: exit with status 2 if nothing could be run for want of Python, TensorFlow or isolation.",
)
@click.option("--stdin-filename", metavar="PATH", help="With -, standard input: where in the project it belongs.")
@click.option("--force-exclude", is_flag=True, help="Leave out what the settings exclude even if it is named.")
@click.option("--watch", is_flag=True, help="Check again each time that a file changes.")
@click.option("--allow-rules", is_flag=True, help="Load the rules that the configuration names; they are code.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Use N processes [default: one a processor to read the code, if there are more than two, and one to run it].",
)
@click.option(
    "--executor",
    metavar="URL",
    help="Hand the work out: dask://HOST:PORT is the scheduler of a Dask cluster, whose workers have the same bnlint "
    "and see the same files.",
)
@click.option("--no-cache", is_flag=True, help="Neither use nor keep what was found in files that have not changed.")
@click.option(
    "--cache-dir",
    metavar="PATH",
    envvar="BNLINT_CACHE_DIR",
    show_envvar=True,
    help="Where to keep it [default: bnlint in your cache folder].",
)
@click.option("--timings", is_flag=True, help="Say on standard error how long each phase took.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.pass_context
def check(ctx: click.Context, **given: Any) -> None:
    """Check Python files and notebooks; folders are searched, and the default is this one; - is standard input.

    Exit status: 0 without findings, 1 with findings (after --fix: with those that are left), 2 if a path does not
    exist, if none of the files could be checked, or if an option or the configuration is wrong. The output format
    never changes it.

    \b
    Examples:
      bnlint check train.py models/
      bnlint check --verify --python .venv/bin/python
      bnlint check --select BN1,BN401 --output-format concise
      bnlint check --output-format text --output-format json:bnlint.json
      bnlint check --diff models/
      bnlint check --fix --verify models/
      bnlint check - --stdin-filename models/bn.py
    """
    from bnlint.checking import Options, run
    from bnlint.memory import Memory

    ctx.exit(run(Options(**given), ctx.ensure_object(Memory)))


@commands.command(short_help="Record what is found, so that only new findings count.")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--update", is_flag=True, help="Record also what is new, and take out what is gone.")
@click.option("--prune", is_flag=True, help="Take out what is gone, and add nothing.")
@click.option("--allow-rules", is_flag=True, help="Load the rules that the configuration names; they are code.")
def baseline(paths: tuple[str, ...], update: bool, prune: bool, allow_rules: bool) -> None:
    """Record what is found now in bnlint-baseline.json, beside the configuration; from then on check lets it pass.

    An existing baseline is changed only with --update or --prune.

    \b
    Examples:
      bnlint baseline
      bnlint baseline --prune
    """
    from bnlint import engine, progress
    from bnlint.baseline import record, without_notices
    from bnlint.checking import settings_for

    if update and prune:
        raise click.UsageError("--update takes out what is gone already; leave --prune out")
    paths = paths or (".",)
    settings = settings_for(paths, allow_rules=allow_rules)
    file = settings.baseline_file
    if file.exists() and not update and not prune:
        raise click.UsageError(f"{file} exists; --update records what is found now, --prune takes out what is gone")
    with progress.on_terminal() as shown:
        report = engine.check(paths, replace(settings, use_baseline=file.exists() or prune), shown)
    console.tell(without_notices(report), settings, [])
    try:
        console.echo(record(report, settings, add=not prune) + "\n")
    except OSError as error:
        console.fail(f"{file}: cannot be written: {error.strerror}")


@commands.command(short_help="Print the settings in force.")
@click.argument("paths", nargs=-1, type=click.Path())
def config(paths: tuple[str, ...]) -> None:
    """Print the settings that hold for these paths, and where each comes from.

    \b
    Examples:
      bnlint config
      bnlint config models/
    """
    from bnlint.settings import load
    from bnlint.settings_in_force import describe

    console.echo(describe(load(paths or (".",))))


@commands.command(short_help="Teach a rule, or explain a finding.")
@click.argument("topic", metavar="CODE|NAME|FILE:LINE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    help="text (the default on a terminal), markdown (the default elsewhere) or json.",
)
@click.option("--allow-rules", is_flag=True, help="Load the rules that the configuration names; they are code.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
def explain(topic: str, form: Form | None, allow_rules: bool, color: str) -> None:
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
        subject = teaching.topic(topic, allow_rules)
    except teaching.UnknownTopicError as error:
        raise click.UsageError(str(error)) from None
    colored = console.colored(color)
    on_terminal = sys.stdout.isatty()
    columns = shutil.get_terminal_size().columns
    text = teaching.render(subject, form or ("text" if on_terminal or colored else "markdown"), colored, columns)
    if on_terminal and text.count("\n") >= shutil.get_terminal_size().lines:
        # As git does: leave a short text on the screen, and let colours through.
        os.environ.setdefault("LESS", "-FRX")
        click.echo_via_pager(text, color=colored)
    else:
        console.echo(text)


@commands.command(short_help="Run a rule's mistake and its cure, side by side.")
@click.argument("topic", metavar="CODE|NAME|FILE[::SYMBOL]")
@click.option("--variant", default="", metavar="NAME", help="The rule's programs for another version, e.g. v1, k2, k3.")
@_python
@_isolation
@click.option("--allow-rules", is_flag=True, help="Load the rules that the configuration names; they are code.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.pass_context
def demo(ctx: click.Context, topic: str, **given: Any) -> None:
    """Run the wrong and the right program of a rule now, and draw what their statistics do, step by step.

    With a FILE, run what is found in it, or in one function, class or method of it, as it is and with its fix.

    Exit status: 0 if it could be run, 2 if not.

    \b
    Examples:
      bnlint demo BN101
      bnlint demo rebound-statistic --variant v1
      bnlint demo models/bn.py::Norm
    """
    from bnlint import demonstrating

    ctx.exit(demonstrating.run(topic, **given))


@commands.command(short_help="Run a function or class, and measure what its statistics do.")
@click.argument("target", metavar="FILE[::SYMBOL]")
@_python
@_isolation
@click.option("--output-format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.pass_context
def verify(
    ctx: click.Context, target: str, python: tuple[str, ...], isolation: str | None, form: str, color: str
) -> None:
    """Run a function, layer or model by itself, and say what law its statistics follow in each mode and phase.

    Nothing needs to have been found in it: see whether a layer of your own is right. Without a SYMBOL, all functions
    and classes at the top level of the FILE are run, and those shown that keep statistics.

    Exit status: 0 if training moves each statistic and inference does not, in every mode that ran; 1 if not; 2 if
    nothing could be run or keeps statistics, or if an argument is wrong.

    \b
    Examples:
      bnlint verify models/bn.py::Norm
      bnlint verify models/bn.py --output-format json
      bnlint verify train.py::build --python old-env/bin/python
    """
    from bnlint import surveying

    ctx.exit(surveying.run(target, form, python, isolation, color))


@commands.command(
    short_help="Run your own program, and watch what its statistics do.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- python FILE [ARGUMENTS]")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Stop the program after N training steps.")
@click.option("--output-format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--output", metavar="FILE", help="Write the report to FILE [default: standard error].")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.pass_context
def trace(
    ctx: click.Context, command: tuple[str, ...], steps: int | None, form: str, output: str | None, color: str
) -> None:
    """Run your own program as it is, and say afterwards what its statistics did in training and at inference.

    It runs as if you had started it yourself, with the Python that you name, your files, your network and your rights:
    like a profiler, bnlint looks on from inside and keeps nothing apart. What is found in its files gets its verdict
    from this run, also where bnlint check --verify leaves it to the caller. Session loops, GradientTape loops, fit and
    Estimators are followed.

    Exit status: that of the program (128 + N if signal N ended it), or 2 if it could not be started.

    \b
    Examples:
      bnlint trace -- python train.py --epochs 1
      bnlint trace --steps 20 -- .venv/bin/python -m project.train
      bnlint trace --output trace.json --output-format json -- python train.py
    """
    from bnlint import tracing

    ctx.exit(tracing.run(command, steps, form, output, color))


@commands.command(short_help="Serve an editor.")
def lsp() -> None:
    """Speak the Language Server Protocol with an editor, over standard input and output.

    The editor starts it; docs/editors.md has settings for some. It reads code, and runs what is found only when asked.
    """
    try:
        from bnlint.lsp.server import serve
    except ModuleNotFoundError as error:
        console.fail(f'the language server needs {error.name}; install it with: pip install "bnlint[lsp]"')
    serve()


@commands.command(short_help="List the rules.")
@click.option("--allow-rules", is_flag=True, help="Load the rules that the configuration names; they are code.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
def rules(allow_rules: bool, color: str) -> None:
    """List the rules: code, name, severity, what each says."""
    from bnlint.registry import load_rules
    from bnlint.report.terminal import SEVERITY_STYLES, painter
    from bnlint.settings import load

    paint = painter(console.colored(color))
    settings = load(["."])
    known = load_rules((settings.allowing_rules() if allow_rules else settings).rules)
    width = max(len(each.name) for each in known)
    table = ""
    for each in known:
        severity = paint(each.severity.value.ljust(7), SEVERITY_STYLES[each.severity])
        table += f"{paint(each.code, 'bold')}  {each.name.ljust(width)}  {severity}  {each.summary}\n"
    console.echo(table)
