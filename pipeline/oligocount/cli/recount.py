"""Counts and verdicts again, with a reader's edits on a finished case.

CASE is a folder that `oligocount run` wrote. Its files stay; the reader's version goes to
CASE/reader: result, table and masks, report and viewer, and the DICOM objects of the lesions (SEG,
SR, RTSTRUCT) where the case has some. It is always computed from the machine's version, and what
changed is printed. Edits that name a missing lesion are refused whole. `oligocount send CASE` then
sends the reader's objects.

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
  oligocount recount out/patient7 --edits edits.yaml --lang zh --pdf

What is drawn anew is measured on the SUV that the case keeps (suv.nii.gz), and the report is drawn
over it and the CT (ct.nii.gz). Where a run kept none (publish.keep_suv, keep_ct: false), name the
study again with --input, or the PET with --pet.
"""

import argparse
import sys
from pathlib import Path

from oligocount.assess import read_facts
from oligocount.cli.options import add_clinical, add_report
from oligocount.config import with_report
from oligocount.publish import find_browser
from oligocount.publish.case_folder import READER
from oligocount.recount import (
    Case,
    CaseImages,
    differences,
    images_of_file,
    images_of_study,
    kept_images,
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
    add_report(parser)
    parser.add_argument("-o", "--out", type=Path, metavar="OUT", help="default: CASE/reader")


def execute(arguments: argparse.Namespace) -> int:
    """Write the reader's version and print what changed; 0 when both versions stand."""
    case = read_case(arguments.case)
    settings = with_report(case.settings, language=arguments.lang, pdf=arguments.pdf).publish
    if settings.pdf:
        find_browser()
    edits = read_edits(arguments.edits)
    facts = read_facts(arguments.clinical) if arguments.clinical else None
    _tell("reading what the case keeps")
    images = _images(arguments, case)
    is_measured = any(each.measures for each in edits.edits) or bool(arguments.pet)
    suv = images.suv if images is not None and is_measured else None
    _tell("counting again")
    version = recount(case, edits, suv=suv, facts=facts)
    out = arguments.out or arguments.case / READER
    _tell("writing report and DICOM objects")
    written = write_reader_version(out, case, version, images, settings)
    lines = differences(case.document, version.document)
    print(f"case {case.document['case_id']}: {len(edits.edits)} edits")
    for line in lines or ("nothing changed",):
        print(f"  {line}")
    verdicts = version.document["verdicts"].items()
    told = ", ".join(f"{name} {verdict['decision']}" for name, verdict in verdicts)
    print(f"verdicts now: {told}")
    for reason in written.missing:
        print(f"not made: {reason}")
    main_file = "report.html" if images is not None else "result.json"
    print(f"reader's version: {out / main_file}")
    return 0


def _tell(step: str) -> None:
    print(f"  {step} ...", file=sys.stderr, flush=True)


def _images(arguments: argparse.Namespace, case: Case) -> CaseImages | None:
    if arguments.pet:
        return images_of_file(arguments.pet)
    if arguments.input:
        return images_of_study(case, arguments.input)
    return kept_images(case)
