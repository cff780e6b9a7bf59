"""A study as NIfTI volumes with series.json beside them: nothing found, nothing judged."""

import json
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oligocount.domain.study import Images, Study, SuvRoute
from oligocount.domain.volume import Volume
from oligocount.errors import PublishError
from oligocount.publish.result_json import series_document, suv_document
from oligocount.publish.volumes import write_volume
from oligocount.version import __version__


def write_conversion(
    out: Path, study: Study, images: Images, suv: Volume, route: SuvRoute
) -> tuple[Path, ...]:
    """pet_suv, ct and mr_<kind> as .nii.gz, each on its own grid, and series.json stand in `out`.

    All of them or nothing. Raises PublishError when `out` exists and is not an empty folder, or
    cannot be written.
    """
    out = out.resolve()
    volumes = {"pet_suv.nii.gz": suv, **_others(images)}
    text = json.dumps(_document(study, images, route, volumes), indent=1, ensure_ascii=False)
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise PublishError(f"{out}: expected a new or an empty folder")
        out.parent.mkdir(parents=True, exist_ok=True)
        part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
        try:
            part.mkdir()
            for name, volume in volumes.items():
                write_volume(part / name, volume)
            (part / "series.json").write_text(text + "\n", "utf-8")
            if out.exists():
                out.rmdir()
            part.rename(out)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise PublishError(f"{out}: cannot be written: {error}") from error
    return tuple(sorted(out.iterdir()))


def _others(images: Images) -> dict[str, Volume]:
    named = {} if images.ct is None else {"ct.nii.gz": images.ct}
    for one in images.mr:
        stem, n = f"mr_{one.kind}", 1
        while f"{stem}.nii.gz" in named:
            n += 1
            stem = f"mr_{one.kind}_{n}"
        named[f"{stem}.nii.gz"] = one.volume
    return named


def _document(
    study: Study, images: Images, route: SuvRoute, volumes: Mapping[str, Volume]
) -> dict[str, Any]:
    caveats = dict.fromkeys((*study.caveats, *images.caveats))
    return {
        "case_id": study.case_id,
        "series": [series_document(one) for one in study.series],
        "suv": suv_document(route),
        "files": {name: _of_file(volume) for name, volume in volumes.items()},
        "caveats": [{"code": one.code, "text": one.text} for one in caveats],
        "oligocount": __version__,
    }


def _of_file(volume: Volume) -> dict[str, Any]:
    return {
        "unit": volume.unit.value,
        "shape_kji": list(volume.geometry.shape),
        "spacing_kji_mm": [round(each, 4) for each in volume.geometry.spacing_mm],
    }
