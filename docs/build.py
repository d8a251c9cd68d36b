"""What ``mkdocs build`` adds to these pages: a page for each rule, their list, and the schema of the report."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from bnlint import lessons
from bnlint.registry import load_rules
from bnlint.rule import Rule

FAMILIES = {
    "BN1": "The new value never reaches the variable",
    "BN2": "The update exists but is never run",
    "BN3": "The wrong phase",
    "BN4": "The statistics do not live as long as they should",
    "BN5": "The update is made, but it is the wrong one",
    "BN6": "The API is gone, or ignored",
}
SCHEMA = Path(__file__).parents[1] / "bnlint" / "report" / "report-1.schema.json"
# Links that work where the pages are read in the repository, and where they lead on the site.
ELSEWHERE = (
    (r"\.\./README\.md", "index.md"),
    (r"\.\./bnlint/report/(report-1\.schema\.json)", r"\1"),
    (r"\.\./rules/(BN\d{3}-[\w-]+)/README\.md", r"rules/\1.md"),
    (r"\.\./rules/?", "rules/index.md"),
)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the rules in the navigation, and last the pages that ``mkdocs.yml`` does not mention."""
    pages = next(entry["Rules"] for entry in config.nav or () if "Rules" in entry)
    for family, title in FAMILIES.items():
        pages.append({title: [f"rules/{rule.folder.name}.md" for rule in _family(family)]})
    about = next(entry["About"] for entry in config.nav or () if "About" in entry)
    pages = sorted(path.name for path in Path(config.docs_dir).glob("*.md"))
    about.extend(page for page in pages if f"'{page}'" not in repr(config.nav))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Make the pages that are not written by hand."""
    made = {f"rules/{rule.folder.name}.md": _lesson(rule) for rule in load_rules()}
    made["rules/index.md"] = _overview()
    made[SCHEMA.name] = SCHEMA.read_text(encoding="utf-8")
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to their place on the site, and leave out the marks for the tests."""
    for there, here in ELSEWHERE:
        markdown = re.sub(
            rf"\]\({there}(#[\w-]+)?\)", lambda link, to=here: f"]({link.expand(to)}{_anchor(link)})", markdown
        )
    # What is in the repository alone is named, and not linked.
    markdown = re.sub(r"\[([^\]]+)\]\(\.\./[^)]*\)", r"\1", markdown)
    return re.sub(r"(?m)^<!-- .* -->\n", "", markdown)


def _anchor(link: re.Match[str]) -> str:
    return link[link.re.groups] or ""


def _family(prefix: str) -> list[Rule]:
    return [rule for rule in load_rules() if rule.code.startswith(prefix)]


def _lesson(rule: Rule) -> str:
    """The lesson as it is, and below it its programs in full."""
    lesson = lessons.load(rule)
    page = re.sub(r"\]\(\.\./(BN\d{3}-[\w-]+)/README\.md\)", r"](\1.md)", lesson.page)
    programs = "".join(
        f'\n??? example "{name}"\n\n    ```python\n{_indented(text)}    ```\n' for name, text in lesson.programs.items()
    )
    return f"{page}\n## The programs\n\n`bnlint demo {rule.code}` runs them and draws what happens.\n{programs}"


def _indented(text: str) -> str:
    return "".join(f"    {line}" if line.strip() else "\n" for line in text.splitlines(keepends=True))


def _overview() -> str:
    parts = ["# All rules\n\nThe first digit of a code says what kind of mistake it is. Each rule has a lesson.\n"]
    for family, title in FAMILIES.items():
        rows = (
            f"| [{rule.code}]({rule.folder.name}.md) | {rule.name} | {rule.severity.value} | {rule.summary} |\n"
            for rule in _family(family)
        )
        parts.append(
            f"## {family}xx: {title}\n\n| code | name | severity | what it says |\n|---|---|---|---|\n{''.join(rows)}"
        )
    return "\n".join(parts)
