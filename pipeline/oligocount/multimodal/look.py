"""All that MRI shows of one patient's lesions, in the frame of the PET."""

from collections import Counter
from dataclasses import dataclass

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.study import AlignedImages, MrImage
from oligocount.multimodal.frames import bring
from oligocount.multimodal.once import once
from oligocount.multimodal.own_organ import beside_organ
from oligocount.multimodal.seen import MrSegmenter, SeenLesion, see
from oligocount.settings import Settings

_NOT_READ = Caveat(
    code="MR_NOT_READ",
    text="there is MR, but nobody has marked lesions on it: it takes no part in the count",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mri:
    """Lesions on MRI, who marked them, and the doubts."""

    seen: tuple[SeenLesion, ...] = ()
    models: tuple[ModelInfo, ...] = ()
    caveats: tuple[Caveat, ...] = ()


def look(
    mr: tuple[MrImage, ...],
    segmenter: MrSegmenter | None,
    images: AlignedImages,
    organs: OrganMap,
    settings: Settings,
) -> Mri:
    """The lesions that `segmenter` finds on MRI; without one the MR takes no part.

    An MR is registered only when something is marked on it. Raises InputError when the segmenter
    cannot use what there is.
    """
    if segmenter is None:
        return Mri(caveats=(_NOT_READ,) if mr else ())
    found = segmenter(mr)
    marked = [one for one in found if one.lesions.labels.array.any()]
    used = {one.image.volume.geometry.frame_of_reference_uid for one in marked}
    needed = tuple(one for one in mr if one.volume.geometry.frame_of_reference_uid in used)
    frames = bring(needed, images, organs, settings.quantify.register)
    seen = [
        see(each, images.suv.geometry, frames.moves[each.image.series_uid], mr) for each in marked
    ]
    whole = beside_organ(once(marked, seen, settings.multimodal), organs, settings.multimodal)
    models = tuple(dict.fromkeys(each.model for each in found))
    told = dict.fromkeys(caveat for each in found for caveat in each.caveats)
    return Mri(
        seen=whole,
        models=models,
        caveats=(*told, *frames.caveats, *_aside(whole)),
    )


def _aside(seen: tuple[SeenLesion, ...]) -> tuple[Caveat, ...]:
    """What the case is told of marks that are listed and not counted."""
    counts = Counter(one.known_organ for one in seen if one.is_aside)
    return tuple(
        Caveat(
            code="MR_MARKS_OUTSIDE_ORGAN",
            text=f"marks on MR outside the {organ}, by a network that knows lesions of the {organ} "
            f"alone: {count}, listed and not counted",
        )
        for organ, count in counts.items()
    )
