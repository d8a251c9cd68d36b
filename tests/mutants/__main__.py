"""Prints how many mutants of each kind are found, and how many of those that are offered a fix are mended by it.

PYTHONPATH=tests python -m mutants [--show] [--verify] [MUTATION …]

--show: print what is missed or not mended, as diffs. --verify: make only fixes that running the code proves.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from mutants.generator import Mutant, findings, mutants, programs
from mutants.judging import COLUMNS, judged


def main(arguments: Sequence[str]) -> None:
    """Break, check and fix everything, and print the table."""
    options = {each for each in arguments if each.startswith("--")}
    wanted = [each for each in arguments if each not in options]
    alarms = [(program.name, each.span.row, each.code) for program in programs() for each in findings(program.texts)]
    print(f"right programs: {len(list(programs()))}, findings in them: {alarms or 'none'}")
    table: dict[str, Counter[str]] = {}
    for mutant in mutants():
        name = mutant.mutation.name
        if wanted and name not in wanted:
            continue
        row = judged(mutant, verify="--verify" in options)
        table.setdefault(name, Counter()).update(row)
        if "--show" in options and (not row["right"] or row["mended"] < row["offered"]):
            _show(mutant, row)
    print(f"{'':32s}" + "".join(f"{column:>9s}" for column in COLUMNS))
    for name, row in [*sorted(table.items()), ("all", sum(table.values(), Counter()))]:
        print(f"{name:32s}" + "".join(f"{row[column]:9d}" for column in COLUMNS))


def _show(mutant: Mutant, row: Counter[str]) -> None:
    what = "not mended" if row["right"] else "missed"
    print(f"\n{what}: {mutant.mutation.name} in {mutant.program.name}, {mutant.filename}\n{mutant.difference()}")
    report, texts = mutant.fixed()
    for each in findings(texts):
        print("  left:", each.code, each.span.row, each.message)
    for each in report.findings:
        if each.proof is not None:
            print("  held:", each.code, each.span.row, each.proof.detail)


main(sys.argv[1:])
