"""Trains one of our networks on phantoms or on scans with lesion masks, and writes a MONAI bundle.

NETWORK is fdg_lesions (voxels), scorer (whole spots: what fdg_lesions uses by default; added to the
bundle named by --from-bundle; takes pip install 'oligocount[train]'), organs_ct, organs_fine (draws
finer what organs_ct drew; added to the bundle named by --from-bundle), or mr_brain and mr_liver
(lesions on synthetic MR); the last four learn from phantoms only, for they need organ truth.
Samples are prepared once into WORK/samples; a run that was stopped is taken up again from what lies
in WORK. DATA holds autoPET's NIfTI layout, which is nnU-Net's (imagesTr with CT as _0000 and SUV as
_0001, labelsTr), or FDG-PET-CT-Lesions (PATIENT/STUDY/SUV, CTres, SEG as .nii.gz); organs there are
drawn by the network organs_ct.

examples:
  oligocount train organs_ct --phantoms 500 --work work --minutes 600 -o my_organs
  oligocount train organs_fine --phantoms 200 --from-bundle my_organs --work work -o my_organs
  oligocount train mr_brain --phantoms 200 --work work --minutes 30 -o my_mr_brain
  oligocount train scorer --phantoms 400 --from-bundle models/fdg_lesions --work work -o mine
  oligocount train scorer --data autopet/ --from-bundle models/fdg_lesions --work work -o mine
  oligocount train scorer --further --phantoms 100 --from-bundle models/fdg_lesions --work w -o mine
  oligocount train fdg_lesions --data autopet/ --from-bundle models/fdg_lesions --work work -o mine
"""

import argparse
import logging
from functools import partial
from pathlib import Path

from oligocount.anatomy.choose import load_organ_mapper
from oligocount.cli.options import add_device
from oligocount.config import load_settings
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap
from oligocount.errors import ConfigError
from oligocount.inference.bundle import load_bundle
from oligocount.inference.device import choose_device
from oligocount.learn.fine_recipe import ORGANS_FINE, train_fine
from oligocount.learn.fine_task import FineSettings
from oligocount.learn.forest_training import MoreSettings
from oligocount.learn.from_autopet import write_scan_samples
from oligocount.learn.from_phantom import write_phantom_samples
from oligocount.learn.recipes import (
    LESIONS,
    MR_BRAIN,
    MR_LIVER,
    ORGANS,
    Recipe,
    export_recipe,
    lesion_recipe,
    mr_recipe,
    organ_recipe,
    train_recipe,
)
from oligocount.learn.scorer_recipe import ScorerTools, prepare_rows, train_scorer
from oligocount.learn.scorer_training import ScorerSettings
from oligocount.learn.training import LoopSettings, Run
from oligocount.segment.spots import find_spots
from oligocount.version import __version__

