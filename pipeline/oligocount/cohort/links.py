"""A case's own files in a folder of their own, without copying them."""

from pathlib import Path


def link_files(names: list[str], source: Path, place: Path) -> None:
    """`place` holds a link to each file, named below `source`, under the same name."""
    for name in names:
        link = place / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(source.absolute() / name)
