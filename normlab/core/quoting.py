"""Text of strangers inside Markdown and CSV: it neither comes alive nor breaks the table."""

import re

from normlab.core.text import visible

# What begins a formula in a spreadsheet, the full-width twins that some of them take for the same included.
_FORMULA = tuple("=+-@＝＋－＠")

# What GitHub makes a link or a mention of, be it escaped: addresses, @user, #123.
_LIVE = re.compile(r"[@#]|://|www\.", re.IGNORECASE)


def for_markdown(text: str) -> str:
    """Make text literal in a Markdown table, on one line; as code where it would come alive otherwise.

    What is over 200 characters is cut.
    """
    text = _line(text, 200)
    if _LIVE.search(text):
        # Nothing is escaped in code, but a bar would end the cell.
        text = text.replace("|", "\N{BOX DRAWINGS LIGHT VERTICAL}")
        fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
        return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"
    return re.sub(r"([\\`*_\[\]<>|~&$])", r"\\\1", text)


def for_csv(text: str) -> str:
    """Keep a spreadsheet from running text as a formula, on one line, uncut; numbers stay numbers.

    >>> for_csv("=1+1"), for_csv("-0.5")
    ("'=1+1", '-0.5')
    """
    text = _line(text, len(text))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _line(text: str, limit: int) -> str:
    """Show what is hidden in text, and keep it on one line whatever else breaks lines."""
    return " ".join(visible(text, limit).splitlines())
