"""The engine: each case alone, nothing lost, nothing done twice."""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from distributed import Client

from oligocount.cohort.clusters import local_cluster
from oligocount.cohort.engine import Plan, Progress, run_batch
from oligocount.cohort.isolation import Limits
from oligocount.cohort.ledger import Attempt, Ledger, State
from oligocount.cohort.manifest import CohortCase

Patients = Callable[..., tuple[CohortCase, ...]]


def run(cases: tuple[CohortCase, ...], plan: Plan, client: Client) -> Progress:
    with Ledger.open(plan.out) as ledger:
        ledger.list_cases(cases, {})
        return run_batch(cases, plan, client, ledger)


def latest(plan: Plan) -> dict[str, Attempt]:
    with Ledger.open_read_only(plan.out) as ledger:
        return {one.case_id: one for one in ledger.latest()}


def executions(plan: Plan) -> list[str]:
    file = plan.out / "executions.txt"
    return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


def test_a_case_that_breaks_costs_itself_alone(
    patients: Patients, plan: Plan, client: Client
) -> None:
    """A bug, a death by signal, a refusal: three failures, and all others are done."""
    cases = patients(
        a={}, b={"do": "crash"}, c={"do": "die"}, d={"do": "refuse"}, e={"do": "chatter"}, f={}
    )
    progress = run(cases, plan, client)
    assert (progress.done, progress.failed, progress.left) == (3, 3, 0)
    found = latest(plan)
    assert {name: one.outcome.state for name, one in found.items()} == {
        "a": State.DONE, "b": State.FAILED, "c": State.FAILED, "d": State.FAILED,
        "e": State.DONE, "f": State.DONE,
    }  # fmt: skip
    assert found["b"].outcome.error_class == "Crash"
    assert "ZeroDivisionError" in str(found["b"].outcome.error)
    assert "must stay in the log" not in str(found["b"].outcome.error)
    assert "must stay in the log" in (plan.out / "logs" / "b.log").read_text()
    assert found["c"].outcome.error_class == "Killed"
    assert "SIGKILL" in str(found["c"].outcome.error)
    assert found["d"].outcome.error_class == "QuantificationError"
    assert found["d"].outcome.stage == "intake"
    assert found["d"].outcome.error == "series 1.2.3: weight is absent, expected (0010,1030)"
    assert found["a"].outcome.stage_seconds == {"intake": 0.25, "publish": 0.5}
    assert 10 < (found["a"].outcome.peak_mib or 0) < 2000
    assert not list((plan.out / ".work").iterdir())
    assert not (plan.out / "cases" / "b").exists()


def test_a_hang_and_a_glutton_are_ended(patients: Patients, plan: Plan, client: Client) -> None:
    limits = Limits(time_s=3, memory_mib=500)
    cases = patients(a={"do": "hang"}, b={"do": "eat"}, c={}, d={})
    progress = run(cases, dataclasses.replace(plan, limits=limits), client)
    found = latest(plan)
    assert (progress.done, progress.failed) == (2, 2)
    assert found["a"].outcome.error_class == "TimeLimit"
    assert found["b"].outcome.error_class == "MemoryLimit"


def test_models_stay_loaded_between_cases(patients: Patients, plan: Plan, client: Client) -> None:
    """Twelve good cases on two workers run in two processes."""
    run(patients(**{f"c{n}": {} for n in range(12)}), plan, client)
    processes = {line.split()[1] for line in (plan.out / "executions.txt").read_text().splitlines()}
    assert len(processes) <= 2


def test_a_second_run_does_nothing_twice(patients: Patients, plan: Plan, client: Client) -> None:
    cases = patients(a={}, b={"do": "refuse"}, c={})
    run(cases, plan, client)
    progress = run(cases, plan, client)
    assert (progress.skipped, progress.failed_before, progress.done) == (2, 1, 0)
    assert sorted(executions(plan)) == ["a", "b", "c"]


def test_failed_cases_are_retried_on_request(
    patients: Patients, plan: Plan, client: Client
) -> None:
    cases = patients(a={}, b={"do": "refuse"})
    run(cases, plan, client)
    progress = run(cases, dataclasses.replace(plan, retries_failed=True), client)
    assert (progress.skipped, progress.failed) == (1, 1)
    assert sorted(executions(plan)) == ["a", "b", "b"]
    assert latest(plan)["b"].attempt == 2


