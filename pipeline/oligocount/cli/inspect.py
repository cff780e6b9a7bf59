"""Lists every series found, its role and why, the SUV route, and whether a run can start.

Reads headers only; loads no model. Exit status 0: ready for `run`; 3: not ready, and why.

examples:
  oligocount inspect /data/patient7
  oligocount inspect scan.zip --json
"""

import argparse
import json
import sys
import textwrap
from dataclasses import dataclass
from typing import Any

from oligocount import intake, quantify
from oligocount.cli.options import add_config, add_input, add_pet_series
from oligocount.config import load_settings
from oligocount.domain.mr import MrFacts
from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Series, Study, SuvRoute
from oligocount.errors import InputError
from oligocount.settings_quantify import QuantifySettings

_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    study: Study
    suv: SuvRoute | None
    problem: InputError | None

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        return (*self.study.caveats, *(self.suv.caveats if self.suv else ()))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what this command takes."""
    add_input(parser)
    add_pet_series(parser)
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def execute(arguments: argparse.Namespace) -> int:
    """Print what was found; 0 when a run can start, else the status of what stands in its way."""
    settings = load_settings(arguments.config)
    survey = intake.survey(arguments.input, settings.intake, pet_series=arguments.pet_series)
    finding = _with_suv(survey, settings.quantify)
    print(_as_json(finding) if arguments.json else _as_table(finding))
    if finding.problem is None:
        return 0
    print(f"oligocount inspect: not ready: {finding.problem}", file=sys.stderr)
    return finding.problem.exit_status


def _with_suv(survey: intake.Survey, settings: QuantifySettings) -> _Finding:
    study, problem = survey.study, survey.problem
    if study.tracer is None:
        return _Finding(study=study, suv=None, problem=problem)
    try:
        route = quantify.suv_route(study.tracer, settings)
    except InputError as error:
        return _Finding(study=study, suv=None, problem=problem or error)
    return _Finding(study=study, suv=route, problem=problem)


def _as_json(finding: _Finding) -> str:
    suv = finding.suv
    content = {
        "case_id": finding.study.case_id,
        "ready": finding.problem is None,
        "problem": None if finding.problem is None else str(finding.problem),
        "series": [_series_fields(one) for one in finding.study.series],
        "suv": suv and {"kind": suv.kind, "route": suv.route, "factor": suv.factor,
                        "tags": dict(suv.tags)},
        "caveats": [{"code": one.code, "text": one.text} for one in finding.caveats],
    }  # fmt: skip
    return json.dumps(content, indent=2, ensure_ascii=False)


def _series_fields(one: Series) -> dict[str, Any]:
    return {
        "uid": one.uid, "modality": one.modality, "role": one.role.value,
        "description": one.description, "chosen": one.chosen, "reason": one.reason,
        "score": one.score, "n_instances": one.n_instances, "n_missing": one.n_missing,
        "frame_of_reference_uid": one.frame_of_reference_uid,
        "mr": _mr_fields(one.mr) if one.mr else None,
    }  # fmt: skip


def _mr_fields(facts: MrFacts) -> dict[str, Any]:
    return {
        "sequence": facts.sequence.value,
        "plane": facts.plane.value if facts.plane else None,
        "region": facts.region.value if facts.region else None,
        "contrast": facts.contrast,
        "b_values_s_mm2": list(facts.b_values),
        "dixon": facts.dixon.value if facts.dixon else None,
        "adc_um2_s": facts.adc_um2_s,
        "evidence": list(facts.evidence),
    }


def _as_table(finding: _Finding) -> str:
    taken = sum(one.chosen for one in finding.study.series)
    lines = [f"case {finding.study.case_id}: {len(finding.study.series)} series, {taken} taken", ""]
    for one in finding.study.series:
        lines += _series_lines(one)
    lines += ["", *_suv_lines(finding.suv), "", *_missing_lines(finding.study)]
    lines += [line for one in finding.caveats for line in _wrapped(f"! {one.code}: {one.text}", 4)]
    lines += ["", "not ready" if finding.problem else "ready: `oligocount run` takes it as it is"]
    return "\n".join(lines)


def _series_lines(one: Series) -> list[str]:
    mark = "take  " if one.chosen else "refuse" if one.role.value != "mask" else "keep  "
    head = f"{mark}  {one.role.value:5}  {one.modality:8}  {one.n_instances:5}  {one.description}"
    return [head[:_WIDTH], f"        {one.uid}", *_wrapped(one.reason, 8)]


def _suv_lines(suv: SuvRoute | None) -> list[str]:
    if suv is None:
        return ["SUV: cannot be computed"]
    factor = "varies by slice" if suv.factor is None else f"{suv.factor:.6g}"
    tags = [f"    ({tag}) {value}" for tag, value in suv.tags.items()]
    return [*_wrapped(f"SUV: {suv.kind}, {suv.route}, factor {factor}", 0), *tags]


def _missing_lines(study: Study) -> list[str]:
    lacking = [one for one in study.series if one.chosen and one.n_missing]
    told = [f"    {one.role.value} {one.uid}: {one.n_missing}" for one in lacking]
    return ["missing slices:" if told else "missing slices: none", *told]


def _wrapped(text: str, indent: int) -> list[str]:
    margin = " " * indent
    lines = (part for line in text.splitlines() for part in textwrap.wrap(line, _WIDTH - indent))
    return [margin + line for line in lines]
