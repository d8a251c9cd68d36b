"""The weights of a moving average whose momentum a caller in another file, or of an object, decides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bnlint.analysis.code.arithmetic import number
from bnlint.analysis.code.values import Const, Parameter, Read, Value, walk

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.module_facts.ema import Average
    from bnlint.analysis.project import ProjectFacts


def weighed(project: ProjectFacts, module: ModuleFacts, average: Average) -> Average:
    """An average with the weights that the project decides, where its own file does not."""
    if average.old_weight is not None or average.old_factor is None or not average.sums_to_one:
        return average
    old = _number(project, module, average.old_factor)
    if old is None:
        return average
    # Of two factors whose numbers were not known, either was taken for the weight.
    factors = [average.new_factor, *average.sources]
    weights = [each for each in factors if each is not None and _number(project, module, each) is not None]
    new_factor = weights[0] if len(weights) == 1 else None
    sources = tuple(each for each in factors if each is not None and each is not new_factor)
    return replace(average, old_weight=old, new_weight=1 - old, new_factor=new_factor, sources=sources)


def _number(project: ProjectFacts, module: ModuleFacts, factor: Value) -> float | None:
    places = {part.path: part for part in walk(factor) if isinstance(part, Read)}
    decided = {path: _decided(project, module, place) for path, place in places.items()}
    return number(module.flow, factor, {path: each for path, each in decided.items() if each is not None})


def _decided(project: ProjectFacts, module: ModuleFacts, place: Value) -> float | None:
    """The one number that a place holds, whoever passes it."""
    numbers: set[float | None] = set()
    for home, origin in project.links.origins(module, place):
        if isinstance(origin, Const):
            numbers.add(number(home.flow, origin))
        elif isinstance(origin, Parameter):
            function = project.links.function_of(home, origin)
            calls = project.links.calls_of(home, function) if function is not None else []
            passed = [each.flow.passed(call, function, origin.name) for each, call in calls if function is not None]
            if not calls or None in passed:
                numbers.add(None if origin.default is None else number(home.flow, origin.default))
        else:
            numbers.add(None)
    return numbers.pop() if len(numbers) == 1 else None
