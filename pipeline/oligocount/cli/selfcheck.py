"""Checks this installation: SUV on reference objects, models' checksums, devices, versions.

With --lesions or --organs also whether a model of your own loads, before a scan is read for it.

Needs no data and no network. Exit status 0: all well; 3: a reference object gave a wrong SUV;
4: a model is missing or damaged, or the device does not compute.

examples:
  oligocount selfcheck
  oligocount selfcheck --lesions nnUNet_results/Dataset501/Trainer__plans__3d_fullres --trust-bundle
  oligocount selfcheck --organs totalsegmentator --device cuda
"""

import argparse
import dataclasses
import importlib.metadata
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from oligocount.cli.options import add_models
from oligocount.config import load_settings
from oligocount.errors import InputError, ModelError, OligocountError
from oligocount.inference.bundle import load_bundle
from oligocount.inference.device import choose_device, free_memory_bytes
from oligocount.inference.fine import load_fine
from oligocount.inference.scorer import load_scorer
from oligocount.inputs import Choice, load_tools
from oligocount.intake.reference import ReferenceObject, read_reference_objects
from oligocount.quantify import to_suv
from oligocount.resources import shipped_folder
from oligocount.settings_quantify import QuantifySettings
from oligocount.version import __version__

_LIBRARIES = ("numpy", "scipy", "scikit-image", "SimpleITK", "nibabel", "pydicom", "highdicom",
              "torch", "monai")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of the table; `is_good` None = told only, nothing to check."""

    name: str
    text: str
    is_good: bool | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what this command takes."""
    add_models(parser)
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="bundles whose checksums are checked (default: the shipped ones)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Print the table; 0, 3 (SUV) or 4 (model or device)."""
    settings = load_settings().quantify
    suv = [_check_suv(one, settings) for one in read_reference_objects()]
    folder = arguments.models or shipped_folder("models")
    models = _check_models(folder)
    own = _check_own(arguments)
    devices = [_check_device(arguments.device), _free_memory(arguments.device)]
    print(f"oligocount {__version__} selfcheck")
    _print_part("SUV reference objects (0.2, 1 and 4 within 1 %)", suv)
    _print_part(f"models in {folder}", models)
    if own:
        _print_part("models asked for", own)
    _print_part("device", devices)
    _print_part("versions", _versions())
    is_suv_good = all(line.is_good for line in suv)
    is_model_good = all(line.is_good is not False for line in (*models, *own, *devices))
    print(f"\n{'all well' if is_suv_good and is_model_good else 'NOT WELL: see FAIL above'}")
    if not is_suv_good:
        return InputError.exit_status
    return 0 if is_model_good else ModelError.exit_status


def _check_suv(one: ReferenceObject, settings: QuantifySettings) -> _Line:
    if one.needs_any_drug:
        settings = dataclasses.replace(settings, allowed_radiopharmaceuticals=("*",))
    try:
        suv, route = to_suv(one.pet, one.tracer, settings)
    except OligocountError as error:
        return _Line(name=one.id, text=str(error), is_good=False)
    expected = np.broadcast_to(one.expected_suv, suv.array.shape)
    is_near = np.allclose(suv.array, expected, rtol=one.tolerance_percent / 100, atol=1e-6)
    found = " ".join(f"{value:.3f}" for value in suv.array[0, 0, 1:])
    is_good = is_near and one.route in route.route
    like = f"  (the trap of IBSI {one.ibsi})" if one.ibsi else ""
    return _Line(name=one.id, text=f"{found}  {route.route}{like}", is_good=is_good)


def _check_models(folder: Path) -> list[_Line]:
    """Every bundle's weights against its checksum, and that they fit their network."""
    bundles = sorted(file.parents[1] for file in folder.glob("*/configs/metadata.json"))
    if not bundles:
        return [_Line(name="(none)", text="no bundle in this folder", is_good=False)]
    return [_check_bundle(bundle) for bundle in bundles]


def _check_bundle(folder: Path) -> _Line:
    try:
        model = load_bundle(folder, device=torch.device("cpu")).metadata
        parts = {
            "scorer": load_scorer(folder),
            "fine network": load_fine(folder, device=torch.device("cpu")),
        }
    except ModelError as error:
        return _Line(name=folder.name, text=str(error), is_good=False)
    text = f"{model.name} {model.version}  sha256 {model.sha256[:12]}..."
    text += "".join(f"  and its {name}" for name, part in parts.items() if part)
    return _Line(name=folder.name, text=text, is_good=True)


def _check_own(arguments: argparse.Namespace) -> list[_Line]:
    """Whether the models that a run would be told to take can be loaded."""
    lines = []
    for option in ("lesions", "organs"):
        name = getattr(arguments, option)
        if name is not None:
            asked = Choice(
                lesions=name if option == "lesions" else "suv40",
                organs=name if option == "organs" else "rules",
                device=arguments.device,
                trusted=arguments.trust_bundle,
            )
            lines.append(_check_loading(f"--{option}", name, asked))
    return lines


def _check_loading(option: str, name: str, choice: Choice) -> _Line:
    try:
        load_tools(load_settings(), choice)
    except OligocountError as error:
        return _Line(name=option, text=str(error), is_good=False)
    return _Line(name=option, text=f"{name} loads", is_good=True)


def _check_device(name: str) -> _Line:
    """Whether the device computes a small convolution like the CPU."""
    try:
        device = choose_device(name)
        image = torch.arange(512.0).reshape(1, 1, 8, 8, 8) / 512
        kernel = torch.ones(1, 1, 3, 3, 3)
        there = torch.conv3d(image.to(device), kernel.to(device)).cpu()
    except (ModelError, RuntimeError) as error:
        return _Line(name=name, text=str(error).splitlines()[0], is_good=False)
    is_good = torch.allclose(there, torch.conv3d(image, kernel), rtol=1e-2)
    is_cuda = device.type == "cuda"
    text = torch.cuda.get_device_name(device) if is_cuda else f"{os.cpu_count()} cores"
    return _Line(name=str(device), text=text, is_good=is_good)


def _free_memory(name: str) -> _Line:
    try:
        free_gib = free_memory_bytes(choose_device(name)) / 2**30
    except (ModelError, RuntimeError):
        return _Line(name="free memory", text="unknown")
    return _Line(name="free memory", text=f"{free_gib:.1f} GiB")


def _versions() -> Iterable[_Line]:
    yield _Line(name="python", text=platform.python_version())
    for name in _LIBRARIES:
        yield _Line(name=name, text=importlib.metadata.version(name))


def _print_part(title: str, lines: Iterable[_Line]) -> None:
    print(f"\n{title}")
    for line in lines:
        mark = {True: "ok  ", False: "FAIL", None: "    "}[line.is_good]
        print(f"  {mark}  {line.name:<24} {line.text}")
