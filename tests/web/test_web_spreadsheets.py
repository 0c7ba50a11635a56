"""What people open in a spreadsheet: read by all of them, and never a formula."""

import csv
import io

import pytest

from web.spreadsheets import csv_file


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-2+3", "@SUM(A1)", "＝1", "\t=1", "\r=1"])
def test_a_cell_that_would_be_a_formula_is_a_text(cell):
    (row,) = csv.reader(io.StringIO(csv_file([[cell]]).decode("utf-8-sig"), newline=""))
    assert row == [f"'{cell}"]


@pytest.mark.parametrize("cell", ["-", "——", "云岭学院", "a=b", 7, ""])
def test_any_other_cell_stays_as_it_is(cell):
    assert csv_file([["x", cell]]).decode("utf-8-sig") == f"x,{cell}\r\n"


def test_the_encoding_is_the_one_that_spreadsheets_here_recognise():
    assert csv_file([["学院"]]).startswith(b"\xef\xbb\xbf")
