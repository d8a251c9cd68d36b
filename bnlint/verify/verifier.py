"""The verifier: runs the code a finding is about and says whether it does what the rule predicted.

TensorFlow lives in worker processes; nothing here imports it.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal

from bnlint.findings import Applicability, Era, Finding, Outcome, Verdict
from bnlint.fixes import differences
from bnlint.frozen import dataclass
from bnlint.verify import sandbox
from bnlint.verify.answers import Answer
from bnlint.verify.plan import Plan, Trial
from bnlint.verify.pool import NotRememberedError, Pool
from bnlint.verify.predictions import Experiment, OneSided
from bnlint.verify.remembered import Remembered
from bnlint.verify.seen import Place
from bnlint.verify.verdicts import failed_before, judge, prove, unable

__all__ = ["VerifySettings", "clears", "prove_fix", "verify"]

DECIDED = (Outcome.CONFIRMED, Outcome.REFUTED)
ALONE = ("statistic-not-seen", "law-not-explained", "raised", "made-up", "line-not-reached")
"""What may come of running a function without what its callers give it."""
MOST_SKIPPED = 8
REMEMBERED = "seen in an earlier run, of the same code under the same TensorFlow; --no-cache runs it again"
Isolation = Literal["auto", "strict", "none"]


@dataclass(frozen=True)
class VerifySettings:
    """How to run code.

    pythons: interpreters with TensorFlow; of several, code runs in the first that is of its era.
    timeout: seconds for one experiment, after which no other is begun for a finding. jobs: worker processes.
    isolation: "auto" takes what the system offers, "strict" refuses to run with less than all of `sandbox.ISOLATION`,
    "none" runs the code like any other program. fork: None decides by the system; False starts a process for each
    experiment. remember: the folder in which :func:`verify` keeps what it saw, so as not to run the same again.
    """

    pythons: Sequence[str] = (sys.executable,)
    timeout: float = 60.0
    jobs: int = 1
    isolation: Isolation = "auto"
    fork: bool | None = None
    remember: Path | None = None

    def pool(self) -> Pool:
        """Workers for these settings; to be used as a context manager."""
        remembered = self.remember and Remembered(self.remember, self.isolation, self.timeout)
        return Pool(self.pythons, self.timeout, self.isolation, self.fork, remembered)


def verify(
    findings: Sequence[Finding],
    texts: Mapping[str, str],
    settings: VerifySettings,
    progress: Callable[[int, int], None] | None = None,
    announce: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> list[Finding]:
    """The same findings in the same order, each with its verdict.

    texts: the decoded text of each finding's file, by ``Finding.filename``. progress: called with the number of
    findings that are done and of all. announce: called with a sentence that says what will run and how it is kept
    apart, before any of it does. executor: what runs the code instead of ``settings.jobs`` processes of this one, in
    processes that have the same bnlint, and the same files and interpreters under the same names.
    Never raises for what the code does, nor for a missing TensorFlow.
    """
    if not findings:
        return []
    jobs = [_Job(each.experiment, texts[each.filename], each.filename, each.era) for each in findings]
    done: dict[int, Verdict] = {}

    def tell() -> None:
        if progress is not None:
            progress(len(done), len(findings))

    with _Here(settings, len(jobs)) if executor is None else _Elsewhere(settings, executor) as workers:
        for index, verdict in workers.remembered(jobs):
            done[index] = verdict
            tell()
        left = [index for index in range(len(jobs)) if index not in done]
        if announce is not None and left:
            asked = [findings[index] for index in left]
            told = workers.running(list(_needs(asked, texts, several=len(settings.pythons) > 1)), _what(asked))
            # Why nothing can be run is told with the findings.
            if told is not None:
                announce(told)
        for index, verdict in zip(left, workers.verdicts([jobs[index] for index in left]), strict=True):
            done[index] = verdict
            tell()
    return [replace(finding, verdict=done[index]) for index, finding in enumerate(findings)]


@dataclass(frozen=True)
class _Job:
    """One finding to be decided: plain data, which another machine can be sent."""

    experiment: Experiment
    text: str
    filename: str
    era: Era


class _Here(ExitStack):
    """Pools of this process, one a thread."""

    def __init__(self, settings: VerifySettings, most: int) -> None:
        super().__init__()
        self._pools = [self.enter_context(settings.pool()) for _ in range(max(1, min(settings.jobs, most)))]
        self._remembers = settings.remember is not None

    def remembered(self, jobs: Sequence[_Job]) -> Iterator[tuple[int, Verdict]]:
        """The verdicts that are known from earlier runs, each with the number of its job."""
        self._pools[0].idle = True
        for index, job in enumerate(jobs if self._remembers else ()):
            with suppress(NotRememberedError):
                yield index, _decided(self._pools[0], job)
        self._pools[0].idle = False

    def running(self, needs: Sequence[tuple[Era, bool]], what: str) -> str | None:
        """See `_running`."""
        return _running(self._pools[0], needs, what)

    def verdicts(self, jobs: Sequence[_Job]) -> Iterator[Verdict]:
        """The verdicts on jobs, in their order."""
        free: SimpleQueue[Pool] = SimpleQueue()
        for pool in self._pools:
            free.put(pool)

        def one(job: _Job) -> Verdict:
            pool = free.get()
            try:
                return _decided(pool, job)
            finally:
                free.put(pool)

        threads = ThreadPoolExecutor(len(self._pools))
        try:
            yield from threads.map(one, jobs)
        finally:
            # A pool that is closed ends what its thread waits for.
            self.close()
            threads.shutdown(cancel_futures=True)


class _Elsewhere(_Here):
    """Processes of an executor, each with pools of its own."""

    def __init__(self, settings: VerifySettings, executor: Executor) -> None:
        super().__init__(settings, 1)
        # What was seen here is remembered here.
        self._settings = replace(settings, remember=None)
        self._executor = executor

    def running(self, needs: Sequence[tuple[Era, bool]], what: str) -> str | None:
        """See `_running`."""
        return self._executor.submit(_running_there, self._settings, needs, what).result()

    def verdicts(self, jobs: Sequence[_Job]) -> Iterator[Verdict]:
        """The verdicts on jobs, in their order."""
        placed = [replace(job, filename=os.path.abspath(job.filename)) for job in jobs]
        waiting = [self._executor.submit(_decided_there, self._settings, job) for job in placed]
        try:
            yield from (each.result() for each in waiting)
        finally:
            for each in waiting:
                each.cancel()


_there = threading.local()


def _pool_there(settings: VerifySettings) -> Pool:
    """The pool of a thread of a process that takes jobs, which is used for all of them."""
    pools: dict[VerifySettings, Pool] = _there.__dict__.setdefault("pools", {})
    if settings not in pools:
        pools[settings] = settings.pool()
        atexit.register(pools[settings].close)
    return pools[settings]


def _running_there(settings: VerifySettings, needs: Sequence[tuple[Era, bool]], what: str) -> str | None:
    return _running(_pool_there(settings), needs, what)


def _decided_there(settings: VerifySettings, job: _Job) -> Verdict:
    return _decided(_pool_there(settings), job)


def _decided(pool: Pool, job: _Job) -> Verdict:
    return decide(pool, job.experiment, job.text, job.filename, job.era)


def announcement(pool: Pool, era: Era, legacy_keras: bool, what: str) -> str:
    """A sentence about what is going to run, in which Python, and how it is kept apart; starts the worker."""
    told = _running(pool, [(era, legacy_keras)], what)
    if told is not None:
        return told
    state = pool.start(pool.suited(era, legacy_keras), legacy_keras)
    return f"Nothing can be run: {unable(state['failed'], state.get('message', '')).detail}"


def _running(pool: Pool, needs: Iterable[tuple[Era, bool]], what: str) -> str | None:
    """None if nothing can be run. needs: the era and the flavour of Keras of all that is to run."""
    states = {
        pool.suited(era, legacy_keras): pool.start(pool.suited(era, legacy_keras), legacy_keras)
        for era, legacy_keras in needs
    }
    ready = {python: state for python, state in states.items() if "failed" not in state}
    if not ready:
        return None
    pythons = " and ".join(f"{python} (TensorFlow {state['ready']['tensorflow']})" for python, state in ready.items())
    reached = [
        each for each in sandbox.ISOLATION if all(each in state.get("isolation", ()) for state in ready.values())
    ]
    failed = "".join(f"; {python} cannot be used: {unable(*why).detail}" for python, why in pool.failed().items())
    return f"Running {what} with {pythons}; {sandbox.in_words(reached, pool.isolation)}{failed}"


def _needs(findings: Sequence[Finding], texts: Mapping[str, str], several: bool) -> Iterator[tuple[Era, bool]]:
    """several: whether there is a choice of interpreters; else one finding tells enough."""
    for each in findings if several else findings[:1]:
        plan = Plan(each.experiment, texts[each.filename], each.filename, each.era)
        yield each.era, plan.first().legacy_keras


def _what(findings: Sequence[Finding]) -> str:
    files = {finding.filename for finding in findings}
    code = "the code of 1 finding" if len(findings) == 1 else f"the code of {len(findings)} findings"
    return code + (f" in {len(files)} files" if len(files) > 1 else f" in {findings[0].filename}")


def clears(pool: Pool, finding: Finding, before: str, after: str) -> Verdict:
    """Run the finding's experiment on another text than the one it was made for, such as a corrected program.

    REFUTED: what was predicted does not come true there; neither at the lines that are still the same nor, where
    these decide nothing, for any statistic that the text creates.
    """
    verdict = decide(pool, _moved(finding.experiment, before, after), after, finding.filename, finding.era)
    if verdict.outcome is not Outcome.UNDECIDED:
        return verdict
    anywhere = replace(finding.experiment, statistics=(), row=0)
    return decide(pool, anywhere, after, finding.filename, finding.era)


def prove_fix(pool: Pool, finding: Finding, before: Mapping[str, str], after: Mapping[str, str]) -> Verdict:
    """Run the finding's experiment on the texts before and after a fix, on the same inputs.

    before, after: the texts of the finding's file and of all files that are not as they are on disk, by their names.
    CONFIRMED: proven, see :func:`bnlint.verify.verdicts.prove`. REFUTED: the fix does not help, or changes what the
    code returns in training mode. UNDECIDED: the fixed text could not be run, or its law not be explained.
    """
    experiment = finding.experiment
    # Else a fix would have to answer for what its callers have yet to do.
    proof = _proven(pool, finding, replace(experiment, callers=(), trainers=()), before, after)
    if proof.outcome is Outcome.UNDECIDED and (experiment.callers or experiment.trainers):
        by_callers = _proven(pool, finding, experiment, before, after)
        return by_callers if by_callers.outcome in DECIDED else proof
    return proof


def _proven(
    pool: Pool, finding: Finding, experiment: Experiment, before: Mapping[str, str], after: Mapping[str, str]
) -> Verdict:
    name = finding.filename
    fixed = _moved(experiment, before[name], after[name])
    first = decide(pool, experiment, before[name], name, finding.era, before)
    second = decide(pool, fixed, after[name], name, finding.era, after)
    safe = finding.fix is None or finding.fix.applicability is Applicability.SAFE
    proof = prove(fixed, first, second, same_output=safe)
    if proof.reason != "law-not-explained" or second.evidence["mode"] != "program":
        return proof
    # In a program many things happen between two looks at a statistic; by itself, the code shows its law.
    plan = Plan(fixed, after[name], name, finding.era, after)
    trial = plan.driven() or plan.first()
    alone = _try(pool, pool.suited(finding.era, trial.legacy_keras), plan.place, trial)
    return prove(fixed, first, second, same_output=safe, alone=alone)


def _moved(experiment: Experiment, before: str, after: str) -> Experiment:
    """The same experiment, its rows where they are in the text after; rows that are gone are left out."""
    rows = _moved_rows(before, after)
    prediction = experiment.prediction
    if isinstance(prediction, OneSided):
        # Those of another file are negative.
        resting = (rows.get(row, row if row < 0 else 0) for row in prediction.resting)
        prediction = OneSided(tuple(filter(None, resting)))
    statistics = tuple(rows[row] for row in experiment.statistics if row in rows)
    return replace(experiment, prediction=prediction, statistics=statistics, row=rows.get(experiment.row, 0))


def _moved_rows(before: str, after: str) -> dict[int, int]:
    """Where each row of the text before stands in the text after; a rewritten line counts as the same one."""
    old, new = before.splitlines(), after.splitlines()
    rows: dict[int, int] = {}
    for tag, i, i_end, j, j_end in differences(old, new):
        if tag in ("equal", "replace"):
            rows.update(zip(range(i + 1, i_end + 1), range(j + 1, j_end + 1), strict=False))
        if tag == "replace":
            # A line that was only indented is still the same one; where lines have come, the closest one is.
            cutoff = 1.0 if i_end - i == j_end - j else 0.6
            code = [line.strip() for line in new[j:j_end]]
            for row in range(i, i_end):
                for closest in get_close_matches(old[row].strip(), code, n=1, cutoff=cutoff):
                    rows[row + 1] = j + code.index(closest) + 1
    return rows


def decide(
    pool: Pool, experiment: Experiment, text: str, filename: str, era: Era, others: Mapping[str, str] | None = None
) -> Verdict:
    """Run trial after trial until one decides; else what the first one had to say, with the caller whose duty it is.

    others: the texts of files that the code may import, where they are not as they are on disk.
    """
    plan = Plan(experiment, text, filename, era, others)
    verdict = _decide(pool, plan, plan.place, pool.suited(era, plan.first().legacy_keras))
    if verdict.outcome is not Outcome.DEFERRED or not experiment.callers:
        return verdict
    return replace(verdict, detail=f"{verdict.detail}, {' and '.join(map(str, experiment.callers))}")


def _decide(pool: Pool, plan: Plan, place: Place, python: str) -> Verdict:
    until = time.monotonic() + pool.timeout
    verdict = _try(pool, python, place, plan.first())
    if verdict.outcome in DECIDED or not verdict.evidence.get("modes"):
        return verdict
    skipped: list[int] = []
    while (row := failed_before(place, verdict)) is not None and row not in skipped and len(skipped) < MOST_SKIPPED:
        skipped.append(row)
        verdict = _try(pool, python, place, plan.skipping(skipped))
    if verdict.outcome in DECIDED:
        return verdict
    for trial in takewhile(lambda _: time.monotonic() < until, _others(plan, verdict)):
        second = _try(pool, python, place, trial)
        if second.outcome in DECIDED:
            return second
        if second.outcome is Outcome.DEFERRED and verdict.outcome is Outcome.UNDECIDED:
            verdict = second
    return verdict


def _others(plan: Plan, verdict: Verdict) -> Iterator[Trial]:
    """What else may decide, the likeliest first. verdict: on the first trial."""
    if verdict.reason in ALONE:
        yield from plan.called()
    switched = plan.switched() if verdict.reason == "line-not-reached" else None
    missing = _misses_names(verdict)
    older = plan.under_keras_2() if missing or verdict.reason == "line-not-reached" else None
    ported = plan.ported() if missing else None
    yield from (trial for trial in (switched, plan.driven(), older, ported, plan.program()) if trial is not None)
    if verdict.outcome is Outcome.DEFERRED or verdict.reason in ALONE:
        yield from plan.called_from_elsewhere()


def _misses_names(verdict: Verdict) -> bool:
    """Whether the code failed for want of a name that TensorFlow 1 had."""
    return "has no attribute" in verdict.detail or "not available with Keras 3" in verdict.detail


def _try(pool: Pool, python: str, place: Place, trial: Trial) -> Verdict:
    answer = pool.ask({**trial.request, "timeout": pool.timeout}, trial.legacy_keras, python)
    if answer.versions is None or answer.ending == "no-isolation":
        return unable(answer.ending, answer.message)
    try:
        facts = facts_of(answer, trial.note)
        if answer.remembered:
            facts["notes"].append(REMEMBERED)
        if trial.statistics:
            place = place.watching(trial.statistics)
        return judge(place, answer.observations, answer.ending, facts)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # It was written by a process that had run the user's code.
        return unable("garbled", f"{type(error).__name__}: {error}")


def facts_of(answer: Answer, note: str | None) -> dict[str, Any]:
    """What the evidence says about a run as a whole: versions, isolation and notes."""
    return {**(answer.versions or {}), "isolation": list(answer.isolation), "notes": [note] if note else []}
