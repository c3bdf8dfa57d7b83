"""Reads the values of options and arguments without pydantic.

For each parameter, given or not, typer 0.29 builds a validator with pydantic. That takes 80 ms and 10 MB a
command. Text, paths, choices and whole numbers do not need it; everything else still goes to typer.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def read_plainly(command: Any) -> None:
    """Makes a typer command, and its subcommands, read plain values themselves."""
    parameters = command.get_params

    def get_params(context: Any) -> Any:
        found = parameters(context)  # with --help, which is made here
        for parameter in found:
            if "process_value" not in vars(parameter):
                parameter.process_value = _reader(parameter, parameter.process_value)
        return found

    command.get_params = get_params
    for each in getattr(command, "commands", {}).values():
        read_plainly(each)


def _reader(parameter: Any, typers: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    kind: Any = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    bounds = getattr(parameter, "min", None), getattr(parameter, "max", None)
    many = parameter.nargs != 1 or getattr(parameter, "multiple", False)

    def read(context: Any, value: Any) -> Any:
        plain: Any
        if (value is None or value == ()) and not parameter.required:
            plain = () if many else None
        elif _is_plain(value, kind, *bounds):
            plain = kind(value)
        elif many and value and kind == list[str] and all(_is_plain(each, str) for each in value):
            plain = list(value)
        else:
            return typers(context, value)
        return plain if parameter.callback is None else parameter.callback(context, parameter, plain)

    return read


def _is_plain(value: object, kind: Any, low: float | None = None, high: float | None = None) -> bool:
    """Whether the type's constructor is enough; a number must be in digits and within its bounds."""
    if not isinstance(value, str) or not value.isascii() or "\0" in value:  # typer refuses those
        return False
    if isinstance(kind, type) and issubclass(kind, Enum):
        return value in {each.value for each in kind}
    if kind is int and value.isdigit() and len(value) < 10:
        return (low is None or low <= int(value)) and (high is None or int(value) <= high)
    return kind in (str, Path)
