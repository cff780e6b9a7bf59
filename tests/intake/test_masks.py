"""Masks of every kind come out at the same places as they were drawn."""

from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
from highdicom.seg import SegmentationTypeValues as SegType
from pydicom.sr.codedict import codes

from oligocount.domain.volume import Geometry
from oligocount.errors import GeometryError, InputError
from oligocount.intake.masks import read_mask

FRAME = "1.2.3.4"
AXIAL = np.diag([2.0, 3.0, 4.0, 1.0])[:, [2, 1, 0, 3]]
OBLIQUE = np.array(
    [[0.0, 0.0, 2.0, -7], [-4 * 0.6, 3 * 0.8, 0.0, 5], [4 * 0.8, 3 * 0.6, 0.0, 11], [0, 0, 0, 1]]
)


def grid(affine: np.ndarray, shape: tuple = (5, 6, 8)) -> Geometry:
    return Geometry(shape=shape, affine=affine, frame_of_reference_uid=FRAME)


def two_lesions() -> np.ndarray:
    """1: a bar through slices 1 to 3; 2: one voxel in slice 4."""
    drawn = np.zeros((5, 6, 8), np.uint8)
    drawn[1:4, 2, 3:6] = 1
    drawn[4, 5, 0] = 2
    return drawn


def source_images(geometry: Geometry) -> list[pydicom.Dataset]:
    """The slices on which a SEG is drawn, with no more than highdicom asks for."""
    images = []
    for k in range(geometry.shape[0]):
        one = pydicom.Dataset()
        one.file_meta = pydicom.dataset.FileMetaDataset()
        one.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        one.SOPClassUID = pydicom.uid.CTImageStorage
        one.Modality, one.PatientID, one.PatientName = "CT", "", ""
        one.PatientBirthDate = one.PatientSex = one.AccessionNumber = one.StudyID = ""
        one.StudyDate = one.StudyTime = one.ReferringPhysicianName = ""
        one.SOPInstanceUID, one.SeriesInstanceUID = f"1.2.5.{k + 1}", "1.2.6"
        one.StudyInstanceUID, one.FrameOfReferenceUID = "1.2.7", FRAME
        one.Rows, one.Columns = geometry.shape[1:]
        one.ImagePositionPatient = geometry.to_lps_mm(np.array([k, 0.0, 0.0])).tolist()
        columns = geometry.affine[:3, :3] / geometry.spacing_mm
        one.ImageOrientationPatient = [*columns[:, 2], *columns[:, 1]]
        one.PixelSpacing = [geometry.spacing_mm[1], geometry.spacing_mm[2]]
        one.SliceThickness = geometry.spacing_mm[0]
        images.append(one)
    return images


def write_seg(file: Path, pixels: np.ndarray, geometry: Geometry, kind: SegType) -> Path:
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=f"lesion {number}",
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Lesion,
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number in (1, 2)
    ]
    highdicom.seg.Segmentation(
        source_images=source_images(geometry), pixel_array=pixels, segmentation_type=kind,
        segment_descriptions=described, series_instance_uid="1.2.8", series_number=1,
        sop_instance_uid="1.2.9", instance_number=1, manufacturer="test",
        manufacturer_model_name="test", software_versions="1", device_serial_number="1",
        omit_empty_frames=True,
    ).save_as(file)  # fmt: skip
    return file


def write_structures(
    file: Path, rings: dict[str, list], kinds: dict[str, str] | None = None
) -> Path:
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = pydicom.uid.RTStructureSetStorage
    dataset.SOPInstanceUID = "1.2.10"
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    dataset.RTROIObservationsSequence = []
    for number, (name, contours) in enumerate(rings.items(), start=1):
        told, drawn, seen = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
        told.ROINumber = drawn.ReferencedROINumber = seen.ReferencedROINumber = number
        told.ROIName, told.ReferencedFrameOfReferenceUID = name, FRAME
        seen.RTROIInterpretedType = (kinds or {}).get(name, "")
        drawn.ContourSequence = []
        for ring in contours:
            contour = pydicom.Dataset()
            contour.ContourGeometricType = "CLOSED_PLANAR" if len(ring) > 1 else "POINT"
            contour.ContourData = [f"{each:.4f}" for each in np.ravel(ring)]
            drawn.ContourSequence.append(contour)
        dataset.StructureSetROISequence.append(told)
        dataset.ROIContourSequence.append(drawn)
        dataset.RTROIObservationsSequence.append(seen)
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, "1.2.10"
    dataset.file_meta = meta
    dataset.save_as(file, enforce_file_format=True)
    return file


