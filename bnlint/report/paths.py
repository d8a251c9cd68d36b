"""File names as the host of a pipeline knows them."""

from __future__ import annotations

import os
from pathlib import Path

# Where GitHub and GitLab put the files of the repository.
_CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def from_checkout(filename: str, root: str) -> str:
    """The name of a file from the folder that the host checked out, else as it is: from where bnlint ran.

    filename: relative to ``root``, with ``/``.
    """
    path = Path(os.path.normpath(os.path.join(root, filename)))
    for variable in _CHECKOUTS:
        checkout = os.environ.get(variable)
        if checkout and path.is_relative_to(checkout):
            return path.relative_to(checkout).as_posix()
    return filename
