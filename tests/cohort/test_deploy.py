"""The examples of configs/deploy: what they ask of a cluster and of a container."""

import os
import re
import time
from pathlib import Path

import pytest
import yaml

from oligocount.cohort.clusters import slurm_cluster

DEPLOY = Path(__file__).parents[2] / "configs" / "deploy"


def test_the_slurm_example_asks_for_a_gpu_and_two_cases_that_share_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sbatch` here keeps the job's script, and nothing runs."""
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
    keep = f'cp "$1" {tmp_path}/part && mv {tmp_path}/part {tmp_path}/job.sh'  # whole at once
    commands = {"sbatch": f"{keep}; echo Submitted batch job 1", "scancel": ":"}
    for name, line in commands.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    script = tmp_path / "job.sh"
    with slurm_cluster(DEPLOY / "slurm.yaml", gpus=1):
        while not script.exists():
            time.sleep(0.05)
        told = script.read_text()
    assert "#SBATCH --gres=gpu:1" in told
    assert "#SBATCH --cpus-per-task=8" in told
    assert re.search(r"#SBATCH --mem=2[34]G", told)
    assert "#SBATCH -t 24:00:00" in told
    assert "source /shared/venv/bin/activate" in told
    assert "--nthreads 2" in told
    assert "--resources GPU=1" in told


def test_the_kubernetes_example_is_what_the_schemas_say() -> None:
    """Unknown keys are refused too."""
    library = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is absent")
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8")))
    assert [one["kind"] for one in documents] == ["Job", "NetworkPolicy"]
    for one in documents:
        library.validate(one, library.latest_version(), strict=True)


def test_the_kubernetes_example_has_no_rights() -> None:
    job, policy = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {one["mountPath"] for one in container["volumeMounts"]} == {"/in", "/out", "/tmp"}  # noqa: S108 - the example's own
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & set(policy["spec"]), "no rule: nothing passes"
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"] == labels
    assert len(container["args"]) == len({*container["args"]})
    memory_gib = int(container["resources"]["limits"]["memory"].removesuffix("Gi"))
    workers, limit_gib = (
        int(container["args"][container["args"].index(name) + 1])
        for name in ("--workers", "--memory-limit")
    )
    assert workers * limit_gib <= memory_gib - 3, "the coordinator and Dask need room, too"


def test_the_image_ends_as_a_user_without_rights_but_with_a_name() -> None:
    """A library that asks for the user's name fails where neither the system nor USER tells it."""
    lines = (DEPLOY / "Containerfile").read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER 65532:65532"]
    (environment,) = (line for line in lines if line.startswith("ENV"))
    assert " USER=" in environment
    assert " HOME=/tmp" in environment
