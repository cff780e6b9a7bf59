"""Libraries' own words, which cite patients and queries, stay out of ours."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LIBRARIES = ("pynetdicom", "pydicom", "dicomweb_client", "urllib3")


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Inside the block the network libraries neither log nor warn."""
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
