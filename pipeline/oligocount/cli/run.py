"""One patient: finds the series, converts to SUV, finds, locates and counts lesions, decides.

INPUT is a folder or a .zip with any mix of DICOM objects, searched recursively; or give NIfTI
files with --pet. OUT receives result.json, lesions.csv, masks, settings and report.html, all at
once when everything is done: a run that is killed leaves nothing there.

examples:
  oligocount run /data/patient7 -o out/patient7 --clinical facts.yaml
  oligocount run scan.zip -o out/patient7 --lang zh --pdf
  oligocount run --pet suv.nii.gz --ct ct.nii.gz -o out/patient7
  oligocount run /data/patient7 -o out/patient7 --lesion-mask mine.nii.gz --organs rules
"""

import argparse
import sys
import time
from pathlib import Path

from oligocount import publish
from oligocount.assess import read_facts, read_tracer_facts
from oligocount.config import dump_settings, load_settings
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.result import Result
from oligocount.domain.volume import Unit
from oligocount.errors import ConfigError
from oligocount.inputs import (
    Choice,
    Reader,
    dicom_reader,
    load_tools,
    nifti_reader,
    with_report,
)
from oligocount.run import run_study
from oligocount.settings import Settings

_UNITS = {"suv": Unit.SUVBW, "bqml": Unit.BQML}
_LESIONS = (
    "fdg_lesions, suv25, suv40, percent41, percist, or a folder: a MONAI bundle, or nnU-Net v2 "
    "results (plans.json, dataset.json, fold_*; needs oligocount[nnunet] and --trust-bundle)"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what this command takes."""
    add = parser.add_argument
    add("input", type=Path, nargs="?", metavar="INPUT", help="a folder or .zip of DICOM files")
    add("-o", "--out", type=Path, required=True, metavar="OUT", help="case folder")
    add("--clinical", type=Path, metavar="FILE", help="clinical facts (YAML, JSON)")
    add("--case-id", metavar="ID", help="default: a pseudonym from the study's UID")
    add("--config", type=Path, metavar="FILE", help="settings on top of ours")
    add("--lang", choices=("en", "zh"), help="language of the report")
    add("--pdf", action="store_true", default=None, help="report.pdf too")
    add = parser.add_argument_group("which images").add_argument
    add("--pet-series", metavar="UID", help="the PET series to take, where several could be it")
    add("--pet", type=Path, metavar="FILE", help="a NIfTI PET, instead of INPUT")
    add("--pet-unit", choices=tuple(_UNITS), default="suv", help="bqml needs `tracer:` facts")
    add("--ct", type=Path, metavar="FILE", help="a NIfTI CT in HU, with --pet")
    add("--mr", type=Path, action="append", default=[], metavar="FILE", help="NIfTI, with --pet")
    add = parser.add_argument_group("which models").add_argument
    add("--lesions", metavar="NAME", help=_LESIONS)
    add("--lesion-mask", type=Path, metavar="FILE", help="NIfTI, SEG or RTSTRUCT instead")
    add(
        "--mr-lesion-mask",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="lesions drawn on an MR (NIfTI, SEG, RTSTRUCT): counted once with those of PET",
    )
    add(
        "--mr-lesions",
        type=Path,
        metavar="DIR",
        help="a MONAI bundle that finds lesions on MR; its channels name the MR: mr_flair, ...",
    )
    add("--organs", metavar="NAME", help="organs_ct, rules, totalsegmentator or a bundle's folder")
    add("--organ-map", type=Path, metavar="FILE", help="NIfTI, SEG or RTSTRUCT instead")
    add("--organ-names", metavar="NAMES", help="totalsegmentator_v2, totalsegmentator_v1, a JSON")
    add("--device", default="auto", help="auto (default), cpu, cuda or cuda:N")
    add("--trust-bundle", action="store_true", help="a foreign model may run code")


def execute(arguments: argparse.Namespace) -> int:
    """Run one case and print the verdicts; 0 when the case folder stands."""
    settings = load_settings(arguments.config)
    settings = with_report(settings, language=arguments.lang, pdf=arguments.pdf)
    publish.check_out(arguments.out)
    if settings.publish.pdf:
        publish.find_browser()
    facts = read_facts(arguments.clinical) if arguments.clinical else ClinicalFacts()
    read = _reader(arguments, settings)
    choice = Choice(
        lesions=arguments.lesions,
        organs=arguments.organs,
        lesion_mask=arguments.lesion_mask,
        mr_lesion_masks=tuple(arguments.mr_lesion_mask),
        mr_lesions=arguments.mr_lesions,
        organ_map=arguments.organ_map,
        organ_names=arguments.organ_names,
        device=arguments.device,
        trusted=arguments.trust_bundle,
    )
    tools = load_tools(settings, choice)
    begun = time.perf_counter()
    result = run_study(read, tools, facts=facts, settings=settings, enter=_tell_stage)
    _tell_stage("publish")
    publish.write(arguments.out, result, dump_settings(settings), settings.publish)
    _tell_result(result, arguments.out, time.perf_counter() - begun)
    return 0


def _reader(arguments: argparse.Namespace, settings: Settings) -> Reader:
    if (arguments.input is None) == (arguments.pet is None):
        raise ConfigError("expected INPUT (a folder or .zip) or --pet FILE, and not both")
    if arguments.pet is None:
        if arguments.ct or arguments.mr:
            raise ConfigError("--ct and --mr go with --pet; INPUT is searched for its own series")
        return dicom_reader(
            arguments.input, settings, pet_series=arguments.pet_series, case_id=arguments.case_id
        )
    return nifti_reader(
        arguments.pet,
        unit=_UNITS[arguments.pet_unit],
        tracer=read_tracer_facts(arguments.clinical) if arguments.clinical else {},
        ct=arguments.ct,
        mr=arguments.mr,
        case_id=arguments.case_id,
    )


def _tell_stage(name: str) -> None:
    print(f"  {name} ...", file=sys.stderr, flush=True)


def _tell_result(result: Result, out: Path, seconds: float) -> None:
    counts = result.assessment.counts
    span = f"{counts.n_low}" if counts.n_low == counts.n_high else f"{counts.n_low}-{counts.n_high}"
    print(
        f"case {result.case_id}: {len(result.lesions)} foci; "
        f"N = {counts.n} (range {span}) in {counts.o} organs; {seconds:.0f} s"
    )
    if result.interval:
        told = result.interval
        print(f"  N from {told.n_min} to {told.n_max} over {told.n_settings} settings of the grid")
    for each in result.assessment.verdicts:
        print(f"  {each.definition:<12} {each.decision.value:<14} {each.reason}")
    for caveat in result.caveats:
        print(f"  doubt {caveat.code}: {caveat.text}")
    print(f"report: {out / 'report.html'}  (research use; a clinician decides)")