SCORER = "scorer"
_MR = (MR_BRAIN, MR_LIVER)
_OPTIONS = {ORGANS: "--organs", ORGANS_FINE: "--organs", LESIONS: "--lesions"}
_SECOND = {LESIONS: SCORER, ORGANS: ORGANS_FINE}  # what is added to a bundle once it is trained
_STRAIN_SHARE = 0.05  # of phantoms' strained muscle: with all of it a sarcoma of the thigh was lost


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `oligocount train`."""
    parser.add_argument(
        "network", choices=(LESIONS, ORGANS, ORGANS_FINE, SCORER, *_MR), metavar="NETWORK",
        help=f"{LESIONS}, {SCORER}, {ORGANS}, {ORGANS_FINE}, {MR_BRAIN} or {MR_LIVER}",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="BUNDLE",
        help="the bundle's new folder",
    )  # fmt: skip
    parser.add_argument(
        "--work", type=Path, required=True, metavar="WORK",
        help="a folder for samples and for the state of the training",
    )  # fmt: skip
    parser.add_argument("--phantoms", type=int, default=0, metavar="N", help="simulate N patients")
    parser.add_argument(
        "--first-seed", type=int, default=10_000, metavar="SEED",
        help="of the first phantom (default 10000); each next has the next",
    )  # fmt: skip
    parser.add_argument("--data", type=Path, metavar="DATA", help="scans with lesion masks")
    parser.add_argument(
        "--organs", default=ORGANS, metavar="NAME",
        help="who draws the organs of DATA (default: organs_ct)",
    )  # fmt: skip
    parser.add_argument("--from-bundle", type=Path, metavar="BUNDLE", help="weights to begin with")
    _add_how(parser)
    add_device(parser)


def _add_how(parser: argparse.ArgumentParser) -> None:
    """How long, how fast and from what it learns."""
    parser.add_argument(
        "--minutes",
        type=float,
        default=60.0,
        metavar="M",
        help="of a network, in total (default 60)",
    )
    parser.add_argument(
        "--views", type=int, default=1, metavar="N",
        help="scorer: of a sample, each with other noise and uptake (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--further", action="store_true",
        help="scorer: keep the bundle's own and add trees that correct it (for few samples)",
    )  # fmt: skip
    parser.add_argument(
        "--learning-rate", type=float, default=2e-3, metavar="RATE",
        help="the highest; it falls to a fiftieth by the end (default 0.002)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws (default 0)")


def execute(arguments: argparse.Namespace) -> int:
    """Prepare samples, train, write the bundle."""
    _check(arguments)
    logging.getLogger("oligocount.learn").setLevel(logging.INFO)
    device = choose_device(arguments.device)
    samples = arguments.work / "samples"
    if arguments.phantoms:
        first = arguments.first_seed
        write_phantom_samples(range(first, first + arguments.phantoms), samples)
    if arguments.data is not None:
        mapper = load_organ_mapper(arguments.organs, load_settings().anatomy, arguments.device)

        def draw_organs(images: AlignedImages) -> LabelMap:
            return mapper(images).labels

        write_scan_samples(arguments.data, samples, draw_organs=draw_organs)
    if arguments.network == SCORER:
        return _train_scorer(arguments, samples / "lesions")
    loop = LoopSettings(
        minutes=arguments.minutes, learning_rate=arguments.learning_rate, seed=arguments.seed
    )
    if arguments.network == ORGANS_FINE:
        run = train_fine(
            samples / "lesions", arguments.from_bundle, arguments.work, arguments.out, loop=loop,
            device=device, version=__version__,
            settings=FineSettings(calm_mm=load_settings().anatomy.calm_mm),
        )  # fmt: skip
        return _told(arguments, run)
    recipe = _recipe(arguments.network)
    folder = samples / recipe.samples
    run = train_recipe(
        recipe, (folder,), arguments.work, loop=loop, device=device,
        from_bundle=arguments.from_bundle,
    )  # fmt: skip
    notes = f"Trained by `oligocount train` {__version__}."
    export_recipe(recipe, arguments.work, arguments.out, version=__version__, notes=notes)
    return _told(arguments, run)


def _told(arguments: argparse.Namespace, run: Run) -> int:
    minutes = run.seconds / 60
    print(f"{arguments.out}: {arguments.network}, {run.step} steps in {minutes:.1f} minutes")
    option = _OPTIONS.get(arguments.network, "--mr-lesions")
    print(f"use it: oligocount run INPUT -o OUT {option} {arguments.out}")
    second = _SECOND.get(arguments.network)
    if second is not None:
        add = f"oligocount train {second} --from-bundle {arguments.out}"
        print(f"it has no {second} yet: {add} adds one")
    return 0


def _recipe(network: str) -> Recipe:
    if network in _MR:
        return mr_recipe(network)
    return organ_recipe() if network == ORGANS else lesion_recipe()


def _train_scorer(arguments: argparse.Namespace, samples: Path) -> int:
    settings = load_settings()
    mapper = load_organ_mapper(arguments.organs, settings.anatomy, arguments.device)
    voxels = load_bundle(arguments.from_bundle, device=choose_device(arguments.device))
    tools = ScorerTools(
        map_organs=mapper, find=partial(find_spots, settings=settings.segment, bundle=voxels)
    )
    rows = arguments.work / "rows"
    prepare_rows(samples, rows, tools, views=arguments.views, seed=arguments.seed)
    share = _STRAIN_SHARE if arguments.data is None else 1.0
    figures = train_scorer(
        rows,
        arguments.from_bundle,
        arguments.out,
        version=__version__,
        min_probability=settings.locate.malignant_min_probability,
        settings=ScorerSettings(strain_share=share),
        more=MoreSettings() if arguments.further else None,
    )
    learned = figures["learned_from"]
    print(f"{arguments.out}: scorer of {learned['candidates']} spots, {learned['lesions']} lesions")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if not arguments.phantoms and arguments.data is None:
        raise ConfigError("expected --phantoms N, --data DATA or both: nothing to learn from")
    if arguments.network in (ORGANS, ORGANS_FINE, *_MR) and arguments.data is not None:
        raise ConfigError(
            f"{arguments.network} learns from phantoms only: DATA holds no organ truth"
        )
    if arguments.network in (SCORER, ORGANS_FINE) and arguments.from_bundle is None:
        raise ConfigError(
            f"{arguments.network}: expected --from-bundle BUNDLE, the bundle that it is added to"
        )
    if arguments.phantoms < 0 or arguments.minutes <= 0:
        raise ConfigError("--phantoms and --minutes: expected positive numbers")
