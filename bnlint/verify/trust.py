"""What a run with stand-ins may decide: nothing in which one of them had a say."""

from __future__ import annotations

from bnlint.findings import Outcome
from bnlint.verify.evidence import Observation
from bnlint.verify.predictions import (
    Changed,
    DependsOnBatch,
    InitialShare,
    Leaks,
    MixedLaw,
    NormalisesOnly,
    NoStatistics,
    OnePhase,
    OneSided,
    Prediction,
    SeveralUpdates,
    Unchanged,
    WrongLaw,
    simple,
)
from bnlint.verify.seen import Place, Seen, undecided, watched, within

OF_LAWS = (WrongLaw, MixedLaw, InitialShare)
OF_FLOWS = (Changed, DependsOnBatch, OnePhase, NoStatistics, *OF_LAWS)
"""What depends on the way from the inputs to the outputs, on which a stand-in may stand."""
KNOWN = (Unchanged, Leaks, OneSided, SeveralUpdates, NormalisesOnly, *OF_FLOWS)


def trusted(place: Place, prediction: Prediction, seen: Seen, observation: Observation) -> Seen:
    """The same, unless it is decided and a stand-in may have decided it."""
    part = observation["stand_ins"]
    if not part["used"] or seen.outcome not in (Outcome.CONFIRMED, Outcome.REFUTED):
        return seen
    predictions = tuple(simple(prediction))
    flows = any(isinstance(one, OF_FLOWS) for one in predictions)
    laws = any(isinstance(one, OF_LAWS) for one in predictions)
    decided = (
        not all(isinstance(one, KNOWN) for one in predictions)
        or part["flag"]
        or any(not _leads_here(place, row) for row in part["branches"])
        or (flows and part["tensors"])
        or (laws and part["numbers"])
        or any(variable["given"] for variable in watched(place, observation))
    )
    return undecided("stand-in-decided") if decided else seen


def _leads_here(place: Place, row: int) -> bool:
    """Whether it is the row of a test that had to let the finding's line run; the finding speaks of nothing else."""
    return any(within(row, rows) for rows in place.tests)
