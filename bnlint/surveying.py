"""What ``bnlint verify`` does with its options."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace

import click

from bnlint import checking, console, engine, progress
from bnlint.analysing import as_analysed
from bnlint.settings import load, nearest
from bnlint.verify.survey import Survey, flavour, survey, symbols
from bnlint.verify.verifier import announcement

WRONG = 1


def run(target: str, form: str, python: tuple[str, ...], isolation: str | None, color: str) -> int:
    """Run it, show it, and return the exit status. Raises UsageError and ConfigError."""
    from bnlint.report import laws

    file, _, symbol = target.partition("::")
    if not os.path.isfile(file):
        raise click.UsageError(f'there is no file "{file}"')
    settings = checking.running_as_told(load((file,)), (file,), python, isolation)
    inputs = engine.read((file,), replace(settings, force_exclude=False))
    if inputs.errors or not inputs.sources:
        console.fail(f"{file}: {inputs.errors[0].message if inputs.errors else 'is no Python file or notebook'}")
    source, era, errors = as_analysed(inputs.sources[0], settings)
    if errors:
        console.fail(f"{file}: {errors[0].message}")
    wanted = _wanted(source.text, symbol, file)
    with progress.on_terminal() as shown, engine.verify_settings(settings).pool() as pool:
        legacy_keras = flavour(wanted[0], source.text, source.filename, era)
        shown.announce(announcement(pool, era, legacy_keras, target))
        shown.start("running", len(wanted))
        done: list[Survey] = []
        for each in wanted:
            done.append(survey(pool, each, source.text, source.filename, era))
            shown.advance()
    # A file has much in it that keeps no statistics; who names one thing wants to hear about it.
    told = [each for each in done if symbol or each.statistics or each.failures]
    if form == "json":
        console.echo(json.dumps(laws.as_data(told, source, era), indent=2, allow_nan=False) + "\n")
    else:
        columns = shutil.get_terminal_size().columns
        console.echo(laws.render(told, source, era, console.colored(color), columns))
    return _status(told)


def _wanted(text: str, symbol: str, file: str) -> list[str | None]:
    """What to run, a symbol each; None is the file as a program. Raises UsageError for a symbol that is not there."""
    known = symbols(text)
    if symbol and symbol.split(".")[0] not in known:
        hint = nearest(symbol, known) or (f" (there is {', '.join(known)})" if known else "")
        raise click.UsageError(f'{file} has no function or class "{symbol}"{hint}')
    return [symbol] if symbol else [*known] or [None]


def _status(done: list[Survey]) -> int:
    if any(not statistic.right for each in done for statistic in each.statistics):
        return WRONG
    return 0 if any(each.statistics for each in done) else console.TROUBLE
