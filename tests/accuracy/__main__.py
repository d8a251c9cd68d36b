"""Measures how accurate bnlint is, and writes docs/accuracy.md.

PYTHONPATH=tests python -m accuracy PLACES --quiet NAME=FOLDER … [--mutants FILE]

PLACES: the folder with ``index.jsonl`` and the repositories of the labelled places. --quiet: a healthy repository, with
the name to show. --mutants: what ``python -m mutants`` has printed. What the page says about verdicts stays: see
``accuracy.verdicts``. Ends with 1 if a finding in a healthy repository was not read by anyone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from accuracy.page import PAGE, page, verdicts_of
from accuracy.places import places_in, scored
from accuracy.quiet import UnjudgedError, judgements, quiet


def main(arguments: Sequence[str]) -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="accuracy")
    parser.add_argument("places", type=Path)
    parser.add_argument("--quiet", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--mutants", type=Path)
    parser.add_argument("--write", type=Path, default=PAGE)
    given = parser.parse_args(arguments)
    known = judgements()
    try:
        named = (each.rpartition("=") for each in given.quiet)
        repositories = [quiet(name, Path(folder), known) for name, _, folder in named]
    except UnjudgedError as error:
        print(error, file=sys.stderr)
        return 1
    mutants = given.mutants.read_text(encoding="utf-8") if given.mutants is not None else ""
    verdicts = verdicts_of(given.write.read_text(encoding="utf-8")) if given.write.exists() else ""
    text = page(scored(list(places_in(given.places))), repositories, mutants, verdicts)
    given.write.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
