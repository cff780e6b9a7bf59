"""Where things are: images to an organ map, landmarks and a station map."""

from oligocount.anatomy.anatomy_map import map_anatomy

__all__ = ["map_anatomy"]
