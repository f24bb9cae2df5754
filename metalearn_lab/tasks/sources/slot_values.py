"""Values for the slots that a language file leaves to the user's own home.

The package of sentence templates has no rooms, device names or shopping items: every home has
its own. These short lists stand in for them. ``name.<domain>`` holds names of one kind of device,
used where a template asks for that kind. Languages without lists of their own get the English
ones, and the table's ``source`` line says so.
"""

from __future__ import annotations

from collections.abc import Iterable

ENGLISH = {
    "area": "kitchen|living room|bedroom|bathroom|office|garage|hallway|dining room",
    "floor": "first|second|ground|upper|basement|attic",
    "zone": "home|work|school|gym",
    "message": "dinner is ready|the taxi is here|we leave in ten minutes|time for bed",
    "search_query": "Hey Jude|Beethoven|The Beatles|Bohemian Rhapsody|Miles Davis|Frozen",
    "timer_name": "pizza|laundry|tea|pasta|homework|workout",
    "timer_command": "turn off the heater|open the curtains|lock the door|play some music",
    "shopping_list_item": "milk|bread|apples|coffee|eggs|soap",
    "todo_list_item": "call the dentist|water the plants|pay the rent|wash the car",
    "name.binary_sensor": "front door|back door|motion sensor|hall window|smoke detector",
    "name.button": "doorbell|reset|panic|garage remote",
    "name.climate": "thermostat|radiator|air conditioner|heater|heat pump",
    "name.cover": "blinds|left curtain|garage door|roller shutter|awning|skylight",
    "name.fan": "ceiling fan|extractor|tower fan|ventilator",
    "name.input_boolean": "guest mode|vacation mode|night mode",
    "name.lawn_mower": "Robby|lawn robot|Mowbot|garden robot",
    "name.light": "ceiling|bedside|chandelier|spotlight|reading|porch",
    "name.lock": "front door|back door|garden gate|cellar door|main entrance",
    "name.media_player": "TV|radio|stereo|soundbar|kitchen speaker|projector",
    "name.person": "Alice|Bob|Maria|Kenji|Priya|Omar",
    "name.scene": "movie night|good morning|party|dinner time|relax",
    "name.script": "bedtime routine|wake up routine|leaving home|arrival",
    "name.sensor": "outdoor temperature|humidity|power meter|water level",
    "name.switch": "coffee machine|kettle|heated blanket|aquarium pump",
    "name.todo": "chores|groceries|work|holiday",
    "name.vacuum": "Rosie|robot vacuum|Dusty|floor robot",
    "name.valve": "water valve|garden tap|sprinkler|gas valve|irrigation",
    "name.weather": "London|Berlin|Tokyo|New York|Nairobi",
}

CHINESE = {
    "area": "厨房|客厅|卧室|浴室|书房|车库|走廊|餐厅",
    "floor": "一|二|三|四|顶",
    "zone": "家|公司|学校|健身房",
    "message": "晚饭好了|出租车到了|十分钟后出发|该睡觉了",
    "search_query": "月亮代表我的心|贝多芬|周杰伦|茉莉花|邓丽君",
    "timer_name": "披萨|洗衣|泡茶|煮面|作业|锻炼",
    "timer_command": "关掉暖气|拉开窗帘|锁上大门|播放音乐",
    "shopping_list_item": "牛奶|面包|苹果|咖啡|鸡蛋|肥皂",
    "todo_list_item": "给牙医打电话|浇花|交房租|洗车",
    "name.binary_sensor": "前门|后门|人体传感器|走廊窗户|烟雾探测器",
    "name.button": "门铃|重启按钮|报警按钮|车库遥控",
    "name.climate": "恒温器|空调|暖气|热泵|中央空调",
    "name.cover": "百叶窗|左侧窗帘|车库门|卷帘|遮阳篷|天窗",
    "name.fan": "吊扇|排风扇|塔扇|换气扇",
    "name.input_boolean": "访客模式|度假模式|夜间模式",
    "name.lawn_mower": "割草机|小绿|草坪机器人|花园机器人",
    "name.light": "吊灯|台灯|落地灯|床头灯|射灯|阅读灯",
    "name.lock": "前门|后门|院门|地下室门|大门",
    "name.media_player": "电视|收音机|音响|回音壁|厨房音箱|投影仪",
    "name.person": "小明|小红|王芳|李雷|张伟",
    "name.scene": "电影之夜|早安|聚会|晚餐时间|放松",
    "name.script": "睡前流程|起床流程|离家流程|回家流程",
    "name.sensor": "室外温度|湿度|电表|水位",
    "name.switch": "咖啡机|电热水壶|电热毯|鱼缸水泵",
    "name.todo": "家务清单|采购清单|工作清单|假期清单",
    "name.vacuum": "扫地机|小白|扫地机器人|吸尘器",
    "name.valve": "水阀|花园水龙头|喷头|燃气阀|灌溉阀",
    "name.weather": "北京|上海|广州|伦敦|东京",
}

