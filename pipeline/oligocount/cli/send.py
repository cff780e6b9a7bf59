"""Sends the DICOM objects of finished cases (SEG, SR, RTSTRUCT) to an archive (PACS).

CASE is a folder that `oligocount run` wrote; several may be given. Where `oligocount recount` made
a reader's version (CASE/reader), that one is sent: lesions, counts and verdicts as the reader left
them. `--of machine` sends the program's own, with organs and stations. What was sent where stands
in sent.jsonl beside the version, so the same command again sends only what is not there yet. Each
object is told for itself; a broken connection is made anew with growing pauses. Nothing on disk is
taken away.

The archive is one of
  HOST:PORT/AE-TITLE         the DICOM network (C-STORE), such as pacs.example:11112/ARCHIVE
  https://HOST/PATH          DICOMweb (STOW-RS), such as https://pacs.example/dicom-web
  NAME                       of the peers file (--peers, $OLIGOCOUNT_PACS_PEERS, or
                             ~/.config/oligocount/peers.yaml)

peers file:
  peers:
    clinic:
      address: pacs.example:2762/ARCHIVE
      our_aet: OLIGOCOUNT             # the archive must know it
      listen: 11113                   # for `fetch` by C-MOVE: our port, which the archive must know
      tls: {ca_file: ca.pem, certificate: us.pem, key: us.key}       # or `true`: system authorities
      timeout_s: 30                   # for an answer
      attempts: 4                     # then given up
      backoff_s: 1                    # before the second attempt; doubles with each
    web:
      address: https://pacs.example/dicom-web
      user: oligocount
      password: "..."                 # then the file must not be readable by all; or token: "..."

Secrets never stand on the command line. Beside the peers file they may stand in the environment:
OLIGOCOUNT_PACS_USER and _PASSWORD, or _TOKEN; likewise _AET, _LISTEN, _CA_FILE, _CERTIFICATE and
_KEY (the last three turn TLS on). No login goes over a connection without TLS to
another machine unless the peers file says plain_login: true. No proxy is used.

examples:
  oligocount send --check --to clinic
  oligocount send out/case --to clinic
  oligocount send out/case --of machine --to clinic
  oligocount send cohort/cases/* --to https://pacs.example/dicom-web

Exit status: 0 the archive has every object; 2 the peer cannot be used; 3 CASE is no case;
6 at least one object is not there, with the reason.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from oligocount.errors import ConfigError, InputError, PublishError
from oligocount.pacs import Archive, Peer, Sent, State, connect, find_peer, send_case
from oligocount.pacs.objects import FOLDER as OBJECTS
from oligocount.publish.case_folder import MARKER, READER

MACHINE = "machine"
_MARKS = {State.SENT: "sent  ", State.KNOWN: "kept  ", State.FAILED: "FAILED"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what this command takes."""
    parser.add_argument("case", type=Path, nargs="*", metavar="CASE", help="a case folder")
    parser.add_argument("--to", required=True, metavar="PEER", help="the archive; see above")
    parser.add_argument("--peers", type=Path, metavar="FILE", help="archives by name")
    parser.add_argument(
        "--check", action="store_true", help="ask the archive whether it answers, and send nothing"
    )
    parser.add_argument(
        "--of",
        choices=(READER, MACHINE),
        help="whose version is sent (default: the reader's where there is one)",
    )
    parser.add_argument("--again", action="store_true", help="send also what was sent there before")


def execute(arguments: argparse.Namespace) -> int:
    """Send each case; 0 when the archive has every object."""
    if arguments.check == bool(arguments.case):
        raise ConfigError("expected at least one CASE, or --check without any")
    peer = find_peer(arguments.to, arguments.peers)
    archive = connect(peer)
    if arguments.check:
        archive.check()
        print(f"{peer.address}: answers")
        return 0
    statuses = [
        _send(case, arguments.of, archive, peer, again=arguments.again) for case in arguments.case
    ]
    return max(statuses)


def _send(case: Path, of: str | None, archive: Archive, peer: Peer, *, again: bool) -> int:
    """The status of one case; the others go on."""
    try:
        version, folder = _version(case, of)
        told = f"{case}, reader's version" if version == READER else str(case)
        print(f"{told} -> {peer.address}", flush=True)
        sent = send_case(folder, archive, peer, _tell_object, again=again, tell=_tell)
    except (InputError, PublishError) as error:
        _tell(str(error))
        return error.exit_status
    counts = Counter(each.state for each in sent)
    print(f"  {counts[State.SENT]} sent, {counts[State.KNOWN]} kept back as sent before, "
          f"{counts[State.FAILED]} failed", flush=True)  # fmt: skip
    return PublishError.exit_status if counts[State.FAILED] else 0


def _version(case: Path, of: str | None) -> tuple[str, Path]:
    """Whose version is sent, and where it stands."""
    reader = case / READER
    has_reader = (reader / MARKER).is_file()
    if of == READER and not has_reader:
        raise InputError(f"{case}: has no reader's version; `oligocount recount` makes one")
    if of == MACHINE or not has_reader:
        return MACHINE, case
    if not (reader / OBJECTS).is_dir():
        raise InputError(
            f"{case}: its reader's version has no DICOM objects (`oligocount recount` tells why); "
            "--of machine sends the program's own"
        )
    return READER, reader


def _tell_object(one: Sent) -> None:
    name = f"{one.object.modality:<8} {one.object.file.name}"
    text = f"was sent at {one.text}" if one.state is State.KNOWN else one.text
    print(f"  {_MARKS[one.state]}  {name}{': ' if text else ''}{text}", flush=True)


def _tell(text: str) -> None:
    print(f"oligocount send: {text}", file=sys.stderr, flush=True)
