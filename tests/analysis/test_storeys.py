"""The analysis is built in storeys: code as data, facts of one file, facts of the project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bnlint import analysis

ROOM = Path(analysis.__file__).parent
# What each storey must not know of. The project's facts know the project by its type only.
ABOVE = {
    "code": ("module_facts", "project_facts", "facts", "project", "era"),
    "module_facts": ("project_facts", "project", "facts"),
    "project_facts": ("project",),
}
FILES = [path for storey in ABOVE for path in sorted((ROOM / storey).glob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_storey_rests_on_those_below(path: Path) -> None:
    indent = "" if path.parent.name == "project_facts" else " *"
    imported = re.findall(rf"^{indent}from bnlint\.analysis\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert not set(imported) & set(ABOVE[path.parent.name])
