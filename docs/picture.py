"""Makes ``finding.svg``, a picture of a terminal in which bnlint shows a finding: ``python docs/picture.py``.

With ``--text`` it prints what would be in the picture.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = Path(__file__).with_name("finding.svg")
FILE = "fixtures/seed/called_incorrect.py"
COMMAND = ["bnlint", "check", "--verify", "--select", "BN101", FILE]
COLUMNS = 112


def shown(*options: str) -> str:
    """The first of the findings, in colours. options: in place of ``--verify``."""
    command = [sys.executable, "-m", *COMMAND[:2], *options, *COMMAND[3:], "--color", "always"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    return result.stdout.split("\n\n")[0]


def picture(text: str) -> str:
    """An SVG that needs no fonts from elsewhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False, emoji=False)
    console.print(Text(f"$ {' '.join(COMMAND)}", "bold"))
    console.print(Text.from_ansi(text))
    svg = console.export_svg(title="bnlint", unique_id="finding")
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return svg.replace("font-family: Fira Code, monospace", "font-family: ui-monospace, Menlo, Consolas, monospace")


if __name__ == "__main__":
    seen = shown("--verify")
    if "--text" in sys.argv:
        print(Text.from_ansi(seen).plain)
    else:
        PICTURE.write_text(picture(seen), encoding="utf-8")
