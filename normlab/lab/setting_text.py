"""Settings as text: what somebody types into a form, and what is shown there."""

from collections.abc import Sequence
from typing import cast

from normlab.core.errors import show_repeated, show_scalar
from normlab.core.fields import Field


def read_text(field: Field, text: str) -> object:
    """Read what somebody has typed into a field; what can't be read stays text, for validation to refuse.

    >>> from normlab.lab.experiment import Training
    >>> from normlab.core.fields import describe
    >>> fields = describe(Training)
    >>> read_text(fields["epochs"], "20"), read_text(fields["batch_size"], "full")
    (20, 'full')
    """
    text = text.strip()
    if text in field.choices:
        return text
    if field.optional and text in ("", "none"):
        return None
    match field.type:
        case "integer" | "number":
            return _read_number(text, whole=field.type == "integer")
        case "flag":
            return {"true": True, "false": False}.get(text, text)
        case "list":
            return _read_list(field, text)
        case "record":
            return {} if text == "true" else None
        case _:
            return text


def _read_number(text: str, whole: bool) -> object:
    try:
        return int(text)  # no commas: "0,001" is a small number in half of the world
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if whole and abs(number) < 1e15 and number.is_integer() else number


def _read_list(field: Field, text: str) -> object:
    items = [item.strip() for item in text.strip("[]").split(",") if item.strip()]
    if field.item is None or field.item.type == "text":
        return items
    read = [_read_number(item, whole=field.item.type == "integer") for item in items]
    return text if any(isinstance(item, str) for item in read) else read  # "10x500" is for the field to read


def show_text(value: object) -> str:
    """Write a setting's value as somebody would type it; `read_text` reads it back.

    >>> show_text((128, 128)), show_text(0.001), show_text(None)
    ('128, 128', '0.001', 'none')
    """
    if isinstance(value, list | tuple):
        items = cast(Sequence[object], value)
        return show_repeated(items) or ", ".join(map(show_scalar, items))
    return show_scalar(value)
