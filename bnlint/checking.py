"""What ``bnlint check`` does with its options."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import click

from bnlint import console, engine, progress, timings, watching
from bnlint.cache import Cache, user_folder
from bnlint.changes import Change
from bnlint.findings import Severity
from bnlint.frozen import dataclass
from bnlint.interpreters import interpreters, refused
from bnlint.memory import Memory
from bnlint.registry import Selection
from bnlint.report.output import Output
from bnlint.reporting import Report
from bnlint.settings import ConfigError, Settings, load, nearest

if TYPE_CHECKING:
    from concurrent.futures import Executor

FINDINGS = 1
# Why nothing was run, where the reason is the machine and not the code.
NO_MEANS = ("no-interpreter", "no-tensorflow", "broken-tensorflow", "no-keras-2", "no-isolation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command, by the names that it gives them."""

    paths: tuple[str, ...]
    verify: bool
    python: tuple[str, ...]
    isolation: str | None
    require_verification: bool
    formats: tuple[str, ...]
    statistics: bool
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    show_refuted: bool
    fix: bool
    diff: bool
    unsafe_fixes: bool
    add_ignores: bool
    no_baseline: bool
    fail_on: str | None
    exit_zero: bool
    stdin_filename: str | None
    force_exclude: bool
    watch: bool
    allow_rules: bool
    jobs: int | None
    executor: str | None
    no_cache: bool
    cache_dir: str | None
    timings: bool
    color: str

    @property
    def from_stdin(self) -> bool:
        """Whether the code comes from standard input."""
        return self.paths == ("-",)

    @property
    def places(self) -> tuple[str, ...]:
        """The paths, or where in the project the code of standard input belongs."""
        return (self.stdin_filename or "-",) if self.from_stdin else self.paths or (".",)


def run(options: Options, memory: Memory) -> int:
    """Check, report, and return the exit status. Raises UsageError for options that contradict one another.

    memory: what is known of the files afterwards; to take it apart costs time that nobody need spend.
    """
    _require_sense(options)
    outputs = console.outputs(options.formats, options.statistics)
    if options.watch:
        _watch(options, outputs)
    start = time.perf_counter()
    with engine.uncollected(), _executor(options) as executor:
        status = _once(options, replace(_settings(options), executor=executor), outputs, memory)
        # What is left when the process ends need not be walked first.
        gc.freeze()
    if options.timings:
        click.echo(timings.table(time.perf_counter() - start), err=True, nl=False)
    return status


def settings_for(
    paths: Sequence[str], select: Sequence[str] = (), ignore: Sequence[str] = (), allow_rules: bool = False
) -> Settings:
    """The settings that hold for these paths, with what flags add. Raises ConfigError, UsageError."""
    settings = load(paths).with_rules(_codes(select), _codes(ignore))
    settings = settings.allowing_rules() if allow_rules else settings
    _require_known(settings)
    return settings


def running_as_told(
    settings: Settings, paths: Sequence[str], python: Sequence[str], isolation: str | None, runs: bool = True
) -> Settings:
    """With what flags say about how code is run. runs: whether any is. Raises UsageError for a Python not there."""
    settings = replace(settings, isolation=cast("Any", isolation) or settings.isolation)
    if runs and refused(python, settings):
        console.warn_of_refused_python(settings)
    return replace(settings, python=interpreters(python, settings, paths)) if runs or python else settings


def exit_status(report: Report, missing: bool, fail_on: Severity | None = None, would_fix: bool = False) -> int:
    """2 if a named path is missing or no file could be checked; else 1 with findings that stand, or 0.

    fail_on: the least severity that counts; None for any. would_fix: the fixes of the report are not made yet.
    """
    failed = {error.filename for error in report.errors}
    if missing or (failed and len(failed) >= report.files):
        return console.TROUBLE
    levels = list(Severity)
    counted = levels[: levels.index(fail_on or Severity.INFO) + 1]
    standing = [each for each in report.findings if each.stands] + (list(report.fixed) if would_fix else [])
    return FINDINGS if any(each.severity in counted for each in standing) else 0


def _require_sense(options: Options) -> None:
    changing = options.fix + options.diff + options.add_ignores
    if changing > 1:
        raise click.UsageError("--fix, --diff and --add-ignores exclude one another")
    if options.unsafe_fixes and not options.fix and not options.diff:
        raise click.UsageError("--unsafe-fixes goes with --fix or --diff")
    if options.require_verification and not options.verify:
        raise click.UsageError("--require-verification goes with --verify")
    if "-" in options.paths and len(options.paths) > 1:
        raise click.UsageError("- is standard input, which is checked alone")
    if options.stdin_filename is not None and not options.from_stdin:
        raise click.UsageError("--stdin-filename goes with -, which is standard input")
    if options.watch and (changing or options.from_stdin):
        raise click.UsageError("--watch does not go with -, --fix, --diff or --add-ignores")
    if options.executor is not None and (options.watch or changing):
        raise click.UsageError("--executor does not go with --watch, --fix, --diff or --add-ignores")


