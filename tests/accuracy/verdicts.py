"""Measures what running the code decides, and writes the part of docs/accuracy.md that says so.

PYTHONPATH=tests python -m accuracy.verdicts INDEX

INDEX: the ``index.jsonl`` of the labelled places, with the repositories beside it. Takes a quarter of an hour.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accuracy.page import PAGE, table, with_verdicts
from bench import places
from bench.places import LADDER, WHOLE, Decided
from bench.verifier import Cost, measured
from bnlint.engine import check_sources
from bnlint.findings import Finding, Outcome
from bnlint.registry import load_rules
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.verify.plan import Plan
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import Experiment, Unchanged, simple
from bnlint.verify.seen import Place, watched
from bnlint.verify.verifier import VerifySettings, decide

OTHERS = Path(__file__).with_name("others.py")
RUNGS = {
    "the module": "the file as it stands",
    "and a slice": "and the part of it that the finding needs",
    "and stand-ins": "and stand-ins for what is missing, and the callers",
}


def main(arguments: Sequence[str]) -> None:
    """Measure and write."""
    index = Path(arguments[0]).resolve()
    rows = list(places.decided(places.findings(index)))
    section = "\n".join([_ladder(rows), _wrong(rows), _others(list(_programs())), _cost(measured())])
    PAGE.write_text(with_verdicts(PAGE.read_text(encoding="utf-8"), section), encoding="utf-8")


@dataclass(frozen=True)
class _Program:
    """A program of a rule, and what each way to test says of it: an alarm, none, or None where it cannot be used."""

    is_bad: bool
    said: Mapping[str, bool | None]


def _ladder(rows: Sequence[Decided]) -> str:
    shown: list[tuple[object, ...]] = []
    outcomes = (Outcome.CONFIRMED, Outcome.REFUTED, Outcome.DEFERRED, Outcome.UNDECIDED)
    for ladder in LADDER:
        here = [row for row in rows if row.ladder == ladder]
        count = Counter(row.verdict.outcome for row in here)
        share = 1 - count[Outcome.UNDECIDED] / len(here)
        shown.append((RUNGS[ladder], *(count[each] for each in outcomes), f"{share:.0%}"))
    whole = sum(row.ladder == WHOLE for row in rows)
    told = f"""{whole} errors and warnings are in labelled places that are said to be runnable, as they are or by
        `tf.compat.v1`. What becomes of them when bnlint climbs the first rungs of its ladder only, and all:"""
    headings = ("what is run", *(each.value for each in outcomes), "all but undecided")
    return f"{_paragraph(told)}\n{table(headings, shown)}"


def _wrong(rows: Sequence[Decided]) -> str:
    whole = [row for row in rows if row.ladder == WHOLE]
    wrong = sum(row.is_wrong for row in whole)
    reasons = Counter(row.verdict.reason or "" for row in whole if row.verdict.outcome is Outcome.UNDECIDED)
    told = ", ".join(f"`{reason}` {count}" for reason, count in reasons.most_common())
    return _paragraph(
        f"""Confirmed in a place that is labelled right: {wrong}. Why findings are undecided: {told or "none is"}."""
    )


def _others(programs: Sequence[_Program]) -> str:
    bad, good = ([each for each in programs if each.is_bad is wanted] for wanted in (True, False))
    shown: list[tuple[object, ...]] = []
    for name, title in WAYS.items():
        caught, alarms = ([each.said[name] for each in some if each.said[name] is not None] for some in (bad, good))
        shown.append(
            (title, f"{sum(map(bool, caught))} of {len(caught)}", f"{sum(map(bool, alarms))} of {len(alarms)}")
        )
    before = f"""The programs of the rules that predict that a statistic keeps its value, {len(bad)} wrong and
        {len(good)} right, and what else one could test them with. Each way counts where it can be used: the harness on
        layers of Keras 3, the attribute on classes that keep a statistic in one, the output on what can be called."""
    after = """The harness is `run_layer_test`, with which Keras tests its own layers. *By the attribute* reads a
        variable through its name after each of 3 steps, and calls it unchanged if `numpy.allclose` does, as monitors of
        training do. *By the output* computes only what the code returns, and looks at the variables before and
        after."""
    shown_table = table(("", "wrong programs caught", "right programs accused"), shown)
    return f"{_paragraph(before)}\n{shown_table}\n{_paragraph(after)}"


WAYS = {
    "bnlint": "bnlint, found and confirmed",
    "harness": "the harness of Keras",
    "attribute": "unchanged by the attribute",
    "output": "unchanged by the output",
}


def _programs() -> Iterator[_Program]:
    """Each wrong program in which something is predicted to keep its value, and its right twin."""
    pairs = list(_pairs())
    seen = _seen_by_others(sorted({str(path) for bad, good, _ in pairs for path in (bad, good)}))
    with VerifySettings().pool() as pool:
        for bad, good, findings in pairs:
            name = (findings[0].symbol or "").split(".")[0]
            for path in (bad, good):
                said: dict[str, bool | None] = {
                    way: seen.get((str(path), name), {}).get(way) for way in ("harness", "attribute")
                }
                said["output"] = _still_by_output(pool, path, findings[0])
                said["bnlint"] = _confirmed(pool, path, findings) if path == bad else bool(_found(path))
                yield _Program(path == bad, said)


def _pairs() -> Iterator[tuple[Path, Path, list[Finding]]]:
    for rule in load_rules():
        for bad in sorted(rule.folder.glob("bad*.py")):
            predicted = [each for each in _found(bad) if each.code == rule.code and _keeps(each)]
            good = bad.with_name(bad.name.replace("bad", "good", 1))
            if predicted and good.exists():
                yield bad, good, predicted


def _found(path: Path) -> list[Finding]:
    return list(check_sources([Source.read(path, path.name)], Settings()).findings)


def _keeps(finding: Finding) -> bool:
    return any(isinstance(one, Unchanged) for one in simple(finding.experiment.prediction))


def _confirmed(pool: Pool, path: Path, findings: Sequence[Finding]) -> bool:
    text = path.read_text(encoding="utf-8")
    verdicts = (decide(pool, each.experiment, text, each.filename, each.era) for each in findings)
    return any(verdict.outcome is Outcome.CONFIRMED for verdict in verdicts)


def _still_by_output(pool: Pool, path: Path, finding: Finding) -> bool | None:
    """Whether a statistic keeps its value while only what the code returns is computed; None if it does not run."""
    if finding.symbol is None:
        return None
    after = "train-op" if finding.era.tensorflow == "1" else "call"
    experiment = Experiment(Unchanged(after), finding.symbol, (), 0)
    text = path.read_text(encoding="utf-8")
    trial = Plan(experiment, text, path.name, finding.era).first()
    answer = pool.ask({**trial.request, "timeout": pool.timeout}, trial.legacy_keras, sys.executable)
    place = Place(experiment, (0, 0), ())
    ran = [watched(place, each) for each in answer.observations if each["error"] is None]
    moves = [variable["moved"]["call"] for each in ran[:1] for variable in each if "call" in variable["moved"]]
    return not all(moves) if moves else None


def _seen_by_others(paths: Sequence[str]) -> dict[tuple[str, str], dict[str, Any]]:
    lines = subprocess.run(
        [sys.executable, OTHERS, *paths], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True
    ).stdout
    found = [json.loads(line) for line in lines.splitlines()]
    return {(each["path"], each["class"]): each for each in found}


def _cost(cost: Cost) -> str:
    return _paragraph(
        f"""What it costs, measured with the {len(cost.runs)} findings in the wrong programs of the rules, as shares of
        what `import tensorflow` takes: a finding {cost.share:.2f}, at the median; the start of a worker
        {cost.start:.2f}. With a new process for each, a finding takes {cost.saved:.0f} times as long. The largest
        process of a worker has {cost.memory / 1e9:.2f} GB in memory."""
    )


def _paragraph(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 120, break_on_hyphens=False) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
