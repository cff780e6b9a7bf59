"""A thigh's MR of one day on the PET of another: bent by 34 degrees, no CT, one tumour on both."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from oligocount import intake, locate, quantify
from oligocount.config import load_settings
from oligocount.domain.anatomy import OrganMap, Site
from oligocount.domain.lesion import (
    Finding,
    Kind,
    Lesion,
    LesionMap,
    LocatedLesion,
    Status,
)
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.registration import Move
from oligocount.domain.study import AlignedImages, MrImage
from oligocount.domain.volume import Geometry, LabelMap, Volume
from oligocount.errors import InputError
from oligocount.geometry.resample import resample_labels
from oligocount.given import MrMaskFiles
from oligocount.multimodal import join, look
from oligocount.quantify.register import register

SETTINGS = load_settings()
MASS = ("GTV_Mass",)
READER = ModelInfo(name="reader", version="1")


@pytest.fixture(scope="module")
def folder() -> Path:
    found = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "sts_001"
    if not found.is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return found


@pytest.fixture(scope="module")
def scan(folder: Path) -> tuple[AlignedImages, dict[str, MrImage]]:
    study = intake.scan(folder, SETTINGS.intake)
    images = intake.load(study, SETTINGS.intake)
    suv, _ = quantify.to_suv(images.pet, study.tracer, SETTINGS.quantify)
    suv = quantify.crop_to_patient(suv, SETTINGS.quantify.field)
    return AlignedImages(suv=suv), {one.kind: one for one in images.mr}


def mask(folder: Path, series: str, geometry: Geometry) -> LabelMap:
    return intake.read_mask(folder / series / "mask" / "1-1.dcm", geometry, MASS)


def moved(labels: LabelMap, move: Move, grid: Geometry) -> np.ndarray:
    there = Geometry(shape=labels.geometry.shape, affine=move.matrix @ labels.geometry.affine)
    bare = Geometry(shape=grid.shape, affine=grid.affine)
    return resample_labels(LabelMap(array=labels.array, names=labels.names, geometry=there),
                           bare).array > 0  # fmt: skip


def test_the_structure_is_chosen_by_its_name(folder: Path, scan) -> None:
    file = folder / "MR_T2" / "mask" / "1-1.dcm"
    images = tuple(scan[1].values())
    (mass,) = MrMaskFiles(files=(file,), settings=SETTINGS.multimodal, names=MASS)(images)
    voxel_ml = mass.lesions.labels.geometry.voxel_volume_ml
    assert (mass.lesions.labels.array > 0).sum() * voxel_ml == pytest.approx(365, rel=0.01)
    t1 = folder / "MR_T1" / "mask" / "1-1.dcm"
    (drawn,) = MrMaskFiles(files=(t1,), settings=SETTINGS.multimodal, names=MASS)(images)
    assert (mass.image.kind, drawn.image.kind) == ("t2", "t1")  # as each file names its series
    nobody = MrMaskFiles(files=(file,), settings=SETTINGS.multimodal, names=("GTV",))
    with pytest.raises(InputError, match="GTV_Mass, GTV_Edema"):
        nobody(images)


@pytest.mark.slow
def test_the_tumour_of_the_mr_comes_to_lie_on_that_of_the_pet(folder: Path, scan) -> None:
    """Both RTSTRUCTs hold one contour, brought over by the data set's authors."""
    suv, mr = scan[0].suv, scan[1]["t2"].volume
    outcome = register(mr, suv, SETTINGS.quantify.register)
    assert outcome.move is not None, outcome.reason
    truth = mask(folder, "FDG_PET", suv.geometry)
    found = moved(mask(folder, "MR_T2", mr.geometry), outcome.move, suv.geometry)
    assert_one_place(truth, found)


def assert_one_place(truth: LabelMap, found: np.ndarray) -> None:
    wanted = truth.array > 0
    dice = 2 * (wanted & found).sum() / (wanted.sum() + found.sum())
    centres = [np.array(ndimage.center_of_mass(one)) for one in (wanted, found)]
    apart_mm = np.linalg.norm((centres[0] - centres[1]) * truth.geometry.spacing_mm)
    assert dice >= 0.75
    assert apart_mm <= 10.0


@pytest.mark.slow
def test_the_tumour_drawn_on_t1_is_the_one_on_the_pet(folder: Path, scan) -> None:
    """T1 alone is refused; its frame of reference is that of T2, whose move is its own."""
    images, grid = scan[0], scan[0].suv.geometry
    files = tuple(folder / name / "mask" / "1-1.dcm" for name in ("MR_T1", "MR_T2"))
    reader = MrMaskFiles(files=files, settings=SETTINGS.multimodal, names=MASS)
    nothing = LabelMap(array=np.zeros(grid.shape, np.uint8), names={}, geometry=grid)
    organs = OrganMap(labels=nothing, known=frozenset(), model=READER)
    mri = look(tuple(scan[1].values()), reader, images, organs, SETTINGS)
    codes = [each.code for each in mri.caveats]
    assert codes == ["MR_REGISTERED", "MR_MOVED_ALONG"]
    (tumour,) = mri.seen  # drawn twice
    found = np.zeros(grid.shape, bool)
    found[tuple(tumour.index.T)] = True
    truth = mask(folder, "FDG_PET", grid)
    assert_one_place(truth, found)
    foci = LesionMap(labels=truth, probability={1: None}, model=READER)
    pet = placed(foci, locate.measure(foci, images.suv))
    (one,) = join(foci, pet, mri.seen, placed, images.suv, SETTINGS.multimodal).lesions
    assert one.lesion.modality == ("PT", "MR")
    assert one.finding.status is Status.MALIGNANT


def placed(_: LesionMap, lesions: tuple[Lesion, ...]) -> tuple[LocatedLesion, ...]:
    """Each in soft tissue."""
    site = Site(organ="soft_tissue", organ_system="soft_tissue")
    return tuple(
        LocatedLesion(
            lesion=one,
            finding=Finding(id=one.id, kind=Kind.ORGAN, status=Status.MALIGNANT, site=site),
            overlap=None, margin_mm=None, reason="drawn",
        )
        for one in lesions
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("axes", [(0, 1), (0, 2)], ids=["upside down", "face down and feet up"])
def test_the_mr_turned_over_is_not_believed(scan, axes: tuple[int, int]) -> None:
    mr = scan[1]["t2"].volume
    turned = Volume(
        array=np.ascontiguousarray(np.flip(mr.array, axes)), unit=mr.unit, geometry=mr.geometry
    )
    outcome = register(turned, scan[0].suv, SETTINGS.quantify.register)
    assert outcome.move is None
