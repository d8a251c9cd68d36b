"""Programs made at random: checked, fixed and reported without a crash, and never made worse.

``BNLINT_FUZZ=2000 python -m pytest tests/fuzz`` is the nightly run; ``BNLINT_FUZZ_SEED`` starts it elsewhere, and
``BNLINT_FUZZ_FOLDER`` names a folder of real programs to break beside the lessons. A failure leaves its program behind
as ``x.py`` or ``x.ipynb`` in the test's own folder.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import hypothesmith
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy, booleans, sampled_from

from fuzz.random_programs import FOLDER, broken, encoded, rearranged, seeds
from fuzz.surviving import survives

COUNT = int(os.environ.get("BNLINT_FUZZ", "40"))
FIRST = int(os.environ.get("BNLINT_FUZZ_SEED", "0"))
PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("program", [broken, rearranged])
def test_broken_programs(
    program: Callable[[random.Random], str], part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = 0
    for number in range(FIRST + part, FIRST + COUNT, PARTS):
        choose = random.Random(number)
        found += survives(*encoded(program(choose), choose), unsafe=choose.random() < 0.5)
    assert found > 0


@pytest.mark.parametrize("strategy", [hypothesmith.from_grammar(), hypothesmith.from_node()], ids=["grammar", "tree"])
def test_generated_programs(strategy: SearchStrategy[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Python's grammar allows, before or after a program in which there is something to find."""
    monkeypatch.chdir(tmp_path)

    @seed(FIRST)
    @settings(
        max_examples=COUNT,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(generated=strategy, lesson=sampled_from(seeds()), first=booleans(), unsafe=booleans())
    def survive(generated: str, lesson: str, first: bool, unsafe: bool) -> None:
        parts = (generated, lesson) if first else (lesson, generated)
        survives("x.py", "\n".join(parts).encode("utf-8", "replace"), unsafe)

    survive()


@pytest.mark.skipif(not FOLDER, reason="BNLINT_FUZZ_FOLDER names no folder of real programs")
@pytest.mark.parametrize("part", range(PARTS))
def test_real_programs(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [path for path in sorted(Path(FOLDER or "").rglob("*")) if path.suffix in (".py", ".ipynb")]
    assert files
    contents = [(f"x{path.suffix}", path) for path in files[part::PARTS] if path.is_file()]
    monkeypatch.chdir(tmp_path)
    for name, path in contents:
        survives(name, path.read_bytes(), unsafe=True)
