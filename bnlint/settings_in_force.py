"""The settings in force, each with where it comes from, as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from bnlint.settings import BASELINE, Settings

_WIDTH = 36


def describe(settings: Settings) -> str:
    """One line a setting; the settings that are left to chance, such as the era, are comments."""
    head = str(settings.config) if settings.config is not None else "no configuration file found: the defaults hold"
    lines = [f"# {head}"]
    if settings.user is not None:
        lines.append(f"# {settings.user}")
    lines += [
        _line(settings, "select", _list(settings.select), "all rules"),
        _line(settings, "ignore", _list(settings.ignore)),
        _line(settings, "per-file-ignores", _table(dict(settings.per_file_ignores))),
        _line(settings, "exclude", _list(settings.exclude)),
        _line(settings, "fail-on", _text(settings.fail_on.value), "any finding"),
        _line(settings, "tensorflow", _text(settings.tensorflow), "worked out for each file"),
        _line(settings, "keras", _text(settings.keras), "worked out for each file"),
        _line(settings, "baseline", _text(str(settings.baseline_file)), f"{BASELINE} there, if it exists"),
        *_rules(settings),
        "",
        "[verify]",
        _line(
            settings, "verify.python", _list(settings.python), "those of VIRTUAL_ENV and .venv, and the one of bnlint"
        ),
        _line(settings, "verify.timeout", f"{settings.timeout:g}"),
        _line(settings, "verify.isolation", _text(settings.isolation)),
    ]
    return "\n".join(lines) + "\n"


def _line(settings: Settings, key: str, value: str | None, meaning: str = "") -> str:
    """key: as in the file, with its table. value: None if there is none. meaning: of the default."""
    if key in settings.given and settings.config is not None:
        origin = settings.config.name
    else:
        origin = f"default: {meaning}" if meaning else "default"
    name = key.rpartition(".")[2]
    setting = f"{name} = {value}" if value is not None else f"# {name}"
    return f"{setting:<{_WIDTH}}  # {origin}"


def _rules(settings: Settings) -> list[str]:
    folders = _list(str(folder) for folder in settings.rules)
    origins = (
        [settings.user.name if settings.user is not None else ""]
        if settings.rules
        else ["default: none but the built-in"]
    )
    lines = [f"{f'rules = {folders}':<{_WIDTH}}  # {', '.join(filter(None, origins))}"]
    lines += [
        f"# {folder}: not loaded, because rules are code; --allow-rules loads it" for folder in settings.refused_rules
    ]
    return lines


def _text(value: str | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _list(values: Iterable[str]) -> str:
    return json.dumps(list(values), ensure_ascii=False)


def _table(values: Mapping[str, tuple[str, ...]]) -> str:
    pairs = (f"{json.dumps(key, ensure_ascii=False)} = {_list(each)}" for key, each in values.items())
    return f"{{ {', '.join(pairs)} }}" if values else "{}"
