"""The complete files that the documentation offers for copying, and repositories to try them in."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WRONG = (ROOT / "rules" / "BN102-rebound-attribute" / "bad.py").read_text(encoding="utf-8")


def document(page: str, title: str) -> str:
    """The text of the code block with this title."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = dict(re.findall(r'^```\w* title="([^"\n]+)"\n(.*?)^```', text, re.MULTILINE | re.DOTALL))
    return blocks[title]


def read_yaml(text: str) -> Any:
    """As YAML 1.2 has it, like GitHub: ``on`` is a word and not true."""

    class Loader(yaml.SafeLoader):
        pass

    resolvers = {key: [each for each in value if each[0] != "tag:yaml.org,2002:bool"] for key, value in
                 yaml.SafeLoader.yaml_implicit_resolvers.items()}  # fmt: skip
    Loader.yaml_implicit_resolvers = resolvers
    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))
    return yaml.load(text, Loader)


def repository(folder: Path, files: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Make a repository with these files committed; returns a way to run programs in it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "GITHUB_", "CI_"))}
    for name in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{name}_NAME": "A", f"GIT_{name}_EMAIL": "a@example.org"}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "NO_COLOR": "1"}
    folder.mkdir(parents=True, exist_ok=True)

    def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=folder, env=environment | variables, capture_output=True, text=True, encoding="utf-8"
        )

    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for command in (("git", "init", "-q", "-b", "main"), ("git", "add", "-A"), ("git", "commit", "-q", "-m", "start")):
        result = run(*command)
        assert result.returncode == 0, result.stderr
    return run
