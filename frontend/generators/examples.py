"""Prompts to begin with, each in Chinese and in English."""

EXAMPLES: tuple[tuple[str, str], ...] = (
    ("夕阳下的雪山湖泊，倒影与飞鸟", "Snow-capped mountains and a lake at sunset, birds over the reflection"),
    ("极光下的森林小屋，星空与雪", "A cabin in the forest under the aurora, stars and snow"),
    ("樱花盛开的湖边春日清晨", "Cherry blossom by the lake on a spring morning"),
    ("水墨山水，云雾与飞鸟", "Ink wash mountains and water, mist and birds"),
    ("大海上的帆船，金色日落", "A sailboat on the sea in a golden sunset"),
    ("暴风雨中的灯塔与闪电", "A lighthouse in a storm with lightning"),
    ("城市夜景，高楼倒映在水中", "A city skyline at night mirrored in the water"),
    ("银河下的沙漠沙丘", "Desert dunes under the Milky Way"),
    ("秋天的森林河流，薄雾清晨", "An autumn forest and a river on a misty morning"),
    ("开满鲜花的草原与热气球，晴天", "A meadow full of flowers and hot air balloons on a sunny day"),
    ("热带海滩，夏日蓝天", "A tropical beach under a blue summer sky"),
    ("夏夜湖畔的萤火虫与明月", "Fireflies by the lake and a full moon on a summer night"),
    ("雨后彩虹，青山与草地", "A rainbow over green hills and meadows"),
    ("紫色暮光中的群山", "Mountains in purple twilight"),
)
