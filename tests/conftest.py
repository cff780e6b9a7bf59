"""Fixtures that every part shares."""

import gc
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real and reference data beside the checkout; absent in a fresh clone."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return SHARED_DATA


def pytest_collection_finish() -> None:
    """Libraries and tests stay to the end: the collector need not look at them again and again."""
    gc.collect()
    gc.freeze()
