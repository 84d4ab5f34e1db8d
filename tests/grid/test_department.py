import pytest

from grid.department import Departments
from grid.errors import UnknownDepartment
from grid.naming import Label

ROW = {"code": "SAN", "name": {"zh": "环卫", "en": "Sanitation"}, "kind": "bureau", "phone": ""}


def test_a_department_is_found_by_its_code():
    departments = Departments.of([ROW])

    assert departments.department("SAN").name == Label("环卫", "Sanitation")
    assert list(departments) == ["SAN"]


def test_an_unknown_department_is_named():
    with pytest.raises(UnknownDepartment, match="'FIRE'"):
        Departments.of([ROW]).department("FIRE")


def test_a_label_speaks_both_languages():
    label = Label("环卫", "Sanitation")

    assert (label.get("zh"), label.get("en")) == ("环卫", "Sanitation")
    assert Label.of(label.as_dict()) == label
