"""Moving statistics that inference reads and that nothing ever updates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.values import Const
from bnlint.analysis.module_facts.pairs import Pair
from bnlint.analysis.module_facts.statistics import BatchStatistics, Statistic

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

# Names of what moves a variable without naming it: average objects, collections of variables, files of weights.
_MOVES = re.compile(
    r".*(?:assign|[Mm]oving_?[Aa]verage|scatter|(?:load|set)_(?:weights|variable)).*|add_update|update(?:_add|_sub)?|"
    r"(?:global|model|local|all)_variables|(?:GLOBAL|MODEL|LOCAL)_VARIABLES|variables|weights|restore|load"
)


def never_updated(project: ProjectFacts, module: ModuleFacts) -> Iterator[Pair]:
    """Pairs that inference normalises by in place of the batch's statistics, in files that assign nothing."""
    if module.updates or module.rebindings or not module.pairs.all:
        return
    for pair in module.pairs.all:
        both = (pair.mean, pair.variance)
        idle = all(_is_left_alone(project, module, each) and _is_for_inference(module, each) for each in both)
        if idle and not _moves_variables(project, module):
            yield pair


def _moves_variables(project: ProjectFacts, module: ModuleFacts) -> bool:
    mentions = project.programs.file_of(module).mentions.values()
    return any(_MOVES.fullmatch(name) for names in mentions for name in names)


def _is_left_alone(project: ProjectFacts, module: ModuleFacts, statistic: Statistic) -> bool:
    """Whether this file only reads a statistic, and no other one that runs with it gets hold of it."""
    if statistic.trainable or "normalisation" not in statistic.evidence or not module.pairs.is_only_read(statistic):
        return False
    names = [path.rpartition(".")[2] for path in statistic.paths if "." in path]
    names += [function.name for function in module.pairs.returning(statistic)]
    given = statistic.constructor.keyword("name") or statistic.constructor.argument(0)
    if isinstance(given, Const) and isinstance(given.value, str):
        names.append(given.value)
    others = [file for file in project.programs.of(module).files if file.facts is not module]
    return not any(file.mentions_name(name) for name in names for file in others)


def _is_for_inference(module: ModuleFacts, statistic: Statistic) -> bool:
    """Whether a statistic is made or read where the flag says inference, in a function that measures batches too."""
    reads = [read for read in module.pairs.reads_of(statistic) if module.phases.of_value(read) is False]
    scopes = {read.scope for read in reads}
    if module.phases.of_call(statistic.call) is False:
        scopes.add(statistic.scope)
    return any(_measures(module, scope) for scope in scopes)


def _measures(module: ModuleFacts, scope: int) -> bool:
    """Whether the outermost function around a scope computes the variance of a batch."""
    around = [each.id for each in module.flow.enclosing(scope) if each.kind == "function"]
    batch = BatchStatistics(module.flow)
    return any(
        batch.kind(binding.value) == "variance"
        for binding in module.flow.tree.bindings
        if around and any(each.id == around[-1] for each in module.flow.enclosing(binding.scope))
    )
