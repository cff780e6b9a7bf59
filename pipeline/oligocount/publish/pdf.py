"""report.pdf: the report as a browser prints it on A4."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from oligocount.errors import PublishError

_VARIABLE = "OLIGOCOUNT_BROWSER"
_BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "microsoft-edge", "msedge",
)  # fmt: skip
_TIMEOUT_S = 180
_ROOT = 0  # the user for whom Chromium refuses to build its sandbox


def find_browser() -> Path:
    """The browser that prints: the one that OLIGOCOUNT_BROWSER names, or one on the PATH.

    Raises PublishError where there is none.
    """
    named = os.environ.get(_VARIABLE)
    for name in (named,) if named else _BROWSERS:
        found = shutil.which(name)
        if found:
            return Path(found)
    wanted = f"{_VARIABLE} names {named}, which is none" if named else "there is none on the PATH"
    raise PublishError(
        f"a PDF is printed by Chromium, Chrome or Edge; {wanted}. Install one, or leave out "
        "--pdf and print report.html from any browser"
    )


def write_pdf(page: Path, pdf: Path) -> None:
    """The page stands in the PDF. The browser reads no network and leaves no profile behind.

    Raises PublishError where there is no browser or it does not print.
    """
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="oligocount-") as profile:
        command = [
            str(browser), "--headless", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}",
            *(["--no-sandbox"] if os.geteuid() == _ROOT else []),
            "--no-pdf-header-footer", f"--print-to-pdf={pdf.resolve()}", page.resolve().as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(  # noqa: S603 - no shell, the command is ours
                command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PublishError(f"{browser.name} did not print {page.name}: {error}") from error
    if done.returncode or not pdf.exists():
        last = (done.stderr.strip().splitlines() or ["no word why"])[-1]
        raise PublishError(f"{browser.name} did not print {page.name}: {last}")
