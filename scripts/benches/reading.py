"""Reading and scanning DICOM against SimpleITK, dicom2nifti and plain pydicom, in one run.

Writes a PET/CT study the size of a real one (CT 512 x 512 x 600, PET 440 x 440 x 600) and a dump of
5,000 files (with headers as long as a scanner's) to a temporary folder, then lets each reader work
in a process of its own, in turns, and prints the best seconds by the clock and of all processors,
peak memory above the libraries', and the median over the rounds of each ratio to ours. Files are in
the page cache for all.
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from shared.memory import peak_mib

SELF = Path(__file__).resolve()
sys.path.append(str(SELF.parents[2] / "tests"))


def write_study(folder: Path, *, slices: int) -> None:
    """CT and PET with smooth anatomy and noise, so that no value repeats by chance."""
    from intake.builders import write_series  # noqa: PLC0415 - only the writing process needs it

    write_series(
        folder / "ct", "CT", shape=(slices, 512, 512), spacing=(1.5, 0.98, 0.98), stored=12
    )
    slopes = tuple(np.linspace(0.5, 3.0, slices))
    write_series(
        folder / "pet", "PT", shape=(slices, 440, 440), spacing=(1.5, 1.65, 1.65),
        slopes=slopes, is_signed=False, stored=15, edit=lengthen,
    )  # fmt: skip


def write_dump(folder: Path, *, files: int) -> None:
    """Many series of small slices."""
    from intake.builders import write_series  # noqa: PLC0415 - only the writing process needs it

    for n in range(files // 500):
        modality = "PT" if n == 0 else "CT"
        shape = (500, 64, 64)
        write_series(folder / f"{n}", modality, shape=shape, seed=n, edit=lengthen)


def lengthen(dataset: Any, k: int) -> None:
    """As many elements as a scanner writes: some 200, a third of them private, some nested."""
    from pydicom.dataset import Dataset  # noqa: PLC0415 - only the writing process needs it

    block = dataset.private_block(0x0009, "BENCH", create=True)
    for n in range(120):
        block.add_new(n, ("DS", "LO", "IS")[n % 3], str(n + k))
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.3", f"1.2.{k}"
    dataset.ReferencedImageSequence = [item] * 4


def read_ours(folder: Path) -> int:
    """The whole study, by intake: both series, ordered, checked, in float32."""
    from oligocount import intake  # noqa: PLC0415 - each reader imports its own library only
    from oligocount.config import load_settings  # noqa: PLC0415 - likewise

    settings = load_settings().intake
    images = intake.load(intake.scan(folder, settings), settings)
    return images.pet.array.nbytes + (images.ct.array.nbytes if images.ct else 0)


def read_ours_ct(folder: Path) -> int:
    """One series of known files, as SimpleITK gets it."""
    from oligocount.config import load_settings  # noqa: PLC0415 - likewise
    from oligocount.intake.pixels import read_stack  # noqa: PLC0415 - likewise
    from oligocount.intake.scan import read_headers  # noqa: PLC0415 - likewise
    from oligocount.intake.slices import stack_slices  # noqa: PLC0415 - likewise
    from oligocount.intake.source import Sources, list_files  # noqa: PLC0415 - likewise

    settings = load_settings().intake
    files = list_files(folder / "ct", settings.archive)
    stack = stack_slices(read_headers(files, settings), settings)
    with Sources() as sources:
        return read_stack(stack, sources, workers=settings.workers).nbytes


def read_sitk(folder: Path) -> int:
    """Each series by ImageSeriesReader as float32."""
    return sum(_sitk_series(folder / name) for name in ("ct", "pet"))


def read_sitk_ct(folder: Path) -> int:
    """The CT by ImageSeriesReader as float32."""
    return _sitk_series(folder / "ct")


def _sitk_series(folder: Path) -> int:
    import SimpleITK as sitk  # noqa: PLC0415 - likewise

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    reader.SetOutputPixelType(sitk.sitkFloat32)
    return sitk.GetArrayViewFromImage(reader.Execute()).nbytes


def read_dicom2nifti(folder: Path) -> int:
    """Each series by dicom2nifti, to uncompressed NIfTI, its way of reading."""
    return sum(_converted(folder / name) for name in ("ct", "pet"))


def read_dicom2nifti_ct(folder: Path) -> int:
    """The CT by dicom2nifti."""
    return _converted(folder / "ct")


def _converted(folder: Path) -> int:
    import dicom2nifti  # noqa: PLC0415 - likewise

    with tempfile.TemporaryDirectory() as out:
        file = Path(out) / "x.nii"
        dicom2nifti.dicom_series_to_nifti(str(folder), str(file), reorient_nifti=False)
        return file.stat().st_size


def scan_ours(folder: Path) -> int:
    """All headers, to a choice with reasons."""
    from oligocount import intake  # noqa: PLC0415 - likewise
    from oligocount.config import load_settings  # noqa: PLC0415 - likewise

    study = intake.survey(folder, load_settings().intake).study
    return sum(one.n_instances for one in study.series)


def scan_pydicom(folder: Path) -> int:
    """A plain loop of dcmread without pixels."""
    import pydicom  # noqa: PLC0415 - likewise

    files = [file for file in folder.rglob("*") if file.is_file()]
    return len([pydicom.dcmread(file, stop_before_pixels=True).SeriesInstanceUID for file in files])


def scan_sitk(folder: Path) -> int:
    """SimpleITK's listing of series and their files, a folder at a time."""
    import SimpleITK as sitk  # noqa: PLC0415 - likewise

    reader = sitk.ImageSeriesReader()
    return sum(
        len(reader.GetGDCMSeriesFileNames(str(place), uid))
        for place in sorted(folder.iterdir())
        for uid in reader.GetGDCMSeriesIDs(str(place))
    )