def box(geometry: Geometry, k: int, j: tuple, i: tuple) -> np.ndarray:
    corners = [(k, j[0], i[0]), (k, j[0], i[1]), (k, j[1], i[1]), (k, j[1], i[0])]
    return geometry.to_lps_mm(np.array(corners, float))


@pytest.mark.parametrize("affine", [AXIAL, OBLIQUE], ids=["axial", "oblique"])
@pytest.mark.parametrize("kind", [SegType.BINARY, SegType.LABELMAP])
def test_a_seg_comes_back_voxel_by_voxel(affine: np.ndarray, kind: SegType, tmp_path: Path) -> None:
    geometry = grid(affine)
    file = write_seg(tmp_path / "seg.dcm", two_lesions(), geometry, kind)
    mask = read_mask(file, geometry)
    assert np.array_equal(mask.array, two_lesions())
    assert mask.names == {1: "lesion 1", 2: "lesion 2"}


def test_a_fractional_seg_holds_a_voxel_from_one_half_on(tmp_path: Path) -> None:
    pixels = np.zeros((5, 6, 8, 2), np.float32)
    pixels[2, 2, 2:5, 0] = (0.25, 0.51, 1.0)
    pixels[3, 1, 1, 1] = 0.9
    geometry = grid(AXIAL)
    file = write_seg(tmp_path / "seg.dcm", pixels, geometry, SegType.FRACTIONAL)
    mask = read_mask(file, geometry)
    assert np.argwhere(mask.array == 1).tolist() == [[2, 2, 3], [2, 2, 4]]
    assert np.argwhere(mask.array == 2).tolist() == [[3, 1, 1]]


def test_of_overlapping_segments_the_smaller_wins(tmp_path: Path) -> None:
    pixels = np.zeros((5, 6, 8, 2), np.uint8)
    pixels[1:4, 1:5, 1:7, 0] = 1
    pixels[2, 2, 2, 1] = 1
    geometry = grid(AXIAL)
    mask = read_mask(write_seg(tmp_path / "s.dcm", pixels, geometry, SegType.BINARY), geometry)
    assert np.argwhere(mask.array == 2).tolist() == [[2, 2, 2]]
    assert (mask.array == 1).sum() == 3 * 4 * 6 - 1


def test_a_seg_on_a_finer_grid_is_brought_onto_the_image(tmp_path: Path) -> None:
    fine = grid(AXIAL @ np.diag([0.5, 0.5, 0.5, 1.0]), (10, 12, 16))
    drawn = np.kron(two_lesions(), np.ones((2, 2, 2), np.uint8))
    file = write_seg(tmp_path / "seg.dcm", drawn, fine, SegType.BINARY)
    shifted = AXIAL.copy()
    shifted[:3, 3] = fine.to_lps_mm(np.array([0.5, 0.5, 0.5]))  # its voxels hold 2 x 2 x 2
    mask = read_mask(file, grid(shifted))
    assert np.array_equal(mask.array, two_lesions())


def test_nifti_seg_and_contours_of_one_drawing_agree(tmp_path: Path) -> None:
    geometry = grid(AXIAL)
    drawn = (two_lesions() == 1).astype(np.uint8)
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ geometry.affine[:, [2, 1, 0, 3]]
    nibabel.save(nibabel.Nifti1Image(drawn.transpose(2, 1, 0), ras), tmp_path / "m.nii.gz")
    rings = {"lesion 1": [box(geometry, k, (1.6, 2.4), (2.6, 5.4)) for k in (1, 2, 3)]}
    of_nifti = read_mask(tmp_path / "m.nii.gz", geometry)
    of_rings = read_mask(write_structures(tmp_path / "rt.dcm", rings), geometry)
    of_seg = read_mask(
        write_seg(tmp_path / "seg.dcm", two_lesions(), geometry, SegType.BINARY),
        geometry, names=["lesion 1"],
    )  # fmt: skip
    for mask in (of_nifti, of_rings, of_seg):
        assert np.array_equal(mask.array, drawn)


