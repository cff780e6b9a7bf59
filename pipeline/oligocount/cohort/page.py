"""cohort.html: the whole cohort on one page that needs no network."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2

from oligocount.cohort.plots import BlandAltman, bland_altman
from oligocount.cohort.tables import ask
from oligocount.errors import PublishError
from oligocount.version import __version__

PAGE = "cohort.html"
_TEMPLATES = Path(__file__).with_name("templates")
_DECISIONS = ("OLIGO", "INDETERMINATE", "NOT_OLIGO", "NOT_M1", "NOT_APPLICABLE")

_CASES = """
SELECT c.case_id, c.folder, c.state, c.review, c.N, c.N_low, c.N_high, c.O, c.M,
  coalesce(c.estro_eortc_name, '') AS class, c.suv_max, c.mtv_ml, c.n_foci,
  len(c.caveats) AS doubts, c.error_class, c.error, v.verdicts, l.organs
FROM cases c LEFT JOIN (
  SELECT case_id, string_agg(organ || ' ' || n, ', ' ORDER BY n DESC, organ) AS organs FROM (
    SELECT case_id, coalesce(organ, 'unknown') AS organ, count(*) AS n
    FROM lesions WHERE counted GROUP BY ALL
  ) GROUP BY case_id
) l USING (case_id) LEFT JOIN (
  SELECT case_id, map(list(definition), list(decision)) AS verdicts
  FROM verdicts WHERE source = 'definition' GROUP BY case_id
) v USING (case_id) ORDER BY c.case_id"""
_DEFINITIONS = """
SELECT definition, decision, cases FROM by_definition WHERE source = 'definition'"""
_DISAGREEMENT = """
SELECT oligometastatic_under, not_under, count(*) FROM disagreement GROUP BY ALL"""
_COUNTS_OF_N = """
SELECT least(N, 20) AS capped, count(*) FROM cases WHERE N IS NOT NULL GROUP BY 1 ORDER BY 1"""
_STATES = ("done", "failed", "refused", "running", "interrupted", "waiting")
_BIASES = """
SELECT subject, cases, bias, lower_limit, upper_limit, equal_share FROM agreement_numbers"""
_READINGS = "SELECT case_id, machine, reader FROM readings WHERE subject = '{}'"
_PLOTTED = ("N", "mtv_ml")


def write_page(out: Path) -> None:
    """The page stands in `out`, drawn from its tables.

    Raises PublishError when the tables are absent or the page cannot be written.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template("cohort.html.j2").render(_content(out))
    part = out / f".{PAGE}.part"
    try:
        part.write_text(page, "utf-8")
        part.replace(out / PAGE)
    except OSError as error:
        raise PublishError(f"{out / PAGE}: cannot be written: {error.strerror}") from error


def _content(out: Path) -> dict[str, Any]:
    definitions = _by_definition(out)
    names = tuple(definitions)
    rows = [_packed(dict(row), names) for row in _ask(out, _CASES)]
    states = _counted(rows, 2)
    return {
        "css": (_TEMPLATES / "cohort.css").read_text("utf-8"),
        "js": (_TEMPLATES / "cohort.js").read_text("utf-8"),
        "data": _embedded({"definitions": names, "decisions": _DECISIONS, "rows": rows}),
        "version": __version__,
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "states": {one: states[one] for one in _STATES if one in states},
        "total": len(rows),
        "flow": _flow(out),
        "decisions": _DECISIONS,
        "definitions": definitions,
        "disagreement": {(one, other): cases for one, other, cases in _tuples(out, _DISAGREEMENT)},
        "organs": _tuples(out, "SELECT organ, lesions, cases FROM by_organ LIMIT 20"),
        "counts_of_n": _histogram(dict(_tuples(out, _COUNTS_OF_N))),
        "outliers": _tuples(out, "FROM outliers LIMIT 500"),
        "links": {row[0]: row[1] for row in rows if row[1]},
        "same_scan": _tuples(out, "SELECT cases FROM same_scan LIMIT 500"),
        "kappas": _tuples(out, "FROM kappas ORDER BY kind DESC, subject"),
        "biases": _tuples(out, _BIASES),
        "plots": [plot for name in _PLOTTED if (plot := _plot(out, name)) is not None],
        "doubts": _tuples(out, "FROM doubts"),
    }


def _flow(out: Path) -> list[dict[str, Any]]:
    """The steps from what was given to what can be judged, each with what is lost before it."""
    lost: dict[str, list[tuple[str, int]]] = {}
    for step, reason, cases in _tuples(out, "FROM exclusions"):
        lost.setdefault(step, []).append((reason, cases))
    steps = [row for row in _tuples(out, "FROM screening") if not row[0].startswith("oligomet")]
    return [{"what": what, "cases": cases, "lost": lost.get(what, [])} for what, cases in steps]


def _histogram(found: Mapping[int, int]) -> list[tuple[int, int]]:
    """No gap between the least and the largest number."""
    return [(n, found.get(n, 0)) for n in range(max(found) + 1)] if found else []


def _plot(out: Path, subject: str) -> BlandAltman | None:
    """Machine against reader for one number; None where no reader has edited a case."""
    pairs = _tuples(out, _READINGS.format(subject))
    limits = [row[2:5] for row in _tuples(out, _BIASES) if row[0] == subject]
    return bland_altman(subject, pairs, limits[0]) if pairs and limits else None


def _by_definition(out: Path) -> dict[str, dict[str, int]]:
    """Definition to decision to number of cases, in a fixed order of decisions."""
    found: dict[str, dict[str, int]] = {}
    for definition, decision, cases in _tuples(out, _DEFINITIONS):
        found.setdefault(definition, dict.fromkeys(_DECISIONS, 0))[decision] = cases
    return found


def _packed(row: Mapping[str, Any], definitions: tuple[str, ...]) -> list[Any]:
    """One case as the script reads it; `decided` has one decision number a definition."""
    verdicts = row["verdicts"] or {}
    decided = [
        _DECISIONS.index(verdicts[name]) if verdicts.get(name) in _DECISIONS else -1
        for name in definitions
    ]
    link = None if row["folder"] is None else quote(f"{row['folder']}/report.html")
    error = None if row["error"] is None else f"{row['error_class']}: {row['error']}"
    return [
        row["case_id"], link, row["state"], row["review"], row["N"], row["N_low"], row["N_high"],
        row["O"], row["M"], row["class"], _short(row["suv_max"]), _short(row["mtv_ml"]),
        row["n_foci"], row["doubts"], error, decided, row["organs"] or "",
    ]  # fmt: skip


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _embedded(content: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _counted(rows: list[list[Any]], column: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row[column]] = found.get(row[column], 0) + 1
    return found


def _ask(out: Path, question: str) -> list[dict[str, Any]]:
    names, rows = ask(out, question)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _tuples(out: Path, question: str) -> list[tuple[Any, ...]]:
    return list(ask(out, question)[1])
