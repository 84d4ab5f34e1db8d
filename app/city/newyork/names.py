"""Chinese names of what New York has: boroughs, agencies and joint interest areas."""

from typing import Final

from grid.naming import Label

CITY: Final = Label("纽约市", "New York City")
BOROUGHS: Final = {
    1: Label("曼哈顿", "Manhattan"),
    2: Label("布朗克斯", "Bronx"),
    3: Label("布鲁克林", "Brooklyn"),
    4: Label("皇后区", "Queens"),
    5: Label("斯塔滕岛", "Staten Island"),
}
# Parks and airports that belong to no community district.
JOINT_INTEREST: Final = {
    164: Label("中央公园", "Central Park"),
    226: Label("范科特兰公园", "Van Cortlandt Park"),
    227: Label("布朗克斯公园", "Bronx Park"),
    228: Label("佩勒姆湾公园", "Pelham Bay Park"),
    355: Label("展望公园", "Prospect Park"),
    356: Label("盖特韦国家休闲区（布鲁克林）", "Gateway National Recreation Area, Brooklyn"),
    480: Label("拉瓜迪亚机场", "LaGuardia Airport"),
    481: Label("法拉盛草原公园", "Flushing Meadows-Corona Park"),
    482: Label("森林公园", "Forest Park"),
    483: Label("肯尼迪国际机场", "John F. Kennedy International Airport"),
    484: Label("盖特韦国家休闲区（皇后区）", "Gateway National Recreation Area, Queens"),
    595: Label("盖特韦国家休闲区（斯塔滕岛）", "Gateway National Recreation Area, Staten Island"),
}
AGENCIES: Final = {
    "DCWP": "消费者与劳工保护局",
    "DEP": "环境保护局",
    "DHS": "无家可归者服务局",
    "DOB": "房屋局",
    "DOE": "教育局",
    "DOHMH": "健康与心理卫生局",
    "DOT": "交通局",
    "DPR": "公园与康乐局",
    "DSNY": "清洁局",
    "EDC": "经济发展公司",
    "HPD": "房屋维护与发展局",
    "NYPD": "纽约市警察局",
    "OTI": "科技与创新办公室",
    "TLC": "出租车与礼车委员会",
}
CALL_CENTRE: Final = "NYC311"
