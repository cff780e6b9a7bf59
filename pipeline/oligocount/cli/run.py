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
import textwrap
import time
from pathlib import Path

from oligocount import publish
from oligocount.assess import read_facts, read_tracer_facts
from oligocount.cli.options import (
    add_case_id,
    add_clinical,
    add_config,
    add_input,
    add_models,
    add_pet_series,
    add_report,
)
from oligocount.config import dump_settings, load_settings, with_bending, with_report
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
)
from oligocount.run import run_study
from oligocount.settings import Settings

_WIDTH = 100
_UNITS = {"suv": Unit.SUVBW, "bqml": Unit.BQML}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what this command takes."""
    add = parser.add_argument
    add_input(parser, nargs="?")
    add("-o", "--out", type=Path, required=True, metavar="OUT", help="a new folder for the case")
    add_clinical(parser)
    add_case_id(parser)
    add_config(parser)
    add_report(parser)
    _add_images(parser.add_argument_group("which images"))
    _add_models(parser.add_argument_group("which models"))


def execute(arguments: argparse.Namespace) -> int:
    """Run one case and print the verdicts; 0 when the case folder stands."""
    settings = load_settings(arguments.config)
    settings = with_report(settings, language=arguments.lang, pdf=arguments.pdf)
    settings = with_bending(settings, wanted=arguments.mr_deformable)
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
        structures=tuple(arguments.structure),
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


def _add_images(group: argparse._ArgumentGroup) -> None:
    add_pet_series(group)
    add = group.add_argument
    add("--pet", type=Path, metavar="FILE", help="a NIfTI PET, instead of INPUT")
    add(
        "--pet-unit",
        choices=tuple(_UNITS),
        default="suv",
        help="of --pet (default: suv); bqml needs `tracer:` among the clinical facts",
    )
    add("--ct", type=Path, metavar="FILE", help="a NIfTI CT in HU, with --pet")
    add(
        "--mr",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a NIfTI MR, with --pet; may be repeated",
    )


def _add_models(group: argparse._ArgumentGroup) -> None:
    add_models(group)
    add = group.add_argument
    add(
        "--lesion-mask",
        type=Path,
        metavar="FILE",
        help="lesions drawn already (NIfTI, SEG, RTSTRUCT), instead of --lesions",
    )
    add(
        "--mr-lesion-mask",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="lesions drawn on an MR (NIfTI, SEG, RTSTRUCT): counted once with those of PET; may "
        "be repeated",
    )
    add(
        "--mr-lesions",
        metavar="MODEL",
        help="who finds lesions on MR: the folder of a MONAI bundle whose channels name the MR "
        "(mr_flair, ...), or `embedded`: shipped networks of brain (T1 with contrast, FLAIR) and "
        "liver (T2, ADC), trained on synthetic MR only; without it nobody",
    )
    add(
        "--mr-deformable",
        action="store_true",
        help="bend a registered MR beyond its rigid move where that helps; told with the result",
    )
    add(
        "--structure",
        action="append",
        default=[],
        metavar="NAME",
        help="take of the lesion masks the structures of this name alone, e.g. GTV_Mass; may be "
        "repeated",
    )
    _add_organ_map(group)


def _add_organ_map(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--organ-map",
        type=Path,
        metavar="FILE",
        help="organs drawn already (NIfTI, SEG, RTSTRUCT), instead of --organs",
    )
    add(
        "--organ-names",
        metavar="NAMES",
        help="what the numbers of --organ-map mean: totalsegmentator_v2, totalsegmentator_v1, or "
        'a JSON file {"1": "liver", ...}',
    )


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
    doubts = (
        "" if counts.n_low == counts.n_high else f", {counts.n_low} to {counts.n_high} by doubts"
    )
    organs = f"{counts.o} organ{'' if counts.o == 1 else 's'}"
    print(
        f"case {result.case_id}: {len(result.lesions)} foci, N = {counts.n} in {organs}{doubts}; "
        f"{seconds:.0f} s"
    )
    if result.interval:
        told = result.interval
        span = f"{told.n_min}" if told.n_min == told.n_max else f"{told.n_min} to {told.n_max}"
        print(f"  N = {span} under {told.n_settings} combinations of settings")
    for each in result.assessment.verdicts:
        _tell_wrapped(f"  {each.definition:<12} {each.decision.value:<14} ", each.reason)
    for caveat in result.caveats:
        _tell_wrapped(f"  doubt {caveat.code}: ", caveat.text, indent=4)
    critical = ", ".join(map(str, result.assessment.decision_critical_lesions))
    if critical:
        print(
            f"look first at lesion(s) {critical}; `oligocount recount {out} --edits FILE` corrects"
        )
    print(f"report: {out / 'report.html'}  (research use; a clinician decides)")


def _tell_wrapped(head: str, text: str, *, indent: int | None = None) -> None:
    margin = " " * (len(head) if indent is None else indent)
    print(textwrap.fill(text, _WIDTH, initial_indent=head, subsequent_indent=margin))
