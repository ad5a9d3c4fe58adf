"""Other people's libraries, kept from the user's variables and from talking."""

import logging
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager


@contextmanager
def environment(prefixes: tuple[str, ...], values: Mapping[str, str]) -> Generator[None]:
    """Set variables, and hide all others that begin like this, until the end; then put them back.

    The environment is the process's: other threads see it too.
    """
    before = {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
    before |= {name: os.environ[name] for name in values if name in os.environ}
    try:
        for name in before:
            del os.environ[name]
        os.environ.update(values)
        yield
    finally:
        for name in [name for name in os.environ if name.startswith(prefixes) or name in values]:
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def loggers(*names: str, level: int) -> Generator[None]:
    """Give loggers a level until the end."""
    found = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in found]
    try:
        for logger in found:
            logger.setLevel(level)
        yield
    finally:
        for logger, old in zip(found, before, strict=True):
            logger.setLevel(old)
