"""Chinese and English say the same things, and every sentence the page asks for exists."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest

from frontend.i18n import LANGUAGES, Translator, megabytes

FRONTEND = Path(__file__).parents[2] / "frontend"
SENTENCES: dict[str, dict[str, str]] = {
    name: json.loads((FRONTEND / "locales" / f"{name}.json").read_text(encoding="utf-8")) for name in LANGUAGES
}
# Keys that are put together at run time, by the file that does it.
COMPOSED = {"state.": 4, "info.": 12, "error.": 1, "cannot.": 3, "running.": 2, "time.": 3}


def facts(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_sentences_with_the_same_facts() -> None:
    chinese, english = SENTENCES["zh"], SENTENCES["en"]

    assert chinese.keys() == english.keys()
    assert {key for key in chinese if facts(chinese[key]) != facts(english[key])} == set()
    assert all(text.strip() for sentences in SENTENCES.values() for text in sentences.values())


def test_chinese_is_chinese() -> None:
    same = {key for key in SENTENCES["zh"] if not re.search(r"[\u4e00-\u9fff]", SENTENCES["zh"][key])}
    assert same == {"info.sha256", "off.and"}


def test_every_key_that_is_used_exists_and_every_key_is_used() -> None:
    html = (FRONTEND / "index.html").read_text(encoding="utf-8")
    used = set(re.findall(r'data-i18n(?:-[a-z-]+)?="([\w.]+)"', html))
    for source in FRONTEND.rglob("*.py"):
        used |= set(re.findall(r'"([a-z]+\.[a-z_0-9]+)"', source.read_text(encoding="utf-8")))
    composed = {key for key in SENTENCES["en"] if key.startswith(tuple(COMPOSED))}
    in_page = set(re.findall(r'data-i18n(?:-[a-z-]+)?="([\w.]+)"', html))

    assert in_page <= SENTENCES["en"].keys()
    assert SENTENCES["en"].keys() - used - composed == set()


@pytest.mark.parametrize("prefix", COMPOSED)
def test_composed_keys_exist(prefix: str) -> None:
    assert sum(key.startswith(prefix) for key in SENTENCES["en"]) >= COMPOSED[prefix]


def test_a_refusal_is_said_in_the_language_that_is_on() -> None:
    translate = Translator(SENTENCES, "zh")
    assert translate.refusal({"code": "image_too_large", "actual": "3 MiB"}).startswith("图片太大：3 MiB")
    assert translate.refusal({"code": "something_new", "error": "服务器的句子"}) == "服务器的句子"

    translate.choose("en")
    assert translate("action.delete") == "Delete"
    translate.choose("tlh")
    assert translate.language == "en"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1024 * 1024 - 1, "1024 KiB"), (2_097_152, "2.00 MiB")],
)
def test_sizes_are_said_in_the_unit_people_read(size: int, text: str) -> None:
    assert megabytes(size) == text
