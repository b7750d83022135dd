"""From words to motifs, in Chinese and English: `night`, `lake`, `birds` ..."""

import re
from functools import cache
from typing import NamedTuple

_VOCABULARY = """
dawn: dawn sunrise daybreak morning 日出 黎明 清晨 早晨 晨 朝霞 拂晓 破晓
day: day daytime noon midday afternoon sunny 白天 白昼 中午 正午 午后 下午 晴 晴天 晴朗 蓝天
sunset: sunset sundown evening golden 日落 夕阳 傍晚 晚霞 黄昏 落日 夕照 金色
dusk: dusk twilight 暮色 蓝调 薄暮 暮光
night: night midnight nighttime nocturnal 夜 夜晚 夜空 午夜 深夜 晚上 夜景 夜色
snow: snow snowy snowfall winter wintry ice icy frozen glacier arctic snowflake blizzard 雪 冬 冬天 冬季 冰 冰川 雪花
snowcaps: snowcapped snow-capped 雪山 雪峰
rain: rain rainy drizzle raining 雨 下雨 细雨 雨天
storm: storm stormy thunder thunderstorm lightning tempest 暴风雨 风暴 雷 闪电 雷雨 暴雨
fog: fog foggy mist misty haze hazy 雾 薄雾 云雾 雾气 朦胧 霧
autumn: autumn fall maple foliage 秋 秋天 秋季 枫叶 红叶 枫
spring: spring springtime 春 春天 春季
summer: summer 夏 夏天 夏日 夏季
sea: sea ocean beach coast seaside shore island wave bay harbor harbour seascape surf tropical 海 大海 海洋 海边 沙滩 海滩 海岸 岛 海浪 海湾
lake: lake pond reflection lakeside lagoon fjord 湖 池塘 湖泊 湖水 倒影 湖畔 湖边
river: river stream creek waterfall brook 河 江 溪 河流 小溪 溪流 瀑布 江南
mountains: mountain mount peak alps alpine summit volcano cliff himalaya canyon valley 山 群山 山脉 山峰 峰 火山 山谷 峡谷 悬崖 喜马拉雅 岭
hills: hill hills rolling countryside highland 丘陵 山丘 乡村 田园 山坡
desert: desert dune sahara oasis 沙漠 沙丘 戈壁 大漠 荒漠
forest: forest wood woodland tree pine jungle taiga conifer 森林 树林 树 松 林 丛林 树木 松树 竹林 林海
city: city skyline town urban skyscraper cityscape metropolis downtown building shanghai beijing tokyo cyberpunk 城市 都市 高楼 摩天 天际线 上海 北京 香港 东京 建筑 大楼 街 霓虹 赛博朋克
meadow: meadow grass grassland field prairie pasture steppe garden farm 草原 草地 草甸 田野 原野 牧场 花园 草坪 麦田
flowers: flower flowers wildflower blossom bloom tulip lavender poppy sunflower rose lotus 花 鲜花 花海 野花 花朵 薰衣草 郁金香 向日葵 油菜花 玫瑰
aurora: aurora borealis 极光 極光
stars: star stars starry constellation 星 星空 星星 繁星 星夜
galaxy: galaxy milky nebula cosmos space universe 银河 銀河 星河 星云 宇宙 星系
moon: moon moonlit moonlight moonrise crescent lunar 月 月亮 月光 明月 满月 月夜 月色
sun: sun sunshine sunlight 太阳 阳光 日光 太陽
clouds: cloud clouds cloudy overcast 云 白云 云海 多云 乌云 雲 云彩
birds: bird birds seagull gull swallow crane goose geese flock 鸟 海鸥 飞鸟 大雁 雁 燕子 鹤 鳥
boat: boat sailboat sail sailing ship yacht canoe 船 帆 帆船 小船 扁舟 渔船 孤舟 舟
rainbow: rainbow 彩虹
lighthouse: lighthouse beacon 灯塔 燈塔
sakura: sakura cherry peach 樱花 桃花 樱 桃 梅花 櫻花
cabin: cabin house hut cottage home lodge village 小屋 木屋 房子 屋 村庄 村 家 茅屋
balloons: balloon balloons 热气球 气球
people: people person man woman girl boy human figure traveler hiker couple 人 人物 女孩 男孩 少女 旅人 行人
ink: ink monochrome grayscale 水墨 国画 黑白 山水画 墨
fireflies: firefly fireflies 萤火虫 流萤
meteor: meteor shooting comet 流星 流星雨 彗星
water: water waters 水 山水
sky: sky 天空
plants: plant plants 植物
""".strip()  # noqa: E501 - a dictionary

_COLOURS = (
    "red:#d8343c 红 赤|orange:#f08030 橙 橘|yellow:#f4c542 黄|green:#3f9d5d 绿 翠|teal:#2a9d9d 青 turquoise cyan"
    "|blue:#2f6fd0 蓝|purple:#7a45b8 紫 violet|pink:#ee86ad 粉"
)

_GROUPS = {  # what a word takes along when it stands in the negative prompt
    "water": {"lake", "river", "sea", "boat", "lighthouse", "rain"},
    "sea": {"boat", "lighthouse"},
    "plants": {"forest", "meadow", "flowers", "sakura"},
    "stars": {"galaxy", "meteor"},
    "rain": {"storm"},
    "snow": {"snowcaps"},
    "mountains": {"hills"},
    "flowers": {"sakura"},
}


class Reading(NamedTuple):
    """What a prompt asks for and what it must not show."""

    wanted: frozenset[str]
    unwanted: frozenset[str]
    colours: tuple[str, ...]


@cache
def _lexicon() -> tuple[dict[str, str], re.Pattern[str]]:
    entries = [line.split(": ", 1) for line in _VOCABULARY.splitlines()]
    meanings = {word: motif for motif, words in entries for word in words.split()}
    for entry in _COLOURS.split("|"):
        name, hue, *words = entry.replace(":", " ").split()
        meanings |= dict.fromkeys([name, *words], hue)
    longest_first = sorted(meanings, key=len, reverse=True)
    latin = "|".join(word for word in longest_first if word.isascii())
    chinese = "|".join(word for word in longest_first if not word.isascii())
    negation = r"(\b(?:no|without|not)\s+(?:any\s+|a\s+)?|没有|不要|无)?"
    return meanings, re.compile(rf"{negation}(?:\b({latin})(?:s|es)?\b|({chinese}))")


def _find(text: str) -> tuple[list[str], list[str]]:
    meanings, pattern = _lexicon()
    found: tuple[list[str], list[str]] = ([], [])
    for negated, latin, chinese in pattern.findall(text.lower()):
        found[bool(negated)].append(meanings[latin or chinese])
    return found


def read(prompt: str, negative: str) -> Reading:
    """Return the motifs and colours that the prompt names, less those the negative prompt names."""
    wanted, unwanted = _find(prompt)
    banned = {*unwanted, *_find(negative)[0]}
    for motif in tuple(banned):
        banned |= _GROUPS.get(motif, set())
    kept = [motif for motif in wanted if motif not in banned]
    colours = tuple(motif for motif in kept if motif.startswith("#"))
    return Reading(frozenset(kept) - set(colours), frozenset(banned), colours)
