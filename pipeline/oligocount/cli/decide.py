"""What each definition of oligometastatic disease says of patients whose findings are known.

FILE is a result.json, or patients in YAML or JSON: a list under `cases:`, each with `id`,
`histology`, `primary: {location}`, `context` and `lesions`. Unknown facts are left out or null.

examples:
  oligocount decide patients.yaml
  oligocount decide out/patient7/result.json --json
  oligocount decide patients.yaml --protocol ours.yaml
"""

import argparse
import json
from pathlib import Path
from typing import Any

from oligocount import decide
from oligocount.assess import ask_engine, assess, assessment_document, read_patients
from oligocount.cli.options import add_config
from oligocount.config import load_settings
from oligocount.domain.report import Assessment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `oligocount decide`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="patients, or a result.json")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--protocol",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a definition of your own (as in configs/protocols); may be repeated",
    )
    parser.add_argument(
        "--engine", metavar="URL", help="ask another engine over HTTP what it says of the counts"
    )
    add_config(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print every patient's assessment; 0 when all could be assessed."""
    settings = load_settings(arguments.config)
    library = decide.read_library(
        settings.decide.protocols, settings.decide.policies_in_force, tuple(arguments.protocol)
    )
    for patient in read_patients(arguments.file):
        assessment = assess(patient.findings, patient.facts, settings, library)
        document = assessment_document(patient, assessment)
        if arguments.engine:
            question = {**document, "facts": patient.facts.as_told()}
            document["engine"] = ask_engine(arguments.engine, question, settings.decide.engine)
        if arguments.json:
            print(json.dumps(document, ensure_ascii=False))
        else:
            print(_table(patient.case_id, assessment, document.get("engine", {})))
    return 0


def _table(case_id: str, assessment: Assessment, engine: dict[str, Any]) -> str:
    counts = assessment.counts
    symbols = "  ".join(f"{each} {getattr(counts, each.lower())}" for each in "VSRNOM")
    span = f"  (N {counts.n_low} to {counts.n_high})" if counts.n_low != counts.n_high else ""
    lines = [f"{case_id}", f"  {symbols}{span}"]
    width = max((len(each.definition) for each in assessment.verdicts), default=0)
    lines += [
        f"  {each.definition:<{width}}  {each.decision.value:<14}  {each.reason}"
        for each in assessment.verdicts
    ]
    lines += [
        f"  {name:<{width}}  {each['decision']:<14}  by the other engine"
        for name, each in engine.get("verdicts", {}).items()
    ]
    lines += [f"  studies  {line}" for line in _studies(assessment)]
    name = assessment.estro_eortc.name or "none"
    left = ", ".join(assessment.estro_eortc.still_possible)
    lines.append(f"  class    {name}" + (f": {left}" if left else ""))
    lines += [f"  if {name}: {_told(each)}" for name, each in assessment.alternatives.items()]
    if assessment.flags:
        lines.append(f"  flags    {', '.join(assessment.flags)}")
    return "\n".join(lines) + "\n"


def _studies(assessment: Assessment) -> list[str]:
    by_result: dict[str, list[str]] = {}
    for name, result in assessment.studies.items():
        by_result.setdefault(result.value, []).append(name)
    return [f"{result}: {', '.join(names)}" for result, names in by_result.items()]


def _told(change: Any) -> str:
    if isinstance(change, str):
        return change
    return ", ".join(f"{name} {value}" for name, value in change.items())
