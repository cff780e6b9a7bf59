"""Machine against reader: figures that a textbook gives."""

import json
from pathlib import Path
from typing import Any

import pytest
from finished import finish, result

from oligocount.cohort.page import write_page
from oligocount.cohort.plan import case_folder
from oligocount.cohort.tables import ask, write_tables


def rows(out: Path, question: str) -> list[tuple[Any, ...]]:
    return list(ask(out, question)[1])


def read(out: Path, case_id: str, **changed: Any) -> None:
    """A reader's version beside the machine's, as `recount` leaves it."""
    folder = case_folder(out, case_id)
    document = json.loads((folder / "result.json").read_text()) | changed
    (folder / "reader").mkdir()
    (folder / "reader" / "result.json").write_text(json.dumps(document))


def verdict(decision: str) -> dict[str, Any]:
    return {"D": {"decision": decision, "best": decision, "worst": decision, "reason": ""}}


def test_kappa_is_cohens(tmp_path: Path) -> None:
    """20 both yes, 5 machine alone, 10 reader alone, 15 both no: 0.70 observed, 0.50 by chance."""
    pairs = [("OLIGO", "OLIGO")] * 20 + [("OLIGO", "NOT_OLIGO")] * 5
    pairs += [("NOT_OLIGO", "OLIGO")] * 10 + [("NOT_OLIGO", "NOT_OLIGO")] * 15
    out = finish(tmp_path / "out", *(result(f"p{n}", D=one) for n, (one, _) in enumerate(pairs)))
    for number, (_, other) in enumerate(pairs):
        read(out, f"p{number}", verdicts=verdict(other))
    write_tables(out)
    (found,) = rows(out, "FROM agreement_verdicts WHERE definition = 'D'")
    half = 1.96 * (0.7 * 0.3 / 50) ** 0.5 / 0.5
    assert found[:2] == ("D", 50)
    assert found[2:] == pytest.approx((0.7, 0.4, 0.4 - half, 0.4 + half))


def test_kappa_of_one_answer_alone_is_unknown(tmp_path: Path) -> None:
    out = finish(tmp_path / "out", result("a", D="OLIGO"), result("b", D="OLIGO"))
    read(out, "a")
    read(out, "b")
    write_tables(out)
    assert rows(out, "SELECT agreement, kappa FROM agreement_verdicts") == [(1.0, None)] * 2


def test_bias_and_limits_are_bland_and_altmans(tmp_path: Path) -> None:
    """N of the machine is 2; readers say 2, 1, 3 and 4: differences 0, 1, -1, -2."""
    out = finish(tmp_path / "out", *(result(name) for name in "abcd"), result("unread"))
    for name, number in zip("abcd", (2, 1, 3, 4), strict=True):
        read(out, name, counts={"N": number, "by_organ": {"liver": number}})
    write_tables(out)
    (found,) = rows(out, "FROM agreement_numbers WHERE subject = 'N'")
    spread = 1.96 * (5 / 3) ** 0.5
    assert found == ("N", 4, pytest.approx(-0.5), pytest.approx(-0.5 - spread),
                     pytest.approx(-0.5 + spread), 0.25)  # fmt: skip
    organ = "SELECT cases, bias FROM agreement_numbers WHERE subject = 'organ: liver'"
    assert rows(out, organ) == [(4, -2.5)], "an organ that the machine lacks is 0 there"
    assert rows(out, "SELECT count(DISTINCT case_id) FROM readings") == [(4,)]
    write_page(out)
    assert "Bland–Altman" in (out / "cohort.html").read_text("utf-8")


def test_an_organ_that_nobody_counted_in_a_case_is_agreement_there(tmp_path: Path) -> None:
    """Lung: in a and b for both, in c for the machine alone, in d for neither: kappa 0.5."""
    out = finish(tmp_path / "out", *(result(name) for name in "abcd"))
    for name, (machine, reader) in zip("abcd", ((1, 1), (2, 1), (1, 0), (0, 0)), strict=True):
        file = case_folder(out, name) / "result.json"
        document = json.loads(file.read_text())
        document["counts"]["by_organ"] = {"lung": machine} if machine else {}
        file.write_text(json.dumps(document))
        read(out, name, counts={"by_organ": {"lung": reader} if reader else {}})
    write_tables(out)
    (found,) = rows(out, "SELECT organ, cases, agreement, kappa FROM agreement_organs")
    assert found == ("lung", 4, 0.75, pytest.approx(0.5))
    (bias,) = rows(out, "SELECT cases, bias FROM agreement_numbers WHERE subject = 'organ: lung'")
    assert bias == (4, 0.5)


def test_a_cohort_without_readers_says_nothing_of_agreement(tmp_path: Path) -> None:
    out = finish(tmp_path / "out", result("a", D="OLIGO"))
    write_tables(out)
    write_page(out)
    assert rows(out, "FROM agreement_verdicts") == []
    assert "Agreement" not in (out / "cohort.html").read_text("utf-8")
