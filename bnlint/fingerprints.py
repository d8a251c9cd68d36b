"""Names for findings that stay when the lines around them move."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from bnlint.findings import Finding
from bnlint.layout import Layout
from bnlint.source import Source


def with_fingerprints(
    findings: Sequence[Finding], sources: Mapping[str, Source], layouts: Mapping[str, Layout | None], root: Path
) -> list[Finding]:
    """Name each finding by its rule, file, symbol and statement, and count those that have all of these in common.

    The file is named from ``root``, so that the name does not depend on the folder one works in; white space and
    comments do not count. layouts: None for a file whose statements are unknown.
    """
    seen: Counter[str] = Counter()
    named: list[Finding] = []
    for finding in findings:
        source = sources[finding.filename]
        statement = _statement(finding, source, layouts[finding.filename])
        path = path_from(root, finding.filename)
        key = "\0".join((finding.code, path, finding.symbol or "", "".join(statement.split())))
        digest = hashlib.sha256(f"{key}\0{seen[key]}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        seen[key] += 1
        named.append(replace(finding, statement=statement, fingerprint=digest))
    return named


def path_from(root: Path, filename: str) -> str:
    """A file's name, which starts from the working folder, as seen from another folder; with ``/``."""
    try:
        return PurePath(os.path.relpath(filename, root)).as_posix()
    except ValueError:  # another drive of Windows
        return filename


def _statement(finding: Finding, source: Source, layout: Layout | None) -> str:
    statement = layout.statement(finding.span.row) if layout is not None else None
    if statement is not None:
        return " ".join(statement.text.split())
    return " ".join(" ".join(source.text.splitlines()[finding.span.row - 1 : finding.span.end_row]).split())
