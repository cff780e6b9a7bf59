"""Settings for SUV tests."""

import dataclasses

import pytest

from oligocount.config import load_settings
from oligocount.settings_quantify import QuantifySettings


@pytest.fixture(scope="session")
def quantify() -> QuantifySettings:
    return load_settings().quantify


@pytest.fixture(scope="session")
def any_drug(quantify: QuantifySettings) -> QuantifySettings:
    return dataclasses.replace(quantify, allowed_radiopharmaceuticals=("*",))
