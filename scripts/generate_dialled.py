"""Writes safety/rules/extractors/dialled.json: how many digits the numbers of each country have.

By its calling code; from the metadata of `phonenumbers`, which a release does not need then.
"""

import json
from pathlib import Path

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

FILE = Path(__file__).parent.parent / "safety" / "rules" / "extractors" / "dialled.json"


def content() -> bytes:
    """The file for the metadata as they are installed."""
    lengths: dict[int, list[int]] = {}
    for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        known = PhoneMetadata.metadata_for_region_or_calling_code(code, regions[0])
        told = known.general_desc.possible_length if known and known.general_desc else ()
        lengths[code] = sorted(told)
    lines = (f'"{code}": {json.dumps(each)}' for code, each in lengths.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


if __name__ == "__main__":
    FILE.write_bytes(content())
