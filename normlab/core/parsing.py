"""Untrusted tables in, checked records out: every fault becomes one line that says what would work."""

import difflib
import re
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from normlab.core.choice import Part, members
from normlab.core.errors import UNSAID, ConfigError, Problem
from normlab.core.fields import Field, describe

M = TypeVar("M", bound=BaseModel)
MAX_TOLD = 20


def parse(model: type[M], tree: Any, path: str = "") -> M:
    """Validate a table as `model`, whose place in the file is `path`.

    Raises: ConfigError with a problem per wrong field.
    """
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        found: dict[str, Problem] = {}
        for detail in error.errors(include_url=False):
            problem = _explain(model, detail, path)
            found.setdefault(problem.path, problem)
        told = list(found.values())[:MAX_TOLD]
        if len(found) > MAX_TOLD:
            told.append(
                Problem(path or "the file", f"has {len(found) - MAX_TOLD} more problems", "mend these first")
            )
        raise ConfigError(*told) from None


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the known word that is meant, or the known words.

    >>> nearest("widht", ["depth", "width"])
    'did you mean width?'
    """
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def join(*steps: str | int) -> str:
    """Join steps into a dotted path, with indices in brackets.

    >>> join("arms", 1, "set")
    'arms[1].set'
    """
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path and step else step
    return path


def _explain(model: type[BaseModel], detail: ErrorDetails, path: str) -> Problem:
    record: type[BaseModel] | None = model
    field: Field | None = None
    steps = list(detail["loc"])
    if steps[-1:] == ["[key]"]:  # of a table whose keys are a few known words
        expected = str(detail.get("ctx", {}).get("expected", ""))
        known = [word.strip("'") for word in re.split(r", | or ", expected)]
        at = join(path, *(step for step in steps[:-2]))
        return Problem(at, "is no name here", nearest(str(steps[-2]), known), detail["input"])
    while steps and record is not None:
        step = steps.pop(0)
        fields = describe(record)
        path = join(path, step)
        if step not in fields:
            return Problem(path, "is no setting here", nearest(str(step), fields))
        field = fields[str(step)]
        record = field.record
        if field.family and steps:  # the union's tag stands in the location: it is no step of the path
            record = members(field.family).get(str(steps.pop(0)))
        elif field.item and steps and isinstance(steps[0], int):
            path = join(path, steps.pop(0))
            field, record = field.item, field.item.record
    return _judge(path, field, detail)


def _judge(path: str, field: Field | None, detail: ErrorDetails) -> Problem:
    value = detail["input"]
    match detail["type"]:
        case "missing":
            return Problem(path, "is missing", f"give {field.rule()}" if field else "")
        case "union_tag_invalid" | "union_tag_not_found" if field and field.family:
            kind = value.get("kind", UNSAID) if isinstance(value, dict) else value
            remedy = nearest(str(kind), field.choices)
            if kind is UNSAID:
                return Problem(join(path, "kind"), "is missing", f"choose one of {', '.join(field.choices)}")
            return Problem(join(path, "kind"), f"is no {family_word(field.family)}", remedy, kind)
        case "value_error":
            rule, _, remedy = str(detail["ctx"]["error"]).partition("; ") if "ctx" in detail else ("", "", "")
            return Problem(path, rule, remedy, UNSAID if isinstance(value, dict) else value)
        case "model_type" | "model_attributes_type" | "dict_type":
            remedy = f"set {path}.kind to choose one" if field and field.family else ""
            return Problem(path or "the file", "must be a table", remedy, value)
        case "string_too_long" | "string_too_short" | "too_long" | "too_short":
            return Problem(path, detail["msg"].lower().replace("should", "must"), "", value)
        case _:
            rule = f"must be {field.rule()}" if field else detail["msg"]
            close = ""
            if field and field.choices and isinstance(value, str) and not field.family:
                guess = difflib.get_close_matches(value, field.choices, n=1)
                close = f"did you mean {guess[0]}?" if guess else ""
            if isinstance(value, str) and value.strip("+-.0123456789") == "":
                value = f'"{value}"'  # shown as text, or the line would read "3: must be a whole number"
            return Problem(path, rule, close, value)


def family_word(family: type[Part]) -> str:
    """Name a family as people do: "norm", "optimizer"."""
    return family.__name__.lower()
