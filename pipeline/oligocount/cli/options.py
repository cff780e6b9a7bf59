"""Options that several commands take: one name, one sentence, one default each."""

import argparse
from pathlib import Path


def add_input(parser: argparse.ArgumentParser, *, nargs: str | None = None) -> None:
    """INPUT: the scan as a hospital has it."""
    parser.add_argument(
        "input",
        type=Path,
        nargs=nargs,
        metavar="INPUT",
        help="a folder or .zip of DICOM files, searched recursively",
    )


def add_pet_series(parser: argparse._ActionsContainer) -> None:
    """--pet-series."""
    parser.add_argument(
        "--pet-series", metavar="UID", help="the PET series to take, where several could be it"
    )


def add_case_id(parser: argparse._ActionsContainer) -> None:
    """--case-id."""
    parser.add_argument("--case-id", metavar="ID", help="default: a pseudonym from the study's UID")


def add_clinical(parser: argparse._ActionsContainer) -> None:
    """--clinical."""
    parser.add_argument(
        "--clinical",
        type=Path,
        metavar="FILE",
        help="clinical facts, YAML or JSON; what is left out is unknown",
    )


def add_report(parser: argparse._ActionsContainer) -> None:
    """--lang and --pdf."""
    parser.add_argument(
        "--lang",
        choices=("en", "zh"),
        help="language of the report (default: that of the settings, en)",
    )
    parser.add_argument("--pdf", action="store_true", default=None, help="report.pdf too")


def add_config(parser: argparse._ActionsContainer) -> None:
    """--config."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="settings (YAML) on top of configs/pipeline.yaml; what is left out stays as it is",
    )


def add_models(parser: argparse._ActionsContainer) -> None:
    """--lesions, --organs, --trust-bundle and --device."""
    parser.add_argument(
        "--lesions",
        metavar="NAME",
        help="fdg_lesions (default), suv25, suv40, percent41, percist, or a folder: a MONAI bundle "
        "or nnU-Net v2 results (plans.json, dataset.json, fold_*; needs oligocount[nnunet] and "
        "--trust-bundle)",
    )
    parser.add_argument(
        "--organs",
        metavar="NAME",
        help="organs_ct (default), rules, totalsegmentator, or a bundle's folder",
    )
    parser.add_argument(
        "--trust-bundle",
        action="store_true",
        help="run code that a foreign model may bring: you know where it comes from",
    )
    add_device(parser)


def add_device(parser: argparse._ActionsContainer) -> None:
    """--device."""
    parser.add_argument(
        "--device", default="auto", help="auto (default: a GPU where there is one), cpu, cuda[:N]"
    )
