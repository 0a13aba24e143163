"""Text as it may stand in URLs and names."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["slugify"]

# Letters that do not take apart into a plain letter and an accent.
_SPELLED_OUT = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o",
        "Ø": "O",
        "đ": "d",
        "Đ": "D",
        "ł": "l",
        "Ł": "L",
        "þ": "th",
        "Þ": "Th",
        "ð": "d",
    }
)


def slugify(
    text: str,
    max_length: int = 0,
    separator: str = "-",
    lowercase: bool = True,
    word_boundary: bool = False,
    regex_pattern: str | None = None,
) -> str:
    """`text` reduced to letters, digits and separators; accents are dropped.

    Args:
        text: any text.
        max_length: cut to this many characters; 0 means no limit.
        separator: stands for every run of other characters.
        lowercase: make it lowercase.
        word_boundary: cut between words rather than inside one.
        regex_pattern: which characters to replace, instead of all but letters and digits.
    """
    plain = unicodedata.normalize("NFKD", str(text).translate(_SPELLED_OUT))
    plain = plain.encode("ascii", "ignore").decode()
    if lowercase:
        plain = plain.lower()
    plain = plain.replace("'", "")
    slug = re.sub(regex_pattern or r"[^a-zA-Z0-9]+", separator, plain)
    if separator:
        slug = re.sub(f"(?:{re.escape(separator)})+", lambda _: separator, slug).strip(separator)
    if not max_length or len(slug) <= max_length:
        return slug
    cut = slug[:max_length]
    if word_boundary and separator and not slug[max_length:].startswith(separator):
        cut = cut.rpartition(separator)[0] or cut
    return cut.strip(separator) if separator else cut
