"""Runs side by side as a Markdown table."""

from collections.abc import Sequence

from normlab.exports.exhibit import Exhibit, by_arm, side_by_side
from normlab.views.comparison_text import to_markdown


def write_markdown(exhibits: Sequence[Exhibit]) -> bytes:
    """Write a column per arm, mean ± deviation over its seeds: settings that differ, then results."""
    return to_markdown(side_by_side(by_arm(exhibits))).encode()
