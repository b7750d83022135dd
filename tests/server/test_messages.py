"""Sentences in both languages, and how the language is chosen."""

from typing import Any

import pytest

from server.errors import Refusal
from server.messages import MESSAGES, preferred, sentence

TEXTS = ("field", "expected", "reason", "accepted", "next_slot_at", "provider", "limit", "setting")
FACTS: dict[str, Any] = dict.fromkeys(TEXTS, "…")
FACTS |= dict.fromkeys(("size", "max_size", "width", "height", "max_side", "max_pixels", "maxCount"), 1234567)
FACTS |= dict.fromkeys(("length", "max_chars"), 1234567)
FACTS |= {"min_length": 8, "max_length": 1024, "retry_after": 60}


def every(kind: type[Refusal]) -> list[type[Refusal]]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in every(child))]


@pytest.mark.parametrize("code", sorted({kind.code for kind in every(Refusal)} | set(MESSAGES)))
def test_every_code_has_a_sentence_in_both_languages(code: str) -> None:
    chinese, english = sentence(code, "zh", **FACTS), sentence(code, "en", **FACTS)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
    assert english.replace("×", "").replace("…", "").isascii()


@pytest.mark.parametrize(
    ("code", "original"),
    [
        ("no_authorization_token", "需要登录"),
        ("jwt_invalid_or_expired", "需要登录"),
        ("user_not_found", "需要登录"),
        ("image_too_large", "图片太大"),
        ("not_found", "图片不存在或已过期"),
        ("email_taken", "该邮箱已被注册"),
        ("invalid_credentials", "邮箱或密码错误"),
        ("missing_field", "请填写所有必填字段"),
        ("invalid_email", "邮箱格式不正确"),
        ("registered", "注册成功"),
        ("logged_in", "登录成功"),
        ("image_deleted", "图片删除成功"),
    ],
)
def test_chinese_begins_with_the_words_of_the_original(code: str, original: str) -> None:
    assert sentence(code, "zh", **FACTS).startswith(original)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("*", "zh"),
        ("en", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("de;q=0.9, zh-Hant;q=0.7, en;q=0.8", "en"),
        ("en;q=0, zh", "zh"),
        ("de, fr", "en"),
        ("ZH-tw", "zh"),
        (";;;,q=,zh;q=x", "en"),
    ],
)
def test_the_language_is_the_best_of_those_asked_for(header: str, language: str) -> None:
    assert preferred(header, "zh") == language
