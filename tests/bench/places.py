"""What verification decides in labelled places of real code, rung by rung, and what a finding costs.

Run from a checkout: ``python tests/bench/places.py INDEX.jsonl [id ...]``. Each line of the index names a place: "id",
the folder of its repository beside the index; "path" in it; "lines", first and last; "buggy"; "runnable".
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bnlint import engine
from bnlint.findings import Finding, Outcome
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.verify import VerifySettings, decide
from bnlint.verify.pool import Answer, Pool

LADDER = {
    "the module": ("module", "program"),
    "and a slice": ("module", "program", "slice"),
    "and stand-ins": ("module", "program", "slice", "stand-ins"),
}


class Shortened(Pool):
    """Takes the first rungs of the ladder only."""

    rungs: Sequence[str] = ()

    def ask(self, request: Mapping[str, Any], legacy_keras: bool, python: str) -> Answer:
        """The same request without the other rungs."""
        kept = [rung for rung in request["rungs"] if rung["name"] in self.rungs]
        return super().ask({**request, "rungs": kept}, legacy_keras, python)


def main(arguments: Sequence[str]) -> None:
    """Print a line for each finding with all rungs, and the verdicts for each length of the ladder."""
    index, only = Path(arguments[0]).resolve(), set(arguments[1:])
    places = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines()]
    found = [each for place in places if not only or place["id"] in only for each in _found(index.parent, place)]
    chosen = VerifySettings()
    for name, rungs in LADDER.items():
        tally: Counter[tuple[str, str]] = Counter()
        seconds: list[float] = []
        with Shortened(chosen.pythons, chosen.timeout, chosen.isolation) as pool:
            pool.rungs = rungs
            for legacy in (False, True):
                pool.start(sys.executable, legacy)
            for place, finding, text, folder in found:
                os.chdir(folder)
                began = time.perf_counter()
                verdict = decide(pool, finding.experiment, text, finding.filename, finding.era)
                seconds.append(time.perf_counter() - began)
                tally[(f"buggy {place['buggy']}, runnable {place['runnable']}", verdict.outcome.value)] += 1
                if rungs == LADDER["and stand-ins"]:
                    print(place["id"], finding.code, finding.span.row, verdict.outcome.value, verdict.reason or "")
        print(f"{name}: median {statistics.median(seconds):.2f} s a finding" if seconds else f"{name}: no findings")
        for (label, outcome), count in sorted(tally.items()):
            print(f"  {label}: {count} {outcome}")
        wrong = sum(n for (label, outcome), n in tally.items() if "False," in label and outcome == Outcome.CONFIRMED)
        print(f"  confirmed in correct places: {wrong}")


def _found(root: Path, place: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Finding, str, Path]]:
    """The findings that overlap the lines of the place, with the text that their rows belong to."""
    folder = root / place["id"]
    os.chdir(folder)
    report = engine.check(["."], Settings())
    first, last = place["lines"]
    here = [each for each in report.findings if each.filename.endswith(place["path"])]
    here = [each for each in here if each.span.row <= last and each.span.end_row >= first]
    texts = {
        each.filename: engine.as_analysed(Source.read(Path(each.filename), each.filename), Settings())[0].text
        for each in here
    }
    return [(place, each, texts[each.filename], folder) for each in here]


if __name__ == "__main__":
    main(sys.argv[1:])
