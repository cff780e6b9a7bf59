"""Writes a synthetic whole-body PET/CT study with its truth. No real person is in it.

DIR receives the scan (`dicom/`, or pet_suv.nii.gz and ct.nii.gz), clinical.yaml, truth.json in the
form of result.json, and truth_lesions, truth_confounders, truth_organs, truth_stations as NIfTI.

examples:
  oligocount phantom -o phantom7 --seed 7
  oligocount run phantom7/dicom -o out7 --clinical phantom7/clinical.yaml
  oligocount decide phantom7/truth.json
  oligocount phantom -o phantom8 --seed 8 --lesions primary,brain:2 --mr brain
"""

import argparse
import sys
from pathlib import Path

from oligocount.errors import ConfigError
from oligocount.simulate.acquisition import Vendor, draw_acquisition
from oligocount.simulate.grids import Extent
from oligocount.simulate.mr import MrPart, PhantomMr, simulate_mr
from oligocount.simulate.phantom import Burden, Phantom, simulate
from oligocount.simulate.study import Form, write_study
from oligocount.simulate.truth import shown_sex
from oligocount.simulate.wanted import read_wanted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="equal seed, equal bytes (default 0)"
    )
    parser.add_argument(
        "--lesions",
        default=Burden.MIXED.value,
        metavar="SPEC",
        help="mixed (default), none, or sites with numbers: primary,liver:2,104L",
    )
    forms = [each.value for each in Form]
    parser.add_argument("--format", choices=forms, default=Form.DICOM.value, help="default: dicom")
    vendors = [each.value for each in Vendor]
    parser.add_argument("--vendor", choices=vendors, help="header dialect (default: by seed)")
    extents = [each.value for each in Extent]
    parser.add_argument(
        "--extent", choices=extents, default=Extent.WHOLE_BODY.value,
        help="how much of the body is scanned (default: whole_body); any: by seed",
    )  # fmt: skip
    parser.add_argument(
        "--mr",
        choices=[each.value for each in MrPart],
        action="append",
        default=[],
        help="also an MR of this part in a frame of its own, with its true lesions; may repeat",
    )
    parser.add_argument(
        "--spacing", type=float, default=3.0, metavar="MM",
        help="voxels of the simulated body, 2 to 8 mm (default 3); larger is faster",
    )  # fmt: skip


def execute(arguments: argparse.Namespace) -> int:
    """0 when the study stands."""
    if arguments.seed < 0:
        raise ConfigError(f"--seed: expected 0 or more, found {arguments.seed}")
    if not 2.0 <= arguments.spacing <= 8.0:
        raise ConfigError(f"--spacing: expected 2 to 8 mm, found {arguments.spacing:g}")
    is_burden = arguments.lesions in {each.value for each in Burden}
    by_name = None if is_burden else read_wanted(arguments.lesions)
    _report("anatomy, uptake and scanner", 0, 1)
    phantom = simulate(
        arguments.seed,
        spacing_mm=arguments.spacing,
        extent=Extent(arguments.extent),
        burden=Burden(arguments.lesions) if by_name is None else Burden.MIXED,
        wanted=by_name,
    )
    vendor = None if arguments.vendor is None else Vendor(arguments.vendor)
    acquisition = draw_acquisition(arguments.seed, vendor, sex=shown_sex(phantom))
    write_study(
        phantom,
        arguments.out.resolve(),
        acquisition=acquisition,
        form=Form(arguments.format),
        report=_report,
        mr=_examined(phantom, arguments.mr),
    )
    _end_line()
    malignant = sum(1 for one in phantom.truth if one.kind.value != "physiologic")
    print(
        f"{arguments.out}: {phantom.pet.geometry.shape[0]} slices, "
        f"{acquisition.dialect.manufacturer}, {malignant} lesion(s), "
        f"{len(phantom.truth) - malignant} confounder(s)"
    )
    return 0


def _examined(phantom: Phantom, names: list[str]) -> tuple[PhantomMr, ...]:
    found = {name: simulate_mr(phantom, MrPart(name)) for name in names}
    for name, one in found.items():
        if one is None:
            raise ConfigError(f"--mr {name}: the scan does not show it; another extent may")
    return tuple(one for one in found.values() if one is not None)


def _report(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K  {what} {done}/{total}", end="", file=sys.stderr, flush=True)
    elif done == 0:
        print(f"  {what} ...", file=sys.stderr, flush=True)


def _end_line() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
