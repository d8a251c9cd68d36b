"""What one prediction makes of one observation, and which variables it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bnlint.findings import Outcome
from bnlint.frozen import dataclass
from bnlint.verify.evidence import Observation, Variable
from bnlint.verify.predictions import Experiment

Rows = tuple[int, int]


@dataclass(frozen=True)
class Seen:
    """``reason`` is a key of REASONS if it is undecided, deferred or explained otherwise.

    weak: agrees, but cannot stand alone, since it is not known whether the finding's line ran.
    """

    outcome: Outcome
    reason: str | None = None
    weak: bool = False


CONFIRMED, REFUTED = Seen(Outcome.CONFIRMED), Seen(Outcome.REFUTED)


def undecided(reason: str) -> Seen:
    """Says nothing, for this reason."""
    return Seen(Outcome.UNDECIDED, reason)


def failed(observation: Observation) -> Seen:
    """Why a run that raised says nothing."""
    stages = {"syntax": "syntax-error", "import": "import-failed", "find": "symbol-not-found"}
    return undecided(stages.get(observation["error"]["stage"], "raised"))


@dataclass(frozen=True)
class Place:
    """Where the finding is: the rows of its statement, and for each watched row the rows of that statement.

    A row of 0 stands for another text than the one the finding was made for: nothing is known about its lines.
    uses: the rows of the statements that use what the finding's statement binds, where its error may come to light.
    tests: the rows of the tests that lead to the finding's statement.
    """

    experiment: Experiment
    row: Rows
    statistics: tuple[Rows, ...]
    uses: tuple[Rows, ...] = ()
    tests: tuple[Rows, ...] = ()

    def watching(self, statistics: tuple[int, ...]) -> Place:
        """The same, but what is watched is created on these rows."""
        experiment = replace(self.experiment, statistics=statistics)
        return replace(self, experiment=experiment, statistics=tuple((row, row) for row in statistics))

    @property
    def known(self) -> bool:
        """Whether the finding's line is known in this text."""
        return bool(self.row[1])

    def reached(self, observation: Observation) -> bool:
        """Whether the finding's line ran."""
        return not self.known or any(within(row, self.row) for row in observation["hits"])

    def is_from(self, row: int) -> bool:
        """Whether an error on this row may be the doing of the finding's line."""
        return not self.known or any(within(row, rows) for rows in (self.row, *self.uses))

    def missing(self, observation: Observation) -> Seen:
        """Why there is no variable to look at."""
        if observation["error"] is not None:
            return failed(observation)
        return undecided("statistic-not-seen" if self.reached(observation) else "line-not-reached")

    def if_reached(self, observation: Observation) -> Seen:
        """Confirmed, if the finding's line ran."""
        if self.reached(observation):
            return CONFIRMED
        # Code that autograph rewrote leaves no trace of its lines.
        traced = observation["mode"] in ("function", "fit")
        return Seen(Outcome.CONFIRMED, weak=True) if traced else undecided("line-not-reached")

    def if_ran(self, seen: Seen, observation: Observation) -> Seen:
        """The same, unless it is decided by a run in which the finding's line had no part."""
        if seen.outcome is Outcome.CONFIRMED:
            return self.if_reached(observation)
        unheard = seen.outcome is Outcome.REFUTED and not self.reached(observation)
        return undecided("line-not-reached") if unheard else seen


def within(row: int, rows: Rows) -> bool:
    """Whether the row is one of them."""
    return rows[0] <= row <= rows[1]


def watched(place: Place, observation: Observation) -> list[Variable]:
    """The variables that the experiment is about.

    Those whose innermost row is watched; else those that a watched row led to; else those of the watched statement.
    Nothing watched means the statistics that the finding's own line makes, or else those for whose updates it waits or
    for which it reads too early, or else every statistic: not trainable, and either made by the user's own lines or by
    a normalisation layer. Of all these those of the names that the experiment knows, if there are any.
    """
    found = _watched(place, observation)
    return [v for v in found if v["name"].rpartition("/")[2] in place.experiment.names] or found


def _watched(place: Place, observation: Observation) -> list[Variable]:
    rows = set(place.experiment.statistics)
    # A layer's row makes its trainable weights too.
    variables = [
        v for v in observation["variables"] if v["initial"] is not None and not (v["owner"] and v["trainable"])
    ]
    if not rows:
        every = [v for v in variables if v["rows"] and not v["trainable"] and v["shape"] != []]
        statistics = [v for v in every if "Norm" in (v["owner"] or "Norm")]
        here = [v for v in statistics if place.known and any(within(row, place.row) for row in v["rows"])]
        waiting = [v for v in statistics if v["waited"]] or [v for v in statistics if v["missed"]]
        return _driven(here or waiting or statistics)
    return _driven(
        [v for v in variables if rows & set(v["rows"][:1])]
        or [v for v in variables if rows & set(v["rows"])]
        or [v for v in variables if any(within(row, statement) for row in v["rows"] for statement in place.statistics)]
    )


def _driven(variables: list[Variable]) -> list[Variable]:
    """Without those that the file's own example call made, which nobody drove on; unless there are no others."""
    return [v for v in variables if not v["imported"]] or variables


def moved(variable: Variable, phase: str) -> bool:
    """By an update, that is."""
    return bool(variable["moved"].get(phase)) and not by_optimizer(variable, phase)


def by_optimizer(variable: Variable, phase: str) -> bool:
    """A statistic that was left trainable is moved by the optimizer too, which is no average of the batches."""
    trained = variable["trainable"] and phase in ("train-op", "fit")
    return trained and variable["laws"][phase]["kind"] in ("unexplained", "once")


def own_kind(variable: Variable) -> str:
    """ "mean" or "variance": what the statistic is meant to hold, as far as its start and its name say."""
    name = variable["name"].lower().rpartition("/")[2].replace("variable", "")
    ones = all(number == 1 for number in variable["initial"] or [0])
    return "variance" if ones or "var" in name else "mean"


def probe(observation: Observation, name: str) -> Mapping[str, Any] | None:
    """What a probe found, if it was made."""
    found: Mapping[str, Any] | None = observation["probes"].get(name)
    return found
