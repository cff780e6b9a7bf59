"""A Ctrl-C while DuckDB works stays a Ctrl-C."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """KeyboardInterrupt leaves the block as such.

    DuckDB's client looks for signals while a query runs and throws what arrives in Python as
    RuntimeError("Query interrupted"), with the KeyboardInterrupt lost.
    """
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise
