"""DICOM to NIfTI and nothing more: PET in SUV, CT in HU, MR as it is, each on its own grid.

OUT receives pet_suv.nii.gz, ct.nii.gz, mr_<kind>.nii.gz and series.json, which says what was
chosen and why, and by which rule and tags SUV was computed.

examples:
  oligocount convert /data/patient7 -o nifti/patient7
  oligocount convert /data/patient7.zip -o nifti/patient7 --suv LBMJANMA
"""

import argparse
from pathlib import Path

from oligocount import intake, quantify
from oligocount.cli.options import add_case_id, add_config, add_input, add_pet_series
from oligocount.config import load_settings
from oligocount.publish.conversion import write_conversion
from oligocount.quantify import SuvType


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what this command takes."""
    add_input(parser)
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="a new folder")
    add_pet_series(parser)
    add_case_id(parser)
    parser.add_argument(
        "--suv",
        choices=tuple(SuvType.__members__),
        default=SuvType.BW.name,
        help="by body weight (BW, default), lean body mass, ideal weight or surface area",
    )
    add_config(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Convert one study and print what stands in OUT."""
    settings = load_settings(arguments.config)
    study = intake.scan(
        arguments.input,
        settings.intake,
        pet_series=arguments.pet_series,
        case_id=arguments.case_id,
    )
    images = intake.load(study, settings.intake)
    suv, route = quantify.to_suv(images.pet, study.tracer, settings.quantify)
    kind = SuvType[arguments.suv]
    suv, route = quantify.to_suv_type(suv, route, kind, study.tracer, settings.quantify)
    files = write_conversion(arguments.out, study, images, suv, route)
    print(f"{route.kind} by {route.route}, factor {route.factor or 'by slice'}")
    for caveat in (*study.caveats, *images.caveats, *route.caveats):
        print(f"  doubt {caveat.code}: {caveat.text}")
    for file in files:
        print(file)
    return 0
