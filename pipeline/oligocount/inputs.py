"""What a user names — folders, models — as what `run_study` takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oligocount import intake
from oligocount.anatomy.choose import load_organ_mapper
from oligocount.anatomy.provider import OrganMapper
from oligocount.config import load_settings
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.result import Result
from oligocount.domain.study import Images, Study
from oligocount.domain.volume import Unit
from oligocount.errors import ConfigError
from oligocount.given import MaskFile, MrMaskFiles, OrganFile
from oligocount.inference.bundle import load_bundle
from oligocount.inference.device import choose_device
from oligocount.multimodal import MrSegmenter
from oligocount.multimodal.network import MrNetwork, MrNetworks
from oligocount.resources import shipped_folder
from oligocount.run import Tools, run_study
from oligocount.segment.choose import load_segmenter
from oligocount.segment.segmenter import Segmenter
from oligocount.settings import Settings
from oligocount.totalsegmentator import TotalSegmentatorMapper

EMBEDDED = "embedded"
_MR_BUNDLES = ("mr_brain", "mr_liver")

Reader = Callable[[], tuple[Study, Images]]


def run_folder(
    folder: Path, *, facts: ClinicalFacts | None = None, settings: Settings | None = None
) -> Result:
    """One patient's DICOM folder or .zip, with the shipped models, from files to verdicts.

    Raises OligocountError.
    """
    settings = settings or load_settings()
    return run_study(
        dicom_reader(folder, settings),
        load_tools(settings),
        facts=facts or ClinicalFacts(),
        settings=settings,
    )


def dicom_reader(
    source: Path, settings: Settings, *, pet_series: str | None = None, case_id: str | None = None
) -> Reader:
    """A reader of a folder or .zip of DICOM objects."""

    def read() -> tuple[Study, Images]:
        study = intake.scan(source, settings.intake, pet_series=pet_series, case_id=case_id)
        return study, intake.load(study, settings.intake)

    return read


def nifti_reader(
    pet: Path,
    *,
    unit: Unit,
    tracer: Mapping[str, Any] | None = None,
    ct: Path | None = None,
    mr: Sequence[Path] = (),
    case_id: str | None = None,
) -> Reader:
    """A reader of NIfTI files: the PET in SUV, or in Bq/ml with the facts of its `tracer`."""

    def read() -> tuple[Study, Images]:
        told = None if unit is Unit.SUVBW else intake.tracer_from_facts(tracer or {})
        return intake.read_nifti_study(
            pet, pet_unit=unit, tracer=told, ct=ct, mr=mr, case_id=case_id
        )

    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which tools a user asks for; None means what the settings say."""

    lesions: str | None = None
    organs: str | None = None
    lesion_mask: Path | None = None
    mr_lesion_masks: tuple[Path, ...] = ()
    mr_lesions: str | None = None
    structures: tuple[str, ...] = ()
    organ_map: Path | None = None
    organ_names: str | None = None
    device: str = "auto"
    trusted: bool = False


def load_tools(settings: Settings, choice: Choice | None = None) -> Tools:
    """The organ mapper and the segmenter that are asked for: a model, or a file in its place.

    Raises ConfigError for an unknown name, ModelError for weights or a device.
    """
    choice = choice or Choice()
    if choice.structures and not (choice.lesion_mask or choice.mr_lesion_masks):
        raise ConfigError("--structure names lesions of --lesion-mask or --mr-lesion-mask")
    return Tools(
        organ_mapper=_organ_mapper(settings, choice),
        segmenter=_segmenter(settings, choice),
        mr_segmenter=_mr_segmenter(settings, choice),
    )


def _mr_segmenter(settings: Settings, choice: Choice) -> MrSegmenter | None:
    """Masks, the shipped bundles or a bundle's folder; nobody where none is named."""
    if choice.mr_lesion_masks and choice.mr_lesions:
        raise ConfigError("expected --mr-lesion-mask or --mr-lesions, and not both")
    if choice.mr_lesion_masks:
        return MrMaskFiles(
            files=choice.mr_lesion_masks, settings=settings.multimodal, names=choice.structures
        )
    if choice.mr_lesions is None:
        return None
    if choice.mr_lesions == EMBEDDED:
        shipped = shipped_folder("models")
        return MrNetworks(
            networks=tuple(_mr_network(shipped / name, settings, choice) for name in _MR_BUNDLES)
        )
    return _mr_network(Path(choice.mr_lesions), settings, choice)


def _mr_network(folder: Path, settings: Settings, choice: Choice) -> MrNetwork:
    device = choose_device(choice.device)
    bundle = load_bundle(folder, device=device, trusted=choice.trusted)
    return MrNetwork(bundle=bundle, settings=settings.multimodal)


def _organ_mapper(settings: Settings, choice: Choice) -> OrganMapper:
    if choice.organ_map:
        return OrganFile(file=choice.organ_map, names=choice.organ_names)
    name = choice.organs or settings.anatomy.provider
    if name == "totalsegmentator":
        own = settings.anatomy.totalsegmentator
        mapper = TotalSegmentatorMapper(settings=own, device=choice.device)
        mapper.check()
        return mapper
    return load_organ_mapper(name, settings.anatomy, choice.device)


def _segmenter(settings: Settings, choice: Choice) -> Segmenter:
    if choice.lesion_mask:
        return MaskFile(file=choice.lesion_mask, settings=settings.segment, names=choice.structures)
    name = choice.lesions or settings.segment.segmenter
    return load_segmenter(name, settings.segment, choice.device, trusted=choice.trusted)
