"""A cohort of toy patients and a Dask cluster of separate processes."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from oligocount.cohort.clusters import local_cluster
from oligocount.cohort.isolation import Limits
from oligocount.cohort.manifest import CohortCase
from oligocount.cohort.plan import Plan

HERE = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def toy_runner_is_importable() -> Iterator[None]:
    """Case processes inherit the path that leads to tests/cohort."""
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HERE), before)))
    yield
    os.environ["PYTHONPATH"] = before


@pytest.fixture(scope="session")
def client(toy_runner_is_importable: None) -> Iterator[Client]:
    with local_cluster(workers=2) as client:
        yield client


@pytest.fixture
def patients(tmp_path: Path) -> Callable[..., tuple[CohortCase, ...]]:
    """Builds patient folders: `patients(a={}, b={"do": "crash"})`."""

    def build(**told: dict[str, Any]) -> tuple[CohortCase, ...]:
        for name, each in told.items():
            folder = tmp_path / "in" / name
            folder.mkdir(parents=True, exist_ok=True)
            file, text = folder / "case.json", json.dumps(each)
            if not file.exists() or file.read_text() != text:
                file.write_text(text)
        return tuple(CohortCase(case_id=name, input=tmp_path / "in" / name) for name in told)

    return build


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    out = tmp_path / "out"
    out.mkdir()
    return Plan(
        out=out,
        runner="toy_runner:run",
        options={},
        settings_digest="s1",
        models_digest="m1",
        limits=Limits(time_s=60, memory_mib=2000),
    )