def test_a_changed_input_is_redone_and_replaces_the_result(
    patients: Patients, plan: Plan, client: Client
) -> None:
    run(patients(a={"answer": 1}, b={}), plan, client)
    cases = patients(a={"answer": 22}, b={})
    (plan.out / "executions.txt").unlink()
    run(cases, plan, client)
    result = json.loads((plan.out / "cases" / "a" / "result.json").read_text())
    assert result["answer"] == 22
    assert executions(plan) == ["a"]


def test_a_readers_work_outlives_a_case_that_is_redone(
    patients: Patients, plan: Plan, client: Client
) -> None:
    """What is not ours to throw away goes to `superseded`, with the case that it belongs to."""
    run(patients(a={"answer": 1}, b={"answer": 1}), plan, client)
    reader = plan.out / "cases" / "a" / "reader"
    reader.mkdir()
    (reader / "result.json").write_text("a person's verdict")
    run(patients(a={"answer": 22}, b={"answer": 22}), plan, client)
    assert not reader.exists()
    (kept,) = (plan.out / "superseded").iterdir()
    assert kept.name.startswith("a-")
    assert (kept / "reader" / "result.json").read_text() == "a person's verdict"
    assert json.loads((kept / "result.json").read_text())["answer"] == 1


@pytest.mark.parametrize("change", [{"settings_digest": "s2"}, {"models_digest": "m2"}])
def test_other_settings_or_models_redo_everything(
    change: dict[str, str], patients: Patients, plan: Plan, client: Client
) -> None:
    cases = patients(a={}, b={"do": "refuse"})
    run(cases, plan, client)
    progress = run(cases, dataclasses.replace(plan, **change), client)
    assert (progress.done, progress.failed, progress.skipped) == (1, 1, 0)


def test_a_result_that_was_deleted_is_made_again(
    patients: Patients, plan: Plan, client: Client
) -> None:
    cases = patients(a={})
    run(cases, plan, client)
    (plan.out / "cases" / "a" / "result.json").unlink()
    assert run(cases, plan, client).done == 1


def test_an_input_that_went_away_fails_by_name(
    patients: Patients, plan: Plan, client: Client
) -> None:
    gone = CohortCase(case_id="gone", input=Path("/nowhere/share"))
    progress = run((*patients(a={}), gone), plan, client)
    assert (progress.done, progress.failed) == (1, 1)
    assert "/nowhere/share" in str(latest(plan)["gone"].outcome.error)


def test_strange_names_get_folders_of_their_own(
    patients: Patients, plan: Plan, client: Client
) -> None:
    """Non-ASCII, slashes and very long names: one folder each, inside OUT."""
    (base,) = patients(a={})
    names = ("Müller 3", "../up", "x" * 119 + "1", "x" * 119 + "2", "a b")
    cases = tuple(dataclasses.replace(base, case_id=name) for name in names)
    assert run(cases, plan, client).done == len(names)
    told = [
        json.loads(file.read_text())["case_id"] for file in plan.out.glob("cases/*/result.json")
    ]
    assert sorted(told) == sorted(names)


@pytest.mark.slow
def test_each_worker_sees_one_gpu_of_its_own(patients: Patients, plan: Plan) -> None:
    """Two workers, two GPUs, cases that wait for one: both are used, none is shared."""
    cases = patients(**{f"c{number}": {"seconds": 0.5} for number in range(6)})
    with local_cluster(2, gpus=2) as client:
        assert run(cases, dataclasses.replace(plan, gpus_per_case=1), client).done == 6
    results = [json.loads(file.read_text()) for file in plan.out.glob("cases/*/result.json")]
    assert {one["gpu"] for one in results} == {"0", "1"}


def test_without_gpus_nothing_is_hidden(patients: Patients, plan: Plan, client: Client) -> None:
    run(patients(a={}), plan, client)
    result = json.loads((plan.out / "cases" / "a" / "result.json").read_text())
    assert result["gpu"] == os.environ.get("CUDA_VISIBLE_DEVICES")
