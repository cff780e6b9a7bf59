"""YAML to Settings: the shipped file first, the user's on top; an unknown key is refused."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from oligocount.errors import ConfigError
from oligocount.plain_yaml import dump_yaml, read_yaml
from oligocount.resources import shipped_folder
from oligocount.settings import Settings

_T = TypeVar("_T")


def load_settings(file: Path | None = None) -> Settings:
    """The effective settings: configs/pipeline.yaml overlaid by `file`.

    Raises ConfigError for a file that cannot be read, an unknown key or a wrong type.
    """
    default = _read_yaml(shipped_folder("configs") / "pipeline.yaml")
    overlay = _read_yaml(file) if file else {}
    return _build(Settings, _overlaid(default, overlay, ""), "")


def dump_settings(settings: Settings) -> str:
    """The settings as YAML that `load_settings` reads back to the same value."""
    return dump_yaml(_plain(dataclasses.asdict(settings)))


def with_report(settings: Settings, *, language: str | None, pdf: bool | None) -> Settings:
    """The settings with the report in another language, as PDF too; None leaves either."""
    asked = {"language": language, "pdf": pdf}
    changes: Any = {name: value for name, value in asked.items() if value is not None}
    return dataclasses.replace(settings, publish=dataclasses.replace(settings.publish, **changes))


def with_bending(settings: Settings, *, wanted: bool) -> Settings:
    """The settings with MR bent beyond its rigid move where that is wanted; else as they are."""
    if not wanted:
        return settings
    register = settings.quantify.register
    deform = dataclasses.replace(register.deform, wanted=True)
    register = dataclasses.replace(register, deform=deform)
    return dataclasses.replace(
        settings, quantify=dataclasses.replace(settings.quantify, register=register)
    )


def _read_yaml(file: Path) -> dict[str, Any]:
    content = read_yaml(file, ConfigError)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{file}: expected a mapping of settings, found {type(content).__name__}")
    return content


def _overlaid(base: Mapping[str, Any], top: Mapping[str, Any], path: str) -> dict[str, Any]:
    unknown = set(top) - set(base)
    if unknown:
        names = ", ".join(sorted(path + str(key) for key in unknown))
        raise ConfigError(f"unknown setting: {names}; known here: {', '.join(sorted(base))}")
    merged = dict(base)
    for key, value in top.items():
        nested = isinstance(base[key], dict) and isinstance(value, dict)
        merged[key] = _overlaid(base[key], value, f"{path}{key}.") if nested else value
    return merged


def _build(kind: type[_T], values: Mapping[str, Any], path: str) -> _T:
    hints = typing.get_type_hints(kind)
    fields = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]  # kind is a dataclass
    odd = fields ^ set(values)
    if odd:
        raise ConfigError(f"missing or unknown setting: {', '.join(path + k for k in sorted(odd))}")
    return kind(**{name: _value(hints[name], values[name], path + name) for name in fields})


def _value(hint: Any, value: Any, path: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return _build(typing.cast("type[Any]", hint), value, path + ".")
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and isinstance(value, list):
        return tuple(_value(args[0], each, path) for each in value)
    if origin is dict and isinstance(value, dict):
        return {_value(args[0], k, path): _value(args[1], v, path) for k, v in value.items()}
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        return _value(next(each for each in args if each is not type(None)), value, path)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    is_exact = isinstance(hint, type) and type(value) is hint
    if not is_exact:
        raise ConfigError(f"setting {path}: expected {hint}, found {value!r}")
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return value
