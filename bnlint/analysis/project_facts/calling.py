"""Who calls a function: the places that do, and up from them the code that trains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.scopes import Scope
from bnlint.analysis.code.values import Call

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

# How many calls the way up to training code is looked for in.
_MOST = 50


def calls_around(project: ProjectFacts, module: ModuleFacts, scope: int) -> Iterator[tuple[ModuleFacts, Call]]:
    """The calls of the innermost function or class around a scope that is called at all."""
    for around in module.flow.enclosing(scope):
        known = project.callers(module, around)
        calls = known or (project.links.calls_of(module, around) if around.kind == "function" else ())
        yield from calls
        if calls:
            return


def trainers_of(project: ProjectFacts, module: ModuleFacts, scope: int) -> list[tuple[ModuleFacts, Call]]:
    """The calls that lead, directly or through others, from code that trains to what is around a scope; one a file.

    Those of code that takes an optimizer step come before those of code that only runs a graph.
    """
    pending = [(module, scope)]
    seen: dict[tuple[str, int], tuple[ModuleFacts, Call]] = {}
    while pending:
        home, inner = pending.pop(0)
        for around in home.flow.enclosing(inner):
            for other, call in project.links.calls_of(home, around) if around.kind == "function" else ():
                if (other.filename, call.id) not in seen and len(seen) < _MOST:
                    seen[other.filename, call.id] = other, call
                    pending.append((other, other.flow.site(call).scope))
    nearest: dict[str, tuple[ModuleFacts, Call]] = {}
    for stepping in (True, False):
        for home, call in seen.values():
            if _trains(home, call, stepping):
                nearest.setdefault(home.filename, (home, call))
    return list(nearest.values())


def _trains(module: ModuleFacts, call: Call, stepping: bool) -> bool:
    """Whether steps are taken by the outermost function or class around a call; by the file, at its top.

    stepping: whether steps of an optimizer are meant, else runs of a graph.
    """
    known = module.train_steps
    scopes = (
        [step.scope for step in known.steps] if stepping else [module.flow.site(run.call).scope for run in known.runs]
    )
    unit = _outermost(module, module.flow.site(call).scope)
    return any(unit is None or _outermost(module, scope) is unit for scope in scopes)


def _outermost(module: ModuleFacts, scope: int) -> Scope | None:
    return next((each for each in module.flow.enclosing(scope) if each.parent == 0), None)
