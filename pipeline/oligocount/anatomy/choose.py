"""Chooses the organ provider by name or by path."""

from pathlib import Path

from oligocount.anatomy.bundle import BundleMapper
from oligocount.anatomy.provider import OrganMapper
from oligocount.anatomy.published import PublishedBundleMapper
from oligocount.anatomy.rules import RuleMapper
from oligocount.errors import ConfigError
from oligocount.inference.bundle import load_bundle
from oligocount.inference.device import choose_device
from oligocount.inference.fine import load_fine
from oligocount.inference.published import is_published_bundle, load_published_bundle
from oligocount.resources import shipped_folder
from oligocount.settings_anatomy import AnatomySettings


def load_organ_mapper(name_or_path: str, settings: AnatomySettings, device: str) -> OrganMapper:
    """The provider that `name_or_path` means, ready to be called.

    `rules`, the name of a shipped bundle (`organs_ct`), or the path of a bundle's folder: one of
    ours, or MONAI's wholeBody_ct_segmentation.
    Raises ConfigError for a name that is none of these, ModelError when weights are wrong.
    """
    if name_or_path == "rules":
        return RuleMapper(settings=settings)
    for folder in (shipped_folder("models") / name_or_path, Path(name_or_path)):
        if (folder / "configs" / "metadata.json").is_file():
            chosen = choose_device(device)
            if is_published_bundle(folder):
                published = load_published_bundle(folder, device=chosen)
                return PublishedBundleMapper(bundle=published, border_voxels=settings.border_voxels)
            bundle, fine = load_bundle(folder, device=chosen), load_fine(folder, device=chosen)
            return BundleMapper(bundle=bundle, settings=settings, fine=fine)
    raise ConfigError(
        f"organ provider {name_or_path!r}: expected rules, totalsegmentator, a shipped bundle "
        "(organs_ct) or the path of a bundle's folder"
    )
