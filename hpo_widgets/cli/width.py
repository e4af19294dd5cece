"""How wide text is on a terminal, where East Asian characters and emoji take two columns and accents none."""

from __future__ import annotations

import unicodedata

EMOJI_STYLE = "\ufe0f"
"""After a character that has a plain form as well: it is drawn as an emoji, two columns wide."""
BELONGS = ("Mn", "Me", "Cf")
"""Unicode categories of what is drawn with the character before it."""


def width(text: str) -> int:
    """Gives the columns that a line takes."""
    return sum(columns for _, columns in _clusters(text))


def cut_to(text: str, columns: int) -> str:
    """Shortens a line to so many columns; no character is cut from its accents."""
    kept, used = "", 0
    for cluster, taken in (clusters := _clusters(text)):
        if used + taken > columns - 1:
            break
        kept, used = kept + cluster, used + taken
    return text if kept == text or sum(taken for _, taken in clusters) <= columns else f"{kept}…"


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """Fills a line with spaces up to so many columns."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def _clusters(text: str) -> list[tuple[str, int]]:
    """Splits a line into characters with what belongs to each, and the columns they take."""
    found: list[tuple[str, int]] = []
    for each in text:
        if found and unicodedata.category(each) in BELONGS:
            before, columns = found[-1]
            found[-1] = (before + each, 2 if each == EMOJI_STYLE else columns)
        else:
            found.append((each, 2 if unicodedata.east_asian_width(each) in "WF" else 1))
    return found
