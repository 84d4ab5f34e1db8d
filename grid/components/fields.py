"""The columns of a component file: our names, those of GB/T 47678.5, and the older ones."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute. *standard* is its abbreviation in the standard, *older* the one before.

    *longest* is in characters, *must* says that the standard demands a value.
    """

    name: str
    standard: str
    zh: str
    longest: int
    must: bool = False
    older: str = ""

    def names(self) -> tuple[str, ...]:
        """Every heading under which a file may carry it, in lower case."""
        written = (self.name, self.standard, self.older, self.zh)
        return tuple(dict.fromkeys(one.lower() for one in written if one))


FIELDS: Final = (
    Field("id", "GLBJBSM", "管理部件标识码", 17, must=True, older="ObjID"),
    Field("name", "GLBJMC", "管理部件名称", 30, must=True, older="ObjName"),
    Field("manager_code", "ZGBMDM", "主管部门代码", 18, must=True, older="DeptCode1"),
    Field("manager_name", "ZGBMMC", "主管部门名称", 100, must=True, older="DeptName1"),
    Field("owner_code", "QSDWDM", "权属单位代码", 18, older="DeptCode2"),
    Field("owner_name", "QSDWMC", "权属单位名称", 100, older="DeptName2"),
    Field("maintainer_code", "YHDWDM", "养护单位代码", 18, older="DeptCode3"),
    Field("maintainer_name", "YHDWMC", "养护单位名称", 100, older="DeptName3"),
    Field("cell", "SZDYWGBSM", "所在单元网格标识码", 15, must=True, older="BGID"),
    Field("state", "GLBJZT", "管理部件状态", 10, must=True, older="ObjState"),
    Field("initial_on", "CSRQ", "初始日期", 10, must=True, older="ORDate"),
    Field("changed_on", "BGRQ", "变更日期", 10, older="CHDate"),
    Field("origin", "SJLY", "数据来源", 30, older="DataSource"),
    Field("note", "BZ", "备注", 1000, older="Note"),
    Field("street_code", "SZJDDM", "所在街道代码", 9),
    Field("street_name", "SZJDMC", "所在街道名称", 50),
    Field("community_code", "SZSQDM", "所在社区代码", 12),
    Field("community_name", "SZSQMC", "所在社区名称", 50),
)
"""The eighteen attributes, in the order of the standard."""
