"""Workers as SLURM jobs. `sbatch` is a script here that starts the job on this machine."""

import json
import os
from pathlib import Path

import pytest

from oligocount.cli.main import main
from oligocount.cohort.clusters import slurm_cluster
from oligocount.errors import ConfigError

pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")

SBATCH = """#!/bin/sh
cp "$1" {place}/job.sh
sh {place}/job.sh > {place}/job.log 2>&1 &
echo "$!" >> {place}/jobs
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
for job in "$@"; do pkill -P "$job"; kill "$job"; done
exit 0
"""


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of commands ahead of all others on the path."""
    commands = tmp_path / "commands"
    commands.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (commands / name).write_text(text.format(place=tmp_path) if "{" in text else text)
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


@pytest.mark.slow
def test_cases_run_in_jobs(queue: Path) -> None:
    for number in range(4):
        (queue / "in" / f"p{number}").mkdir(parents=True)
        (queue / "in" / f"p{number}" / "case.json").write_text(json.dumps({"answer": number}))
    told = queue / "slurm.yaml"
    told.write_text("jobs: 1\nqueue: short\nmemory: 2 GB\njob_cpu: 4\ninterface: lo\n")
    out = queue / "out"
    status = main(
        ["batch", str(queue / "in"), "-o", str(out), "--slurm", str(told),
         "--runner", "toy_runner:run"]
    )  # fmt: skip
    assert status == 0
    assert len(list(out.glob("cases/*/result.json"))) == 4
    script = (queue / "job.sh").read_text()
    assert "#SBATCH -p short" in script
    assert "--cpus-per-task=4" in script


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # half a cluster
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("queue: x\n", "jobs"),
        ("jobs: 0\n", "jobs"),
        ("jobs: 2\ncores: 8\n", "one case a job"),
        ("- a\n", "mapping"),
        ("jobs: [\n", "YAML"),
        ("jobs: 1\nmemory: 2GB\nqeue: x\n", "qeue"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "slurm.yaml").write_text(text)
    with pytest.raises(ConfigError, match=words), slurm_cluster(tmp_path / "slurm.yaml"):
        pass
