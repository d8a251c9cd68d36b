"""The page about accuracy counts what was measured, and is not written over findings that nobody has read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accuracy.__main__ import main
from accuracy.page import verdicts_of, with_verdicts
from accuracy.places import places_in, scored

BAD = "import keras\nnorm = keras.layers.BatchNormalization(momentum=0.1)\n"
GOOD = "import keras\nnorm = keras.layers.BatchNormalization(momentum=0.9)\n"
MUTANTS = "right programs: 3, findings in them: none\n  made found right\nupdate dropped 4 4 3\nall 4 4 3\n"


def label(name: str, lines: tuple[int, int], buggy: object, kind: str = "momentum_swapped") -> dict[str, object]:
    return {
        "id": name, "repo": f"someone/{name}", "commit": "0" * 40, "path": "bn.py", "lines": lines, "kind": kind,
        "buggy": buggy, "why": f"about {name}",
    }  # fmt: skip


@pytest.fixture
def places(tmp_path: Path) -> Path:
    labels = [
        label("found", (1, 2), True),
        label("elsewhere", (1, 1), True),
        label("misnamed", (2, 2), True, "rebind"),
        label("nameless", (2, 2), True, "other"),
        label("accused", (2, 3), False),
        label("right", (1, 2), False),
        label("doubtful", (1, 2), "unsure"),
    ]
    for each in labels:
        folder = tmp_path / str(each["id"])
        folder.mkdir()
        (folder / "bn.py").write_text(GOOD if each["id"] == "right" else BAD, encoding="utf-8")
    (tmp_path / "index.jsonl").write_text("".join(json.dumps(each) + "\n" for each in labels), encoding="utf-8")
    return tmp_path


def test_places_are_scored_by_overlap(places: Path) -> None:
    kinds = {each.place.folder.name: (each.kind, each.is_named) for each in scored(list(places_in(places)))}
    assert kinds == {
        "found": ("hit", True),
        "elsewhere": ("miss", False),
        "misnamed": ("hit", False),
        "nameless": ("hit", None),
        "accused": ("alarm", True),
        "right": ("quiet", False),
    }


def test_the_page_counts(places: Path, tmp_path: Path) -> None:
    page, mutants = tmp_path / "page.md", tmp_path / "mutants.txt"
    mutants.write_text(MUTANTS, encoding="utf-8")
    assert (
        main([str(places), "--quiet", f"a/b={places / 'right'}", "--mutants", str(mutants), "--write", str(page)]) == 0
    )
    text = page.read_text(encoding="utf-8")
    for row in (
        "| bugs found (recall) | 75.0% | 3 of 4 |",
        "| findings that are right (precision) | 75.0% | 3 of 4 |",
        "| found by a rule that names the fault, where there is one | 50.0% | 1 of 2 |",
        "| `momentum_swapped` | 2 | 1 |",
        "| BN501 | 3 | 1 |",
        "* missed: someone/elsewhere, `bn.py`, lines 1 to 1. about elsewhere",
        "* false alarm: someone/accused, `bn.py`, lines 2 to 3: BN501. about accused",
        "| a/b | 1 | 2 | 0 | 0 | 0 |",
        "75.0% of the 4 mutants are found",
        "| update dropped | 4 | 4 | 3 |",
    ):
        assert row in text


def test_what_nobody_has_read_ends_it(places: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    assert main([str(places), "--quiet", f"a/b={places / 'found'}", "--write", str(page)]) == 1
    assert "bn.py:2 BN501" in capsys.readouterr().err
    assert not page.exists()


def test_what_is_said_of_verdicts_stays_until_it_is_measured_again(places: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert main([str(places), "--write", str(page)]) == 0
    bare = page.read_text(encoding="utf-8")
    assert verdicts_of(bare) == ""
    page.write_text(with_verdicts(bare, "old words\n"), encoding="utf-8")
    assert main([str(places), "--write", str(page)]) == 0
    kept = page.read_text(encoding="utf-8")
    assert kept == with_verdicts(bare, "old words\n")
    assert with_verdicts(kept, "new words\n") == kept.replace("old words", "new words")
    assert kept.replace(verdicts_of(kept) + "\n", "") == bare