def _settings(options: Options) -> Settings:
    settings = settings_for(options.places, options.select, options.ignore, options.allow_rules)
    return replace(
        running_as_told(settings, options.places, options.python, options.isolation, options.verify),
        verify=options.verify,
        show_refuted=options.show_refuted,
        use_baseline=not options.no_baseline,
        force_exclude=options.force_exclude,
        # Who waits for changes remembers the files, which only what is analysed in this process can be.
        jobs=options.jobs or (1 if options.watch else None),
        fail_on=Severity(options.fail_on) if options.fail_on else settings.fail_on,
    )


def _once(options: Options, settings: Settings, outputs: Sequence[Output], memory: Memory) -> int:
    cached = _cache(options)
    if options.from_stdin:
        inputs = engine.read_text(sys.stdin.buffer.read(), options.places[0], settings, cached)
    else:
        inputs = engine.read(options.places, settings, cached)
    report, changes = _checked(options, inputs, settings, memory, cached)
    if options.diff or (options.from_stdin and (options.fix or options.add_ignores)):
        # Standard output is for the diff or the code alone.
        outputs = [output for output in outputs if output.file is not None]
        if options.diff:
            console.echo_diff(report, changes)
        else:
            console.echo_code(report, inputs, changes)
    console.tell(report, settings, outputs)
    with timings.phase("reported"):
        for output in outputs:
            console.write_report(report, output, options.color)
    console.write_summary(report)
    missing = not options.from_stdin and not all(os.path.exists(path) for path in options.places)
    status = exit_status(report, missing, settings.fail_on, would_fix=options.diff)
    if options.require_verification and any(
        each.stands and each.verdict.reason in NO_MEANS for each in report.findings
    ):
        status = console.TROUBLE
    return 0 if options.exit_zero and status == FINDINGS else status


def _checked(
    options: Options, inputs: engine.Inputs, settings: Settings, memory: Memory, cached: Cache | None
) -> tuple[Report, list[Change]]:
    with progress.on_terminal() as shown:
        if options.add_ignores:
            from bnlint import ignoring

            return ignoring.add_ignores(inputs, settings, shown)
        if options.fix or options.diff:
            from bnlint import fixer

            return fixer.fix(inputs, settings, unsafe=options.unsafe_fixes, write=options.fix, progress=shown)
        report = engine.check_inputs(inputs, inputs.sources, settings, shown, memory, cached)
        if settings.verify and any(form.partition(":")[0] == "html" for form in options.formats):
            from bnlint import proving

            report = proving.with_proofs(report, inputs, settings, shown)
        return report, []


def _cache(options: Options) -> Cache | None:
    # What is to be written to must have been read.
    if options.no_cache or options.fix or options.diff or options.add_ignores:
        return None
    return Cache(Path(options.cache_dir) if options.cache_dir else user_folder())


@contextmanager
def _executor(options: Options) -> Generator[Executor | None]:
    if options.executor is None:
        yield None
        return
    from bnlint import executors

    try:
        with executors.opened(options.executor) as executor:
            yield executor
    except executors.ExecutorError as error:
        raise click.UsageError(f"--executor: {error}") from None


def _watch(options: Options, outputs: Sequence[Output]) -> NoReturn:
    """Check now and after each change, until interrupted."""
    settings, memory = _settings(options), Memory()
    while True:
        before = watching.state(options.places, settings)
        if sys.stdout.isatty():
            click.clear()
        _once(options, settings, outputs, memory)
        click.echo("Waiting for changes; Ctrl-C ends.", err=True)
        watching.wait(options.places, settings, before)
        try:
            settings = _settings(options)
        except (ConfigError, click.UsageError) as error:
            click.echo(f"error: {error}; the settings stay as they were", err=True)


def _codes(selectors: Sequence[str]) -> list[str]:
    return [code.strip().upper() for selector in selectors for code in selector.split(",") if code.strip()]


def _require_known(settings: Settings) -> None:
    codes = sorted(Selection(settings).codes)
    by_file = [selector for _, selectors in settings.per_file_ignores for selector in selectors]
    for selector in (*settings.select, *settings.ignore, *by_file):
        if not any(code.startswith(selector) for code in codes):
            message = f'no rule has the code "{selector}"{nearest(selector, codes)} (bnlint rules lists them)'
            hint = "; those of the configuration are not loaded without --allow-rules" if settings.refused_rules else ""
            raise click.UsageError(message + hint)
