"""Figures, tables and pictures as files that any program reads; needs none of the libraries that made them."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo_widgets.errors import InvalidInput


def figure_json(figure: Any) -> bytes:
    """Gives the JSON of a Plotly figure, or of a dict with `data` and `layout`.

    Raises:
        InvalidInput: For anything else.
    """
    if hasattr(figure, "to_json"):
        return str(figure.to_json()).encode()
    if isinstance(figure, Mapping) and "data" in figure:
        return json.dumps({"layout": {}, **figure}, default=_plain).encode()
    raise InvalidInput(
        f"{figure!r:.100} of type {type(figure).__name__} is no figure; give a plotly Figure or a dict with 'data'."
    )


def table_csv(table: Any) -> bytes:
    """Gives a table as CSV: a DataFrame, a dict of columns, or a list of rows with the names of columns first.

    Raises:
        InvalidInput: For anything else.
    """
    import pandas as pd

    if isinstance(table, list) and table and not isinstance(table[0], Mapping):
        table = pd.DataFrame(table[1:], columns=table[0])
    if isinstance(table, (Mapping, list)):
        table = pd.DataFrame(table)
    if not hasattr(table, "to_csv"):
        raise InvalidInput(
            f"{table!r:.100} of type {type(table).__name__} is no table; give a DataFrame, a dict of columns or a list "
            "of rows."
        )
    return str(table.to_csv()).encode()


def matplotlib_png(figure: Any) -> bytes:
    """Gives a Matplotlib figure (or the module `pyplot`, for its current one) as a PNG picture.

    Raises:
        InvalidInput: For anything else.
    """
    if hasattr(figure, "gcf"):
        figure = figure.gcf()
    if not hasattr(figure, "savefig"):
        raise InvalidInput(f"{figure!r:.100} of type {type(figure).__name__} is no Matplotlib figure.")
    out = io.BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight")
    return out.getvalue()


def picture(image: Any) -> tuple[bytes, str]:
    """Gives content and ending of a picture: a path, a PIL image, or an array (rows, columns[, 1, 3 or 4]).

    Raises:
        InvalidInput: For anything else.
    """
    if isinstance(image, (str, Path)):
        try:
            return Path(image).read_bytes(), Path(image).suffix
        except OSError as error:
            raise InvalidInput(f"the picture {str(image)!r} cannot be read ({error}); give another path.") from error
    if hasattr(image, "save") and hasattr(image, "convert"):
        out = io.BytesIO()
        image.save(out, format="PNG")
        return out.getvalue(), ".png"
    return array_png(image), ".png"


def array_png(image: Any) -> bytes:
    """Gives an array as a PNG: bytes as they are, other numbers from 0 to 1 (or, when larger, 255)."""
    import numpy as np

    pixels = np.asarray(image)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or 0 in pixels.shape or pixels.dtype.kind not in "buif":
        raise InvalidInput(
            f"an array of shape {getattr(image, 'shape', None)} and type {pixels.dtype} is no picture; give (rows, "
            "columns) or (rows, columns, 1, 3 or 4) of numbers."
        )
    if pixels.dtype != np.uint8:
        largest = 1.0 if pixels.dtype.kind == "b" or np.nanmax(pixels) <= 1 else 255.0
        pixels = np.nan_to_num(np.clip(pixels.astype(float) / largest, 0, 1) * 255).round().astype(np.uint8)
    rows, columns, channels = pixels.shape
    kind = {1: 0, 3: 2, 4: 6}[channels]
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    head = struct.pack(">IIBBBBB", columns, rows, 8, kind, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise InvalidInput(f"{value!r:.100} of type {type(value).__name__} cannot be part of a figure.")
