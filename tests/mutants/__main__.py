"""Prints how many mutants of each kind are found, and how many of those that are offered a fix are mended by it.

Run as ``PYTHONPATH=tests python -m mutants``; with ``--decide`` to see what running them decides.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

from bnlint.findings import Outcome
from bnlint.verify.verifier import VerifySettings
from mutants.deciding import decided
from mutants.generator import Mutant, findings, mutants, programs
from mutants.judging import COLUMNS, judged


def main() -> None:
    """Break, check and fix everything, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="MUTATION", help="only mutants of these kinds")
    parser.add_argument("--show", action="store_true", help="print what is missed or not mended, as diffs")
    parser.add_argument("--verify", action="store_true", help="make only fixes that running the code proves")
    parser.add_argument("--decide", action="store_true", help="run the findings instead, and print what is undecided")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth mutant")
    options = parser.parse_args()
    if options.decide:
        _decide(list(mutants())[:: options.every], options.names)
        return
    alarms = [(program.name, each.span.row, each.code) for program in programs() for each in findings(program.texts)]
    print(f"right programs: {len(list(programs()))}, findings in them: {alarms or 'none'}")
    table: dict[str, Counter[str]] = {}
    for mutant in list(mutants())[:: options.every]:
        name = mutant.mutation.name
        if options.names and name not in options.names:
            continue
        row = judged(mutant, options.verify)
        table.setdefault(name, Counter()).update(row)
        if options.show and (not row["right"] or row["mended"] < row["offered"]):
            _show(mutant, row, options.verify)
    print(f"{'':32s}" + "".join(f"{column:>9s}" for column in COLUMNS))
    for name, row in [*sorted(table.items()), ("all", sum(table.values(), Counter[str]()))]:
        print(f"{name:32s}" + "".join(f"{row[column]:9d}" for column in COLUMNS))


def _decide(chosen: Sequence[Mutant], names: Sequence[str]) -> None:
    """Run every finding of the right family, and print those that are not confirmed."""
    with VerifySettings().pool() as pool:
        rows = [row for each in chosen if not names or each.mutation.name in names for row in decided(pool, each)]
    for row in rows:
        if row.verdict.outcome is not Outcome.CONFIRMED:
            print(row)
    print(Counter(row.verdict.outcome.value for row in rows), "decided:", sum(row.is_decided for row in rows))


def _show(mutant: Mutant, row: Counter[str], verify: bool) -> None:
    what = "not mended" if row["right"] else "missed"
    print(f"\n{what}: {mutant.mutation.name} in {mutant.program.name}, {mutant.filename}\n{mutant.difference()}")
    report, texts = mutant.fixed(verify)
    for each in findings(texts):
        print("  left:", each.code, each.span.row, each.message)
    for each in report.findings:
        if each.proof is not None:
            print("  held:", each.code, each.span.row, each.proof.detail)


main()
