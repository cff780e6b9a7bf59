"""A signal that ends a question or a watch is told as one."""

import os
import signal
from threading import Timer

import duckdb
import pytest

from oligocount.cohort.interrupts import interruptible

ENDLESS = "SELECT count(*) FROM range(100_000_000_000_000) t(n) WHERE n % 7 = 3"


def test_a_signal_during_a_query_is_a_keyboard_interrupt() -> None:
    Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with duckdb.connect() as memory, pytest.raises(KeyboardInterrupt), interruptible():
        memory.execute(ENDLESS)


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="something else"), interruptible():
        raise RuntimeError("something else")
