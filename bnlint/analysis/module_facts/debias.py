"""Is a moving average corrected for its start? Then it may start at zero."""

from __future__ import annotations

import re

from bnlint.analysis.code.arithmetic import number
from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.values import Call, Const, Op, Read, Value, path_of, walk
from bnlint.analysis.module_facts.statistics import Statistic
from bnlint.analysis.module_facts.updates import Update

# Averages that TensorFlow corrects unless it is told not to.
_DEBIASED_APIS = frozenset({"tf.moving_averages.assign_moving_average", "tf.assign_moving_average"})
# A momentum made of one of these changes while the average warms up.
_COUNTER_NAME = re.compile(r"step|count|iter|num|batches|debias|bias", re.IGNORECASE)


def starts_anywhere(flow: Dataflow, statistic: Statistic, updates: list[Update]) -> bool:
    """Whether the initial value of a statistic does not matter: it is divided out, or the first batch replaces it."""
    own = [update for update in updates if statistic in update.statistics]
    return any(_corrects(flow, update) for update in own) or _is_divided(flow, statistic)


def _corrects(flow: Dataflow, update: Update) -> bool:
    if update.is_debiased:
        return True
    if update.api in _DEBIASED_APIS:
        flag = update.call.argument(3, "zero_debias")
        return not (isinstance(flag, Const) and flag.value is False)
    if update.average is None:
        # Set as a whole, from the first batch or from a file.
        return True
    factor = update.average.old_factor
    return factor is not None and _counts(flow, factor)


def _counts(flow: Dataflow, factor: Value, depth: int = 4) -> bool:
    """Whether a momentum depends on how many batches there have been."""
    if number(flow, factor) is not None or depth == 0:
        return False
    for value in walk(factor):
        if _COUNTER_NAME.search(path_of(value) or ""):
            return True
        if isinstance(value, Read) and any(
            isinstance(bound.value, (Op, Call)) and _counts(flow, bound.value, depth - 1)
            for bound in flow.definitions(value)
        ):
            return True
    return False


def _is_divided(flow: Dataflow, statistic: Statistic) -> bool:
    """``variance / (1 - decay ** step)`` anywhere."""
    names = {path.rpartition(".")[2] for path in statistic.paths}
    for statement in flow.tree.statements:
        for value in walk(statement.value):
            if isinstance(value, Op) and value.op == "/":
                path = path_of(value.operands[0])
                if path is None or path.rpartition(".")[2] not in names:
                    continue
                if any(isinstance(o, Call) and o.id == statistic.call.id for o in flow.origins(value.operands[0])):
                    return True
    return False
