"""Counts and verdicts again, with a reader's edits on a finished case.

CASE is a folder that `oligocount run` wrote. Its files stay; the reader's version goes to
CASE/reader (result.json, lesions.csv, lesions.nii.gz), always computed from the machine's
version, and what changed is printed. Edits that name a missing lesion are refused whole.

edits (YAML or JSON), in order:
  reader: R1
  when: 2026-01-31
  edits:
  - accept: 3
  - reject: 2
  - {relabel: 4, station: 104R, status: malignant}
  - {relabel: 5, organ: bone, side: L}
  - {merge: [6, 7]}
  - {split: 8, at_lps_mm: [[10, 20, 30], [14, 20, 30]]}
  - {add: [10, 20, 90], radius_mm: 6, organ: liver}
  - {mask: corrected.nii.gz}           or a DICOM SEG or RTSTRUCT

examples:
  oligocount recount out/patient7 --edits edits.yaml
  oligocount recount out/patient7 --edits edits.yaml --clinical facts.yaml -o out/patient7_R2

What is drawn anew is measured on the SUV that the case keeps (suv.nii.gz); where a run kept none
(publish.keep_suv: false), name the PET with --pet or --input.
"""

import argparse
from pathlib import Path

from oligocount import intake, quantify
from oligocount.assess import read_facts
from oligocount.cli.options import add_clinical
from oligocount.domain.volume import Unit, Volume
from oligocount.intake.nifti import read_nifti_volume
from oligocount.publish.case_folder import READER
from oligocount.recount import (
    Case,
    Edits,
    differences,
    kept_suv,
    read_case,
    read_edits,
    recount,
    write_reader_version,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what this command takes."""
    parser.add_argument("case", type=Path, metavar="CASE", help="a case folder")
    parser.add_argument("--edits", type=Path, required=True, metavar="FILE", help="what to change")
    pet = parser.add_mutually_exclusive_group()
    pet.add_argument("--pet", type=Path, metavar="FILE", help="the PET in SUV, as NIfTI")
    pet.add_argument("--input", type=Path, metavar="INPUT", help="the DICOM folder or .zip again")
    add_clinical(parser)
    parser.add_argument("-o", "--out", type=Path, metavar="OUT", help="default: CASE/reader")


def execute(arguments: argparse.Namespace) -> int:
    """Write the reader's version and print what changed; 0 when both versions stand."""
    case = read_case(arguments.case)
    edits = read_edits(arguments.edits)
    facts = read_facts(arguments.clinical) if arguments.clinical else None
    version = recount(case, edits, suv=_suv(arguments, case, edits), facts=facts)
    out = arguments.out or arguments.case / READER
    write_reader_version(out, version)
    lines = differences(case.document, version.document)
    print(f"case {case.document['case_id']}: {len(edits.edits)} edits")
    for line in lines or ("nothing changed",):
        print(f"  {line}")
    verdicts = version.document["verdicts"].items()
    told = ", ".join(f"{name} {verdict['decision']}" for name, verdict in verdicts)
    print(f"verdicts now: {told}")
    print(f"reader's version: {out}")
    return 0


def _suv(arguments: argparse.Namespace, case: Case, edits: Edits) -> Volume | None:
    if arguments.pet:
        return read_nifti_volume(arguments.pet, Unit.SUVBW)[0]
    if arguments.input:
        study = intake.scan(arguments.input, case.settings.intake)
        images = intake.load(study, case.settings.intake)
        return quantify.to_suv(images.pet, study.tracer, case.settings.quantify)[0]
    return kept_suv(case) if any(each.measures for each in edits.edits) else None
