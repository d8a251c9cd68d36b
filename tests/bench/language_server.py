"""How long an editor waits for its diagnostics: from a change of a file to what is published about it.

Run from a checkout: ``python tests/bench/language_server.py [FOLDER]``. A file of 1,000 lines is changed again and
again, alone and, with a folder, in view of the project that lies there.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lsp")]

from editor import Editor  # noqa: E402

CHANGES = 15
LAYER = (ROOT / "rules" / "BN102-rebound-attribute" / "bad.py").read_text(encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    """Print milliseconds: the first answer, then the median and the worst of those to single changes."""
    print(f"{'':44s} {'first':>7s} {'median':>7s} {'worst':>7s}")
    with tempfile.TemporaryDirectory() as empty:
        for name, text in _texts().items():
            asyncio.run(_measure(Path(empty), name, text))
    if arguments:
        for name, text in _texts().items():
            asyncio.run(_measure(Path(arguments[0]).resolve(), f"{name}, in a project", text))


def _texts() -> dict[str, str]:
    other = "def helper_{0}(a, b):\n    c = [a + each for each in b]\n    return c\n\n\n"
    body = "".join(other.format(number) for number in range(200))
    return {
        "1,000 lines, one batch norm": (LAYER + body)[: len(LAYER) + 1000 * 40],
        "1,000 lines, nothing of TensorFlow": body,
    }


async def _measure(folder: Path, name: str, text: str) -> None:
    editor = Editor(folder)
    await editor.start()
    began = time.perf_counter()
    uri = editor.open("bnlint_bench.py", text)
    await editor.diagnostics(uri)
    first = time.perf_counter() - began
    times: list[float] = []
    for number in range(CHANGES):
        began = time.perf_counter()
        await editor.diagnostics(uri, editor.change(uri, f"{text}# {number}\n"))
        times.append(time.perf_counter() - began)
    await editor.stop()
    shown = [1000 * each for each in (first, statistics.median(times), max(times))]
    print(f"{name:44s} {shown[0]:7.0f} {shown[1]:7.0f} {shown[2]:7.0f}")


if __name__ == "__main__":
    main(sys.argv[1:])
