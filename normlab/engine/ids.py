"""Names of runs."""

import secrets


def new_run_id() -> str:
    """Make a run id: 6 letters and digits that can't be mistaken for one another."""
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(6))
