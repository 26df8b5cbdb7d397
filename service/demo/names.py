"""Made-up names: of people, as they are common in Haixi, and of teams and grids."""

import re

from numpy.random import Generator

HAN = (
    "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤",
    "建国志文海永德金生玉成福明春秀兰英华芳丽娟晓雪红梅国庆军强伟勇刚平东晨浩宇涛鹏飞龙洋婷静敏慧琳洁欣怡佳雨桂香凤莲素珍永忠守义延年存良占元有才发祥兴旺",
)
TIBETAN = (
    ("扎西", "才让", "多杰", "桑杰", "尼玛", "达瓦", "仁青", "旦增", "索南", "格桑", "拉毛", "卓玛"),
    ("才旦", "东主", "加", "措", "吉", "太", "本", "才仁", "多杰", "卓玛", "扎西", "昂毛"),
)
MONGOL = (
    (
        "巴",
        "乌",
        "其木",
        "阿拉",
        "额尔",
        "苏",
        "宝音",
        "那木",
        "孟克",
        "道尔",
        "青",
        "哈斯",
        "布",
        "斯琴",
        "娜",
    ),
    (
        "图",
        "兰",
        "格",
        "坦",
        "德尼",
        "和",
        "达来",
        "吉拉",
        "巴雅尔",
        "吉",
        "格勒",
        "高娃",
        "仁",
        "其其格",
        "仁花",
    ),
)
SHARES = {"6328": (0.68, 0.12), "632821": (0.55, 0.12), "632822": (0.5, 0.28), "632823": (0.2, 0.72)}
_OFFICE = re.compile(r"(居委会|村委会|牧委会|(村民|居民|社区)?委员会)$")
_KINDS = {
    "neighbour_watch": "邻里守望队",
    "shop_watch": "店店联防队",
    "ten_households": "十户联防队",
    "building_watch": "楼栋单元联防队",
    "village_police": "村警队",
    "first_secretary": "第一书记工作队",
    "seconded_police": "下沉警力队",
    "grid_workers": "网格员队",
    "alarm_bell": "平安警铃队",
}
_NUMERALS = "一二三四五六七八九十"


def short(community: str) -> str:
    """A community's name without the word for its office."""
    return _OFFICE.sub("", community) or community


def grid(community: str, number: int) -> str:
    """The name of a community's grid."""
    return f"{short(community)}第{number}网格"


def team(community: str, kind: str, number: int) -> str:
    """The name of a community's team, numbered from the second of a kind on."""
    return short(community) + _KINDS[kind] + (_NUMERALS[number - 1] if number > 1 else "")


def person(area: str, random: Generator) -> str:
    """A name as somebody at home in the area may have."""
    han, tibetan = SHARES.get(area[:6], SHARES["6328"])
    share = random.random()
    if share < han:
        surnames, given = HAN
        return _one(surnames, random) + "".join(_one(given, random) for _ in range(random.integers(1, 3)))
    first, second = TIBETAN if share < han + tibetan else MONGOL
    return _one(first, random) + _one(second, random)


def _one(syllables: str | tuple[str, ...], random: Generator) -> str:
    return syllables[int(random.integers(len(syllables)))]
