"""Objects into an archive and studies out of it: the DICOM network (DIMSE) and DICOMweb."""

from oligocount.pacs.archive import Archive
from oligocount.pacs.connect import connect
from oligocount.pacs.peer import Peer
from oligocount.pacs.peers_file import find_peer
from oligocount.pacs.send import Sent, State, send_case

__all__ = ["Archive", "Peer", "Sent", "State", "connect", "find_peer", "send_case"]
