"""What the editor holds, as sources: the text of files, and notebooks with a document for each cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from lsprotocol import types
from pygls.uris import to_fs_path
from pygls.workspace import Workspace

from bnlint.discovery import display_name
from bnlint.frozen import dataclass
from bnlint.source import Decoded, Source, SourceError, is_notebook


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it is in the editor, saved or not.

    version: the editor's own count, None for notebooks. cells: the document of each code cell of a notebook, by number.
    """

    uri: str
    version: int | None
    source: Source
    cells: Mapping[int, str] = field(default_factory=dict[int, str])

    def uri_of(self, cell: int | None) -> str:
        """The document that holds the text of a cell, or the file itself."""
        return self.uri if cell is None else self.cells.get(cell, self.uri)

    @property
    def uris(self) -> list[str]:
        """The documents that can have diagnostics."""
        return list(self.cells.values()) if self.cells else [self.uri]


def text_document(workspace: Workspace, uri: str) -> Document | None:
    """A file that is open; None for what is no Python, or is the JSON of a notebook."""
    opened = workspace.get_text_document(uri)
    name, location = _name(uri)
    if is_notebook(name) or opened.language_id not in (None, "", "python"):
        return None
    # An editor can hold characters that no file can.
    data = opened.source.encode("utf-8", "replace")
    return Document(uri, opened.version, Source(name, location, data, Decoded(data.decode("utf-8"), "utf-8")))


def notebook_document(workspace: Workspace, notebook: types.NotebookDocument) -> Document | None:
    """A notebook that is open; None if it cannot be read as one."""
    name, location = _name(notebook.uri)
    cells: list[dict[str, str]] = []
    uris: dict[int, str] = {}
    for number, cell in enumerate(notebook.cells, start=1):
        text = workspace.get_text_document(cell.document)
        code = cell.kind == types.NotebookCellKind.Code and text.language_id in (None, "", "python")
        source = text.source.encode("utf-8", "replace").decode("utf-8") if code else ""
        cells.append({"cell_type": "code" if code else "markdown", "source": source})
        if code:
            uris[number] = cell.document
    name = name if is_notebook(name) else f"{name}.ipynb"
    try:
        source = Source.from_bytes(json.dumps({"cells": cells}).encode(), name, location)
    except SourceError:
        return None
    return Document(notebook.uri, None, source, uris)


def _name(uri: str) -> tuple[str, str | None]:
    """What reports call the file, and where it is, if it is on disk at all."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    if path is None:
        return uri.rpartition("/")[2] or uri, None
    return display_name(Path(path)), str(Path(path))
