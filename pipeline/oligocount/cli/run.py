"""One patient: finds the series, converts to SUV, finds, locates and counts lesions, decides.

INPUT is a folder or a .zip with any mix of DICOM objects, searched recursively. OUT receives
result.json, lesions.csv, masks, settings and report.html, all at once when everything is done:
a run that is killed leaves nothing there.

examples:
  oligocount run /data/patient7 -o out/patient7 --clinical facts.yaml
  oligocount run /data/patient7 -o out/patient7 --lesions suv40 --organs rules
"""

import argparse
import sys
import time
from pathlib import Path

from oligocount import publish
from oligocount.assess import read_facts
from oligocount.config import dump_settings, load_settings
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.result import Result
from oligocount.inputs import dicom_reader, load_tools, with_language
from oligocount.run import run_study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what this command takes."""
    parser.add_argument("input", type=Path, metavar="INPUT", help="a folder or .zip of DICOM files")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="case folder")
    parser.add_argument("--clinical", type=Path, metavar="FILE", help="clinical facts (YAML, JSON)")
    parser.add_argument("--case-id", metavar="ID", help="default: a pseudonym from the study's UID")
    parser.add_argument("--pet-series", metavar="UID", help="the PET series to take")
    parser.add_argument(
        "--lesions",
        metavar="NAME",
        help="fdg_lesions, suv25, suv40, percent41, percist or a folder",
    )
    parser.add_argument("--organs", metavar="NAME", help="organs_ct, rules or a bundle's folder")
    parser.add_argument("--device", default="auto", help="auto (default), cpu, cuda or cuda:N")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings on top of ours")
    parser.add_argument("--lang", choices=("en", "zh"), help="language of the report")


def execute(arguments: argparse.Namespace) -> int:
    """Run one case and print the verdicts; 0 when the case folder stands."""
    settings = with_language(load_settings(arguments.config), arguments.lang)
    publish.check_out(arguments.out)
    facts = read_facts(arguments.clinical) if arguments.clinical else ClinicalFacts()
    read = dicom_reader(
        arguments.input, settings, pet_series=arguments.pet_series, case_id=arguments.case_id
    )
    tools = load_tools(
        settings, lesions=arguments.lesions, organs=arguments.organs, device=arguments.device
    )
    begun = time.perf_counter()
    result = run_study(read, tools, facts=facts, settings=settings, enter=_tell_stage)
    _tell_stage("publish")
    publish.write(arguments.out, result, dump_settings(settings), settings.publish)
    _tell_result(result, arguments.out, time.perf_counter() - begun)
    return 0


def _tell_stage(name: str) -> None:
    print(f"  {name} ...", file=sys.stderr, flush=True)


def _tell_result(result: Result, out: Path, seconds: float) -> None:
    counts = result.assessment.counts
    span = f"{counts.n_low}" if counts.n_low == counts.n_high else f"{counts.n_low}-{counts.n_high}"
    print(
        f"case {result.case_id}: {len(result.lesions)} foci; "
        f"N = {counts.n} (range {span}) in {counts.o} organs; {seconds:.0f} s"
    )
    for each in result.assessment.verdicts:
        print(f"  {each.definition:<12} {each.decision.value:<14} {each.reason}")
    for caveat in result.caveats:
        print(f"  doubt {caveat.code}: {caveat.text}")
    print(f"report: {out / 'report.html'}  (research use; a clinician decides)")
