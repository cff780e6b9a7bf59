"""`oligocount decide` as a user runs it."""

import json
from pathlib import Path

import pytest

from oligocount.cli.main import main

WORKED = Path(__file__).parents[1] / "golden" / "worked_cases.yaml"
OWN = """
id: OWN
kind: definition
title: at most one lesion
source: a user
exclusions: []
solitary_serosal: accept
require: {N_max: 1}
"""


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_patient_is_one_line_of_json(capsys) -> None:
    assert main(["decide", str(WORKED), "--json"]) == 0
    told = lines(capsys)
    assert [each["id"] for each in told][:3] == ["C01", "C03", "C05"]
    assert told[0]["verdicts"]["CN2025"]["decision"] == "OLIGO"


def test_the_table_names_the_definition_with_every_answer(capsys) -> None:
    assert main(["decide", str(WORKED)]) == 0
    told = capsys.readouterr().out
    assert "C03\n  V 4  S 0  R 0  N 4  O 1  M 4" in told
    assert "CN2025       NOT_OLIGO       Not fulfilled: M 4 (at most 3)." in told
    assert "(N 3 to 6)" in told
    assert "if EA2183_N5: PASS" in told
    assert "class    none" in told


def test_a_users_own_protocol_is_asked_too(capsys, tmp_path) -> None:
    protocol = tmp_path / "own.yaml"
    protocol.write_text(OWN, "utf-8")
    assert main(["decide", str(WORKED), "--json", "--protocol", str(protocol)]) == 0
    verdicts = lines(capsys)[0]["verdicts"]
    assert verdicts["OWN"]["decision"] == "NOT_OLIGO"
    assert verdicts["OWN"]["source"] == "a user"


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        ("cases: [{id: A, lesions: [{site: toe}]}]", 3, "case A: lesions.1.site: 'toe'"),
        ("cases: 3", 3, "cases: 3 is not of type"),
        ("[1", 3, "cannot be read as YAML or JSON"),
    ],
)
def test_bad_input_ends_with_the_case_and_the_key(
    capsys, tmp_path, content, status, message
) -> None:
    file = tmp_path / "patients.yaml"
    file.write_text(content, "utf-8")
    assert main(["decide", str(file)]) == status
    assert message in capsys.readouterr().err


def test_a_date_among_the_facts_stays_a_date(capsys, tmp_path) -> None:
    file = tmp_path / "patients.yaml"
    file.write_text(
        "cases: [{id: A, lesions: [{site: lung}], context: {reference_date: 2026-01-31}}]", "utf-8"
    )
    assert main(["decide", str(file), "--json"]) == 0
    notes = {each["flag"]: each["text"] for each in lines(capsys)[0]["statements"]}
    assert notes["follow_up_calendar"].startswith("Visits: 2026-04-30")


def test_an_engine_that_is_not_there_ends_with_a_model_error(capsys, tmp_path) -> None:
    config = tmp_path / "fast.yaml"
    config.write_text("decide: {engine: {retries: 0, timeout_s: 0.2}}", "utf-8")
    file = tmp_path / "patients.yaml"
    file.write_text("cases: [{id: A, lesions: []}]", "utf-8")
    engine = ["--engine", "http://127.0.0.1:9/", "--config", str(config)]
    assert main(["decide", str(file), *engine]) == 4
    assert "no answer after 1 attempts" in capsys.readouterr().err
