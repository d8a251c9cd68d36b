"""Averages that do not say what they average: another file, or an object, feeds them the statistics of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.values import Parameter
from bnlint.analysis.module_facts.statistics import BatchStatistics

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.module_facts.ema import Average
    from bnlint.analysis.project import ProjectFacts


def fed_from_elsewhere(project: ProjectFacts) -> Iterator[tuple[str, int]]:
    """The statistics, by file and the id of the call that makes them, that callers show to be of a batch norm."""
    for module in project.modules:
        for update in module.updates:
            if update.average is not None and _is_fed(project, module, update.average):
                yield from ((module.filename, statistic.call.id) for statistic in update.statistics)


def _is_fed(project: ProjectFacts, module: ModuleFacts, average: Average) -> bool:
    # Of two factors whose number is not known either may be the weight.
    for source in (*average.sources, average.new_factor):
        origins = list(module.flow.origins(source)) if source is not None else []
        if source is None or not any(isinstance(origin, Parameter) for origin in origins):
            continue
        for home, origin in project.links.origins(module, source):
            batch = BatchStatistics(home.flow)
            # Anything may have a mean: a loss, a reward. The moments of a batch are taken to normalise it.
            if batch.is_moment(origin) or batch.kind(origin) == "variance":
                return True
    return False
