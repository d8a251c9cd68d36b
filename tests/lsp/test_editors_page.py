"""docs/editors.md says what is true: its settings are given to the editors that are installed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_server import WRONG

from bnlint.cli import commands

PAGE = (Path(__file__).parents[2] / "docs" / "editors.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r'^```\w+ title="([^"\n]+)"\n(.*?)^```', PAGE, re.MULTILINE | re.DOTALL))
FOUND = [("BN102", 13), ("BN102", 14)]

WATCH_NEOVIM = """
vim.wait(60000, function() return #vim.diagnostic.get(0) > 0 end, 50)
local found = {}
for _, each in ipairs(vim.diagnostic.get(0)) do
  table.insert(found, { code = each.code, row = each.lnum + 1 })
end
local place = { textDocument = vim.lsp.util.make_text_document_params(), position = { line = 12, character = 20 } }
local lesson
for _, answer in pairs(vim.lsp.buf_request_sync(0, "textDocument/hover", place, 60000) or {}) do
  lesson = answer.result.contents.value
end
io.stdout:write(vim.json.encode({ found = found, lesson = lesson }))
vim.cmd("qall!")
"""
WATCH_EMACS = """
(require 'json)
(with-current-buffer (find-file-noselect "wrong.py")
  (unless (eglot-current-server) (apply #'eglot--connect (eglot--guess-contact)))
  (flymake-mode 1)
  (flymake-start)
  (let ((end (+ (float-time) 60)))
    (while (and (null (flymake-diagnostics)) (< (float-time) end))
      (accept-process-output nil 0.05)))
  (princ (json-encode (mapcar (lambda (each)
    (list (cons 'text (flymake-diagnostic-text each))
          (cons 'row (line-number-at-pos (flymake-diagnostic-beg each)))))
    (flymake-diagnostics)))))
(kill-emacs 0)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bnlint.toml").touch()
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    # The bnlint beside this Python is the one to be tested.
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def printed(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_every_file_is_tested() -> None:
    assert set(BLOCKS) == {
        ".vscode/settings.json",
        ".vscode/tasks.json",
        "init.lua",
        "init.lua, Neovim 0.8",
        "init.el",
        "from standard input",
    }


def test_the_server_that_vs_code_starts(project: Path) -> None:
    settings = json.loads(BLOCKS[".vscode/settings.json"])
    program, *arguments = [settings["glspc.server.command"], *settings["glspc.server.commandArguments"], "--help"]
    assert program == "bnlint"
    assert CliRunner().invoke(commands, arguments).exit_code == 0


def test_the_problem_matcher(project: Path) -> None:
    (task,) = json.loads(BLOCKS[".vscode/tasks.json"])["tasks"]
    pattern = task["problemMatcher"]["pattern"]
    program, *arguments = shlex.split(task["command"])
    assert program == "bnlint"
    lines = CliRunner().invoke(commands, arguments).stdout.splitlines()
    matches = [re.fullmatch(pattern["regexp"], line) for line in lines]
    shown = [{key: match[pattern[key]] for key in pattern if key != "regexp"} for match in matches if match]
    assert [(each["code"], int(each["line"])) for each in shown] == FOUND
    assert (shown[0]["file"], shown[0]["column"], shown[0]["severity"]) == ("wrong.py", "15", "error")
    assert shown[0]["message"].startswith("`self.mean = …`")


def test_standard_input(project: Path) -> None:
    program, *arguments = shlex.split(BLOCKS["from standard input"])
    assert program == "bnlint"
    lines = CliRunner().invoke(commands, arguments, input=WRONG).stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["models/bn.py:13:15", "models/bn.py:14:9"]


@pytest.mark.parametrize(
    ("title", "needs"), [("init.lua", "vim.lsp.config"), ("init.lua, Neovim 0.8", "vim.lsp.start")]
)
def test_neovim(project: Path, title: str, needs: str) -> None:
    if shutil.which("nvim") is None:
        pytest.skip("Neovim is not installed")
    if (
        printed("nvim", "--clean", "--headless", "+lua io.stdout:write(tostring(" + needs + " ~= nil))", "+qa")
        != "true"
    ):
        pytest.skip(f"this Neovim has no {needs}")
    (project / "init.lua").write_text(BLOCKS[title], encoding="utf-8")
    (project / "watch.lua").write_text(WATCH_NEOVIM, encoding="utf-8")
    start = ("nvim", "--clean", "--headless", "-u", "init.lua")
    seen = json.loads(printed(*start, "+filetype on", "+edit wrong.py", "+luafile watch.lua"))
    assert sorted((each["code"], each["row"]) for each in seen["found"]) == FOUND
    assert "BN102" in seen["lesson"]


def test_emacs(project: Path) -> None:
    if shutil.which("emacs") is None:
        pytest.skip("Emacs is not installed")
    (project / "init.el").write_text(BLOCKS["init.el"], encoding="utf-8")
    (project / "watch.el").write_text(WATCH_EMACS, encoding="utf-8")
    library = ("emacs", "--batch", "--eval")
    if printed(*library, '(progn (package-initialize) (princ (locate-library "eglot")))') == "nil":
        pytest.skip("this Emacs has no Eglot")
    start = ("emacs", "--batch", "--eval", "(package-initialize)")
    seen = json.loads(printed(*start, "-l", "init.el", "-l", "watch.el"))
    assert [each["row"] for each in seen] == [row for _, row in FOUND]
    assert "BN102" in seen[0]["text"] or "self.mean" in seen[0]["text"]