READERS: dict[str, Callable[[Path], int]] = {
    each.__name__: each
    for each in (read_ours, read_sitk, read_dicom2nifti, read_ours_ct, read_sitk_ct,
                 read_dicom2nifti_ct, scan_ours, scan_pydicom, scan_sitk)
}  # fmt: skip


IMPORTS = {
    "ours": ("oligocount.intake", "oligocount.config"),
    "sitk": ("SimpleITK",),
    "pydicom": ("pydicom",),
    "dicom2nifti": ("dicom2nifti",),
}


def measure(name: str, folder: Path) -> dict[str, float]:
    """Run one reader here, its library already imported: seconds, and peak memory above that."""
    for module in IMPORTS[name.split("_")[1]]:
        importlib.import_module(module)
    before = peak_mib()
    start, worked = time.perf_counter(), time.process_time()
    size = READERS[name](folder)
    return {
        "seconds": time.perf_counter() - start,
        "processor_s": time.process_time() - worked,
        "peak_mib": peak_mib() - before,
        "result": size,
    }


def run_once(name: str, folder: Path) -> dict[str, float]:
    """One run in a fresh process."""
    command = [sys.executable, str(SELF), "--one", name, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def report(names: list[str], folder: Path, runs: int, unit: str) -> None:
    """One line a reader; the first is ours. Readers take turns, so that load hits them alike."""
    rounds = [{name: run_once(name, folder) for name in names} for _ in range(runs)]
    for name in names:
        best = {key: min(each[name][key] for each in rounds) for key in rounds[0][name]}
        times = {
            key: float(np.median([each[name][key] / each[names[0]][key] for each in rounds]))
            for key in ("seconds", "processor_s")
        }
        size = best["result"] / (2**20 if unit == "MiB" else 1)
        print(
            f"{name:20} {best['seconds']:6.2f} s ({times['seconds']:.1f} x ours)"
            f"  {best['processor_s']:6.2f} processor s ({times['processor_s']:.1f} x ours)"
            f"  peak {best['peak_mib']:5.0f} MiB  {size:6.0f} {unit}",
            flush=True,
        )


def main() -> None:
    """Write the data, run each reader, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.folder)))
        return
    with tempfile.TemporaryDirectory() as place:
        study, dump = Path(place) / "study", Path(place) / "dump"
        write_study(study, slices=options.slices)
        write_dump(dump, files=options.files)
        print(f"CT 512 x 512 x {options.slices} and PET 440 x 440 x {options.slices}")
        report(["read_ours", "read_sitk", "read_dicom2nifti"], study, options.runs, "MiB")
        print("the CT alone")
        report(["read_ours_ct", "read_sitk_ct", "read_dicom2nifti_ct"], study, options.runs, "MiB")
        print(f"headers of {options.files} files")
        report(["scan_ours", "scan_pydicom", "scan_sitk"], dump, options.runs, "files")


if __name__ == "__main__":
    main()
