"""Figures, tables and pictures become files that any program reads."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.sdk.logger_figures import array_png, figure_json, picture, table_csv


def test_figures_are_plotlys_json() -> None:
    figure = go.Figure(go.Scatter(x=[1, 2], y=np.array([3.0, 4.0])))
    assert json.loads(figure_json(figure))["data"][0]["x"] == [1, 2]
    assert json.loads(figure_json({"data": [{"y": np.arange(2)}]})) == {"data": [{"y": [0, 1]}], "layout": {}}
    with pytest.raises(InvalidInput, match="no figure"):
        figure_json("figure")


@pytest.mark.parametrize("table", [pd.DataFrame({"a": [1, 2]}), {"a": [1, 2]}, [["a"], [1], [2]], [{"a": 1}, {"a": 2}]])
def test_tables_are_csv(table: object) -> None:
    assert pd.read_csv(io.BytesIO(table_csv(table)), index_col=0).to_dict("list") == {"a": [1, 2]}


def test_what_is_no_table_is_told() -> None:
    with pytest.raises(InvalidInput, match="no table"):
        table_csv(3)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [((3, 4), "uint8"), ((3, 4, 1), "float64"), ((2, 5, 3), "uint8"), ((2, 5, 4), "bool"), ((3, 4), "int64")],
)
def test_arrays_are_pictures_of_the_same_size(shape: tuple[int, ...], kind: str) -> None:
    made = array_png(np.ones(shape, dtype=kind))
    columns, rows, depth, color = struct.unpack(">IIBB", made[16:26])
    channels = shape[2] if len(shape) == 3 else 1
    assert (made[:8], columns, rows, depth) == (b"\x89PNG\r\n\x1a\n", shape[1], shape[0], 8)
    assert color == {1: 0, 3: 2, 4: 6}[channels]
    length = int.from_bytes(made[33:37], "big")
    value = 255 if kind in ("float64", "bool", "int64") else 1
    assert zlib.decompress(made[41 : 41 + length]) == (b"\0" + bytes([value]) * columns * channels) * rows


@pytest.mark.parametrize("given", [np.ones(3), np.ones((2, 2, 5)), np.ones((0, 2)), np.array([["a"]])])
def test_other_arrays_are_no_pictures(given: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match="no picture"):
        array_png(given)


def test_a_picture_that_is_a_file_is_kept_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"jpeg")
    assert picture(tmp_path / "a.jpg") == (b"jpeg", ".jpg")
    with pytest.raises(InvalidInput, match="cannot be read"):
        picture(str(tmp_path / "absent.png"))
