"""What verification decides in labelled places of real code, rung by rung, and what a finding costs.

Run from a checkout: ``python tests/bench/places.py INDEX.jsonl [id ...]``. Each line of the index names a place: "id",
the folder of its repository beside the index; "path" in it; "lines", first and last; "buggy"; "runnable": true,
"needs-compat-v1" or false. Places that are said not to be runnable are left out, unless they are asked for by their id.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnlint import engine
from bnlint.analysing import as_analysed
from bnlint.findings import Finding, Outcome, Severity, Verdict
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.verify.answers import Answer
from bnlint.verify.pool import Pool
from bnlint.verify.verifier import VerifySettings, decide

LADDER = {
    "the module": ("module", "program"),
    "and a slice": ("module", "program", "slice"),
    "and stand-ins": ("module", "program", "slice", "stand-ins"),
}
WHOLE = "and stand-ins"


class Shortened(Pool):
    """Takes the first rungs of the ladder only."""

    rungs: Sequence[str] = ()

    def ask(self, request: Mapping[str, Any], legacy_keras: bool, python: str) -> Answer:
        """The same request without the other rungs."""
        kept = [rung for rung in request["rungs"] if rung["name"] in self.rungs]
        return super().ask({**request, "rungs": kept}, legacy_keras, python)


@dataclass(frozen=True)
class Found:
    """A finding in a labelled place. text: what its rows count in. folder: the repository."""

    place: Mapping[str, Any]
    finding: Finding
    text: str
    folder: Path


@dataclass(frozen=True)
class Decided:
    """What a ladder of that length made of a finding."""

    found: Found
    ladder: str
    verdict: Verdict
    seconds: float

    @property
    def is_wrong(self) -> bool:
        """Confirmed where a person says that nothing is wrong."""
        return self.found.place["buggy"] is False and self.verdict.outcome is Outcome.CONFIRMED


def main(arguments: Sequence[str]) -> None:
    """Print a line for each finding with all rungs, and the verdicts for each length of the ladder."""
    rows = list(decided(findings(Path(arguments[0]).resolve(), set(arguments[1:]))))
    for row in rows:
        if row.ladder == WHOLE:
            place, verdict = row.found.place, row.verdict
            told = (verdict.outcome.value, verdict.reason or "", verdict.detail[:150].replace("\n", " "))
            print(place["id"], place["buggy"], row.found.finding.code, row.found.finding.span.row, *told)
    for name in LADDER:
        here = [row for row in rows if row.ladder == name]
        print(f"{name}: median {statistics.median(row.seconds for row in here):.2f} s a finding")
        tally = Counter(f"buggy {row.found.place['buggy']}: {row.verdict.outcome.value}" for row in here)
        for label, count in sorted(tally.items()):
            print(f"  {label} {count}")
        print(f"  confirmed in correct places: {sum(row.is_wrong for row in here)}")


def findings(index: Path, only: Iterable[str] = ()) -> list[Found]:
    """The findings that overlap the lines of the places; notes are hints, not findings."""
    places = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines()]
    wanted = [each for each in places if (each["id"] in only if only else each["runnable"])]
    return [found for place in wanted for found in _in_place(index.parent, place)]


def decided(found: Sequence[Found], ladders: Sequence[str] = tuple(LADDER)) -> Iterator[Decided]:
    """Every finding, once for each length of the ladder."""
    chosen = VerifySettings()
    for name in ladders:
        with Shortened(chosen.pythons, chosen.timeout, chosen.isolation) as pool:
            pool.rungs = LADDER[name]
            for legacy in (False, True):
                pool.start(sys.executable, legacy)
            for each in found:
                os.chdir(each.folder)
                began = time.perf_counter()
                finding = each.finding
                verdict = decide(pool, finding.experiment, each.text, finding.filename, finding.era)
                yield Decided(each, name, verdict, time.perf_counter() - began)


def _in_place(root: Path, place: Mapping[str, Any]) -> Iterator[Found]:
    folder = root / place["id"]
    os.chdir(folder)
    report = engine.check(["."], Settings())
    first, last = place["lines"]
    for each in report.findings:
        overlaps = each.span.row <= last and each.span.end_row >= first
        if each.filename.endswith(place["path"]) and overlaps and each.severity is not Severity.INFO:
            source = Source.read(Path(each.filename), each.filename)
            yield Found(place, each, as_analysed(source, Settings())[0].text, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