GERMAN = {
    "area": "Küche|Wohnzimmer|Schlafzimmer|Bad|Büro|Garage|Flur|Esszimmer",
    "floor": "ersten|zweiten|dritten|Ober|Dach",
    "zone": "Hause|Arbeit|Schule|Fitnessstudio",
    "message": "das Essen wird kalt|das Taxi wartet|wir fahren in zehn Minuten|ab ins Bett",
    "search_query": "Hey Jude|Beethoven|Die Toten Hosen|Nena|Miles Davis",
    "timer_name": "Pizza|Wäsche|Tee|Nudel|Hausaufgaben|Sport",
    "timer_command": "Heizung aus|Vorhänge auf|Tür zu|Musik an",
    "shopping_list_item": "Milch|Brot|Äpfel|Kaffee|Eier|Seife",
    "todo_list_item": "Zahnarzt anrufen|Blumen gießen|Miete zahlen|Auto waschen",
    "name.binary_sensor": "Haustür|Hintertür|Bewegungsmelder|Flurfenster|Rauchmelder",
    "name.button": "Klingel|Neustart|Alarm|Garagenöffner",
    "name.climate": "Thermostat|Heizkörper|Klimaanlage|Heizlüfter|Wärmepumpe",
    "name.cover": "Jalousie|linker Vorhang|Garagentor|Rollladen|Markise|Dachfenster",
    "name.fan": "Deckenventilator|Abzug|Turmventilator|Lüftung",
    "name.input_boolean": "Gästemodus|Urlaubsmodus|Nachtmodus",
    "name.lawn_mower": "Robbi|Rasenroboter|Mähroboter|Gartenroboter",
    "name.light": "Deckenlampe|Nachttischlampe|Kronleuchter|Strahler|Leselampe",
    "name.lock": "Haustür|Hintertür|Gartentor|Kellertür|Haupteingang",
    "name.media_player": "Fernseher|Radio|Stereoanlage|Soundbar|Küchenbox|Beamer",
    "name.person": "Anna|Jonas|Maria|Kenji|Fatma|Omar",
    "name.scene": "Filmabend|Guten Morgen|Party|Abendessen|Entspannung",
    "name.script": "Schlafroutine|Aufstehroutine|Haus verlassen|Ankunft",
    "name.sensor": "Außentemperatur|Luftfeuchte|Stromzähler|Wasserstand",
    "name.switch": "Kaffeemaschine|Wasserkocher|Heizdecke|Aquariumpumpe",
    "name.todo": "Haushalt|Einkauf|Arbeit|Urlaub",
    "name.vacuum": "Rosi|Saugroboter|Staubsauger|Bodenroboter",
    "name.valve": "Wasserventil|Gartenhahn|Sprinkler|Gasventil|Bewässerung",
    "name.weather": "London|Berlin|Tokio|Wien|Hamburg",
}

# Simplified to traditional characters, one for one: right for these lists, not for all Chinese.
_TRADITIONAL = str.maketrans(
    "业东丽乐书会伟传伦体侧关务医单卧厅厨发后启响喷园报帘库广开张恒户扫换时机松气测浇湿灯炼烟热电"
    "离红给视觉访话该读调贝购车遥邓钟钮铃锁锻门间阀阅阳雾顶风饭鱼鸡龙壶面采仪温叶头学尘绿苹萨卷表",
    "業東麗樂書會偉傳倫體側關務醫單臥廳廚發後啟響噴園報簾庫廣開張恆戶掃換時機鬆氣測澆濕燈鍊煙熱電"
    "離紅給視覺訪話該讀調貝購車遙鄧鐘鈕鈴鎖鍛門間閥閱陽霧頂風飯魚雞龍壺麵採儀溫葉頭學塵綠蘋薩捲錶",
)

_OWN_LISTS = {
    "en": ENGLISH,
    "zh-CN": CHINESE,
    "zh-HK": {slot: values.translate(_TRADITIONAL) for slot, values in CHINESE.items()},
    "zh-TW": {slot: values.translate(_TRADITIONAL) for slot, values in CHINESE.items()},
    "de": GERMAN,
    "de-CH": {slot: values.replace("ß", "ss") for slot, values in GERMAN.items()},
}


def slot_language(language: str) -> str:
    """The language whose lists stand in for a language: its own, or English."""
    return language if language in _OWN_LISTS else "en"


def slot_values(language: str, slot: str, domains: Iterable[str] = ()) -> tuple[str, ...]:
    """Values of a slot, or none where there is no list for it.

    Args:
        language: code of the template's language.
        slot: name of the slot's list, such as ``area``.
        domains: kinds of device that the template asks for; ``name`` gives the names of these
            kinds, and of every kind where none is asked for.
    """
    lists = _OWN_LISTS[slot_language(language)]
    if slot != "name":
        return tuple(lists[slot].split("|")) if slot in lists else ()
    kinds = [f"name.{domain}" for domain in domains] or list(lists)
    wanted = [kind for kind in kinds if kind.startswith("name.") and kind in lists]
    return tuple(value for kind in wanted for value in lists[kind].split("|"))
