"""MRI beside PET/CT: what it adds to the work-up, to the lesions and to their number."""

from oligocount.multimodal.frames import Frames, bring
from oligocount.multimodal.join import Joined, join
from oligocount.multimodal.look import Mri, look
from oligocount.multimodal.seen import MrLesions, MrSegmenter, SeenLesion, see
from oligocount.multimodal.workup import work_up

__all__ = [
    "Frames",
    "Joined",
    "MrLesions",
    "MrSegmenter",
    "Mri",
    "SeenLesion",
    "bring",
    "join",
    "look",
    "see",
    "work_up",
]