def test_the_body_outline_is_left_out_unless_it_is_asked_for(tmp_path: Path) -> None:
    geometry = grid(AXIAL)
    rings = {
        "BODY": [box(geometry, k, (-0.4, 5.4), (-0.4, 7.4)) for k in range(5)],
        "GTV": [box(geometry, 2, (1.6, 3.4), (1.6, 3.4))],
        "marker": [[(0.0, 0.0, 0.0)]],
    }
    file = write_structures(tmp_path / "rt.dcm", rings, {"BODY": "EXTERNAL"})
    mask = read_mask(file, geometry)
    assert (mask.names, mask.array.sum()) == ({2: "GTV"}, 2 * 4)
    body = read_mask(file, geometry, names=["BODY"])
    assert (body.names, (body.array == 1).all()) == ({1: "BODY"}, True)


def test_a_structure_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    geometry = grid(AXIAL)
    rings = {"GTV": [box(geometry, 2, (1.6, 3.4), (1.6, 3.4))]}
    with pytest.raises(InputError, match="GTV"):
        read_mask(write_structures(tmp_path / "rt.dcm", rings), geometry, names=["PTV"])


def test_a_mask_of_another_frame_of_reference_is_refused(tmp_path: Path) -> None:
    geometry = grid(AXIAL)
    elsewhere = Geometry(shape=geometry.shape, affine=AXIAL, frame_of_reference_uid="9.9")
    rings = {"GTV": [box(geometry, 2, (1.6, 3.4), (1.6, 3.4))]}
    for file in (
        write_structures(tmp_path / "rt.dcm", rings),
        write_seg(tmp_path / "seg.dcm", two_lesions(), geometry, SegType.BINARY),
    ):
        with pytest.raises(GeometryError, match=r"9\.9"):
            read_mask(file, elsewhere)


def test_a_mask_that_misses_the_image_is_refused(tmp_path: Path) -> None:
    geometry = grid(AXIAL)
    rings = {"GTV": [box(geometry, 40, (1.6, 3.4), (1.6, 3.4))]}
    with pytest.raises(GeometryError, match="lies within"):
        read_mask(write_structures(tmp_path / "rt.dcm", rings), geometry)


@pytest.mark.parametrize("content", [b"", b"junk", b"\0" * 200])
def test_a_file_that_is_no_mask_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd.dcm").write_bytes(content)
    with pytest.raises(InputError, match=r"odd\.dcm"):
        read_mask(tmp_path / "odd.dcm", grid(AXIAL))
    with pytest.raises(InputError, match="absent"):
        read_mask(tmp_path / "absent", grid(AXIAL))


def test_an_image_is_no_mask(tmp_path: Path) -> None:
    source_images(grid(AXIAL))[0].save_as(tmp_path / "ct.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match="expected SEG"):
        read_mask(tmp_path / "ct.dcm", grid(AXIAL))


def test_the_real_tumour_equals_its_published_mask_voxel_by_voxel(shared_data: Path) -> None:
    """GTV_Mass of sts_001: 366.1 ml; the published mask was made from the same contours."""
    from_ibsi = nibabel.load(shared_data / "ibsi_sts" / "STS_001" / "PET_mask.nii.gz")
    slices = [
        pydicom.dcmread(file, stop_before_pixels=True)
        for file in (shared_data / "sts_001" / "FDG_PET" / "image").glob("*.dcm")
    ]
    slices.sort(key=lambda one: float(one.ImagePositionPatient[2]))
    affine = np.diag([*map(float, slices[0].PixelSpacing), 3.27, 1.0])[:, [2, 1, 0, 3]]
    affine[:3, 3] = [float(each) for each in slices[0].ImagePositionPatient]
    affine[2, 0] = float(slices[1].ImagePositionPatient[2]) - affine[2, 3]
    geometry = Geometry(shape=(len(slices), slices[0].Rows, slices[0].Columns), affine=affine)
    mask = read_mask(
        shared_data / "sts_001" / "FDG_PET" / "mask" / "1-1.dcm", geometry, names=["GTV_Mass"]
    )
    assert np.count_nonzero(mask.array) * geometry.voxel_volume_ml == pytest.approx(366.1, abs=0.1)
    inside = np.argwhere(np.asarray(from_ibsi.dataobj) > 0)
    lps = (inside @ from_ibsi.affine[:3, :3].T + from_ibsi.affine[:3, 3]) * (-1, -1, 1)
    expected = {tuple(each) for each in np.rint(geometry.to_index(lps)).astype(int)}
    assert {tuple(each) for each in np.argwhere(mask.array)} == expected
