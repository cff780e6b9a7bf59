"""SOP classes that intake treats apart from the others (PS3.4 B.5)."""

PET = "1.2.840.10008.5.1.4.1.1.128"
VALUE_MAPPING = "1.2.840.10008.5.1.4.1.1.67"
MULTI_FRAME = frozenset({
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
    "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT
    "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR
    "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR
    "1.2.840.10008.5.1.4.1.1.130",  # Enhanced PET
    "1.2.840.10008.5.1.4.1.1.128.1",  # Legacy Converted Enhanced PET
})  # fmt: skip
