"""Blocks that wait for UPDATE_OPS in a program that never fills it, because its layers update in place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.module_facts.collections import UPDATE_OPS
from bnlint.analysis.module_facts.control import ControlBlock
from bnlint.analysis.project_facts.program import Program

if TYPE_CHECKING:
    from bnlint.analysis.project import ProjectFacts

# Networks of other people may fill the collection.
_FOREIGN = re.compile(
    r"(?:^|\.)(?:nets?|models?|hub|sonnet|tensorflow_hub|tensorpack|tflearn|object_detection)(?:\.|$)"
)


def dead_dependencies(project: ProjectFacts, module: ModuleFacts) -> Iterator[ControlBlock]:
    """The blocks of a module that wait for an empty collection."""
    waiting = [control for control in module.control_blocks if control.waits_for_collection]
    if not waiting:
        return
    program = project.programs.of(module)
    if program.is_driven and _updates_in_place(program) and not _may_fill(project, program):
        yield from waiting


def _updates_in_place(program: Program) -> bool:
    """Whether some layer of the program runs its own updates."""
    by_flag = any(place.in_place for module in program.modules for place in module.collections.places)
    return by_flag or any(_runs_statistics(c) for module in program.modules for c in module.control_blocks)


def _runs_statistics(control: ControlBlock) -> bool:
    return not control.empty and any(s.is_batch_norm for update in control.updates for s in update.statistics)


def _may_fill(project: ProjectFacts, program: Program) -> bool:
    """Whether anything in the program fills UPDATE_OPS, or is out of sight and might."""
    covered = any(module.collections.in_place_by_default for module in program.modules)
    for module in program.modules:
        if any(add.key in (UPDATE_OPS, None) for add in module.collections.adds):
            return True
        for place in module.collections.places:
            if not place.in_place and place.flag not in ("off", "unset") and not (covered and place.by_default):
                return True
        if module.layers:
            return True
    own = {part for name in project.programs.names for part in name.split(".")}
    imported = {name for file in program.files for name in file.imports}
    return any(_FOREIGN.search(name) and not set(name.split(".")[:2]) & own for name in imported)
