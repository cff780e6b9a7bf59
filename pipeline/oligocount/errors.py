"""The error tree: branches say who must act.

OligocountError
├── ConfigError            settings or usage are wrong              exit 2
├── InputError             the input cannot be used                 exit 3
│   ├── SeriesNotFound     no series plays the needed role
│   ├── AmbiguousSeries    several series play it equally well
│   ├── IncompleteSeries   slices are missing or broken
│   ├── MissingTag         an attribute that a rule needs is absent
│   ├── UnsupportedUnit    a unit that cannot become SUV
│   ├── GeometryError      the position of voxels is unknown or contradictory
│   └── QuantificationError  activity cannot become SUV
├── ModelError             model or device                          exit 4
│   ├── BundleNotFound     no weights at the place named
│   ├── BundleMismatch     weights are not the ones promised
│   └── InferenceError     the network failed on this input
└── PublishError           output could not be written              exit 6
    ├── ArchiveUnreachable a PACS does not answer, or stopped to; again may help
    └── ArchiveRefused     a PACS answered, and did not do what was asked
"""


class OligocountError(Exception):
    """Root of every error raised on purpose; `exit_status` is what the command line returns."""

    exit_status = 1


class ConfigError(OligocountError):
    """Settings or usage are wrong."""

    exit_status = 2


class InputError(OligocountError):
    """The input cannot be used."""

    exit_status = 3


class SeriesNotFound(InputError):
    """No series plays the needed role."""


class AmbiguousSeries(InputError):
    """Several series play one role equally well."""


class IncompleteSeries(InputError):
    """Slices are missing or broken."""


class MissingTag(InputError):
    """An attribute that a rule needs is absent."""


class UnsupportedUnit(InputError):
    """A unit that cannot become SUV."""


class GeometryError(InputError):
    """The position of voxels is unknown or contradictory."""


class QuantificationError(InputError):
    """Activity cannot become SUV."""


class ModelError(OligocountError):
    """A model or a device cannot be used."""

    exit_status = 4


class BundleNotFound(ModelError):
    """No weights at the place named."""


class BundleMismatch(ModelError):
    """The weights are not the ones promised."""


class InferenceError(ModelError):
    """The network failed on this input."""


class PublishError(OligocountError):
    """Output could not be written."""

    exit_status = 6


class ArchiveUnreachable(PublishError):
    """A PACS does not answer, or the connection broke; to try again may help."""


class ArchiveRefused(PublishError):
    """A PACS answered, and did not do what was asked."""
