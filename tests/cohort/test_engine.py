"""The engine: each case alone, nothing lost, nothing done twice."""

import dataclasses
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from distributed import Client

from oligocount.cohort.clusters import local_cluster
from oligocount.cohort.engine import Progress, run_batch, served
from oligocount.cohort.isolation import Limits
from oligocount.cohort.ledger import Attempt, Ledger, State
from oligocount.cohort.manifest import CohortCase
from oligocount.cohort.plan import Plan
from oligocount.cohort.stages import WAITING
from oligocount.errors import ConfigError, PublishError

Patients = Callable[..., tuple[CohortCase, ...]]


def run(cases: tuple[CohortCase, ...], plan: Plan, client: Client) -> Progress:
    with Ledger.open(plan.out) as ledger, served(client, plan):
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
    assert list(found["a"].outcome.stage_seconds) == ["start", "intake", "publish"]
    assert list(found["a"].outcome.stage_peak_mib) == ["start", "intake", "publish"]
    assert all(10 < peak < 2000 for peak in found["a"].outcome.stage_peak_mib.values())
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


def test_a_result_that_was_deleted_or_broken_is_made_again(
    patients: Patients, plan: Plan, client: Client
) -> None:
    cases = patients(a={})
    run(cases, plan, client)
    result = plan.out / "cases" / "a" / "result.json"
    result.unlink()
    assert run(cases, plan, client).done == 1
    result.write_text('{"half a')
    assert run(cases, plan, client).done == 1
    assert json.loads(result.read_text())["case_id"] == "a"


def test_an_input_that_went_away_fails_by_name(
    patients: Patients, plan: Plan, client: Client
) -> None:
    gone = CohortCase(case_id="gone", input=Path("/nowhere/share"))
    progress = run((*patients(a={}), gone), plan, client)
    assert (progress.done, progress.failed) == (1, 1)
    assert "/nowhere/share" in str(latest(plan)["gone"].outcome.error)


def test_what_would_stop_every_case_stops_the_batch_and_costs_none(
    patients: Patients, plan: Plan, client: Client
) -> None:
    """A full disk is no patient's fault: with room again the same command goes on."""
    cases = patients(a={}, b={"do": "fill"}, c={"do": "fill"}, d={"do": "fill"})
    with pytest.raises(PublishError, match=r"No space left.*run the same command to go on"):
        run(cases, plan, client)
    (plan.out / "room").touch()
    progress = run(cases, plan, client)
    assert progress.done + progress.skipped == 4
    assert {one.outcome.state for one in latest(plan).values()} == {State.DONE}


def test_a_model_that_is_not_there_is_said_once(
    patients: Patients, plan: Plan, client: Client
) -> None:
    cases = patients(**{f"c{number}": {"do": "misset"} for number in range(8)})
    with pytest.raises(ConfigError, match="suv99"):
        run(cases, plan, client)
    assert State.FAILED not in {one.outcome.state for one in latest(plan).values()}
    assert len(executions(plan)) < 8


def test_an_input_that_goes_away_in_the_middle_runs_again_when_it_is_back(
    patients: Patients, plan: Plan, client: Client
) -> None:
    cases = patients(a={"do": "unplug"})
    assert run(cases, plan, client).failed == 1
    away = Path(f"{cases[0].input} away")
    (away / "case.json").write_text("{}")
    os.utime(away / "case.json", (0, 0))
    away.rename(cases[0].input)
    assert run(cases, plan, client).done == 1


def test_two_batches_share_a_cluster(patients: Patients, plan: Plan, client: Client) -> None:
    """Cases of one name in two folders: neither batch ends the other's, nor hears of them."""
    other = dataclasses.replace(plan, out=plan.out.with_name("other"))
    other.out.mkdir()
    cases = patients(**{f"c{number}": {"seconds": 0.3} for number in range(4)})
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda each: run(cases, each, client), (plan, other)))
    assert [progress.done for progress in both] == [4, 4]
    for each in (plan, other):
        assert sorted(executions(each)) == ["c0", "c1", "c2", "c3"]
        assert {one.attempt for one in latest(each).values()} == {1}


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
def test_the_next_case_is_prepared_while_this_one_infers(patients: Patients, plan: Plan) -> None:
    """One GPU, 4 cases of 0.5 s before it and 0.5 s on it: never two at once, and no long gaps."""
    told = {f"c{number}": {"seconds": 0.5, "infers_s": 0.5} for number in range(5)}
    cases = patients(warm={}, **told)
    with local_cluster(1, gpus=1) as client:
        run(cases, dataclasses.replace(plan, turn_stages=("lesions",)), client)
    found = [
        json.loads(file.read_text())["answer"] for file in plan.out.glob("cases/c*/result.json")
    ]
    spans = sorted(found)
    assert len(spans) == 5
    gaps = [begun - ended for (_, ended), (begun, _) in pairwise(spans)]
    assert min(gaps) >= 0, "two cases were on the GPU at once"
    assert sorted(gaps)[1] < 0.3, "the GPU waited for the next case's 0.5 s of reading"
    waited = [one.outcome.stage_seconds.get(WAITING, 0.0) for one in latest(plan).values()]
    assert max(waited) > 0.1


@pytest.mark.slow
def test_waiting_for_a_turn_is_not_held_against_a_case(patients: Patients, plan: Plan) -> None:
    """Each may take 1.5 s; the one that has to wait for the other needs 1.6 s in all."""
    cases = patients(a={"infers_s": 0.8}, b={"infers_s": 0.8})
    limits = Limits(time_s=1.5, memory_mib=2000)
    with local_cluster(1, gpus=1) as client:
        progress = run(
            cases, dataclasses.replace(plan, limits=limits, turn_stages=("lesions",)), client
        )
    assert progress.done == 2


@pytest.mark.slow
def test_each_worker_sees_one_gpu_of_its_own(patients: Patients, plan: Plan) -> None:
    """Two workers, two GPUs, cases that wait for one: both are used, none is shared."""
    cases = patients(**{f"c{number}": {"seconds": 0.5} for number in range(6)})
    with local_cluster(2, gpus=2) as client:
        assert run(cases, dataclasses.replace(plan, turn_stages=("publish",)), client).done == 6
    results = [json.loads(file.read_text()) for file in plan.out.glob("cases/*/result.json")]
    assert {one["gpu"] for one in results} == {"0", "1"}


def test_without_gpus_nothing_is_hidden(patients: Patients, plan: Plan, client: Client) -> None:
    run(patients(a={}), plan, client)
    result = json.loads((plan.out / "cases" / "a" / "result.json").read_text())
    assert result["gpu"] == os.environ.get("CUDA_VISIBLE_DEVICES")
