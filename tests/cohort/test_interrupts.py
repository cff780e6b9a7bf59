"""A signal that ends a question or a watch is told as one."""

import signal
from collections.abc import Iterator

import duckdb
import pytest

from oligocount.cohort.interrupts import interruptible

LONG = "SELECT count(*) FROM range(20_000_000_000) t(n) WHERE n % 7 = 3"  # half a minute or so


@pytest.fixture
def _interrupted() -> Iterator[None]:
    """An alarm in 0.3 s that acts as Ctrl-C does: SIGINT itself is ignored in a background job."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("_interrupted")
def test_a_signal_during_a_query_is_a_keyboard_interrupt() -> None:
    with duckdb.connect() as memory, pytest.raises(KeyboardInterrupt), interruptible():
        memory.execute(LONG)


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="something else"), interruptible():
        raise RuntimeError("something else")
