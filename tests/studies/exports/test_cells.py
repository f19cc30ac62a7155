"""CSV that numpy puts together says what Python's own csv module reads from it."""

import csv
import doctest
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from studies.exports import csv_columns

AWKWARD = ['"', 'a"b', '""', '"whole"', "a,b", "two\nlines", " ", "“a”", "é" * 9]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)
VALUES = st.one_of(
    st.sampled_from(AWKWARD), TEXTS, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.none()
)


def as_read(value: csv_columns.Value) -> str:
    return "" if value is None else str(value).upper() if isinstance(value, bool) else str(value)


@given(st.lists(VALUES, min_size=1, max_size=6), st.data())
def test_any_values_come_back(values, data):
    rows = data.draw(st.integers(1, 8))
    place = st.integers(0, len(values) - 1)
    places = np.array(data.draw(st.lists(place, min_size=rows, max_size=rows)))
    numbers = np.array(
        data.draw(
            st.lists(st.one_of(st.integers(-1, 11), st.integers(0, 2**63 - 1)), min_size=rows, max_size=rows)
        ),
        np.int64,
    )
    columns = [csv_columns.Categorical(csv_columns.Categories(values), places), csv_columns.Numbers(numbers)]
    text = csv_columns.csv_header(["a", "“b”"]) + csv_columns.csv_rows(columns)
    read = list(csv.reader(io.StringIO(text.decode(), newline="")))
    assert read[0] == ["a", "“b”"]
    assert read[1:] == [
        [as_read(values[place]), as_read(None if number == -1 else int(number))]
        for place, number in zip(places, numbers, strict=True)
    ]
    assert columns[0].values() == [None if values[place] == "" else values[place] for place in places]


def test_an_empty_text_is_no_text():
    assert (
        csv_columns.csv_rows([csv_columns.Categorical(csv_columns.Categories(["", None]), np.array([0, 1]))])
        == b"\n\n"
    )


def test_its_examples_say_what_happens():
    assert doctest.testmod(csv_columns) == (0, 2)
