"""Small cells, licences and citations by hand: no database."""

import pytest

from explain.cam.names.own import OWN
from explain.core.errors import BadInputError
from studies.archives.citations import bibtex
from studies.archives.licences import licence_named
from studies.archives.psych_ds import data_path
from studies.archives.small_cells import small_cells


def test_combinations_of_fewer_than_k_are_named_the_rarest_first():
    people = [("No", 30)] * 5 + [("No", 31)] * 4 + [("Yes", None)]
    assert [cell.in_words for cell in small_cells(["prior", "age"], people)] == [
        "prior = Yes, age = (none): 1 person",
        "prior = No, age = 31: 4 people",
    ]
    assert small_cells([], [(), ()]) == ()


@pytest.mark.parametrize("text", ["CC-BY-9", "CC-BY-4.0 AND MIT", "LicenseRef-mine", "(", "[CC0](x)"])
def test_a_licence_is_one_that_spdx_knows(text):
    with pytest.raises(BadInputError, match="SPDX has no licence of that name"):
        licence_named(text)


def test_a_method_is_cited_once_whatever_its_reading_and_one_of_ones_own_in_its_words():
    methods = [(name, known.citation) for name, known in OWN.items()]
    text = bibtex([*methods, ("mine{}", "Doe & Roe, 100 %")])
    assert text.count("@misc{pixel-ablation-cam,") == 1
    assert "random" not in text
    assert "@misc{mine--," in text
    assert r"note = {Doe \& Roe, 100 \%}" in text
    assert text.count("{") == text.count("}")


def test_names_of_data_files_have_letters_and_digits_alone():
    assert data_path("how-answered") == "data/description-howAnswered_data.csv"
