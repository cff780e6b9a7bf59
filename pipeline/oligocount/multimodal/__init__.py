"""MRI beside PET/CT: what it adds to the work-up, to the lesions and to their number."""

from oligocount.multimodal.workup import work_up

__all__ = ["work_up"]
