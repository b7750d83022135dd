"""Prompts improved and translated, texts read aloud, before a real upstream."""

from pathlib import Path

import httpx2
import pytest

from server.chat import cleaned
from tests.server.conftest import refusal
from tests.server.generating import beside, hang_up, served
from tests.upstream import KEY, Upstream
from tests.upstream_answers import GPT

CAT = "一只猫，坐在“月亮”上\n第二行 🐱"


@pytest.mark.parametrize("tool", ["optimize", "translate"])
def test_a_chinese_prompt_survives_the_way_there_and_back(server: httpx2.Client, upstream: Upstream, tool: str) -> None:
    answer = server.post(f"/api/prompts/{tool}", json={"prompt": CAT}).json()
    assert answer == {
        "success": True,
        "prompt": f"{CAT}，光影细腻，构图考究",
        "original": CAT,
        "changed": True,
        "model": GPT,
    }
    asked = upstream.asked[-1]
    assert (asked.path, asked.json["messages"][1]) == ("/v1/chat/completions", {"role": "user", "content": CAT})
    assert (asked.json["stream"], asked.headers["authorization"]) == (False, f"Bearer {KEY}")


def test_optimising_keeps_the_language_and_translating_is_into_english(
    server: httpx2.Client, upstream: Upstream
) -> None:
    for tool in ("optimize", "translate"):
        server.post(f"/api/prompts/{tool}", json={"prompt": "x"})
    optimise, translate = [asked.json["messages"][0]["content"] for asked in upstream.asked if "chat" in asked.path]
    assert "Keep the language of the prompt" in optimise
    assert "into English" in translate


def test_unchanged_is_said(server: httpx2.Client, upstream: Upstream) -> None:
    upstream.text = " a lake\n"
    answer = server.post("/api/prompts/optimize", json={"prompt": "a lake "}).json()
    assert (answer["prompt"], answer["changed"]) == ("a lake", False)


@pytest.mark.parametrize(
    ("said", "prompt"),
    [
        ("a lake", "a lake"),
        ("  a lake \n", "a lake"),
        ('"a lake"', "a lake"),
        ("“一个湖”", "一个湖"),
        ("「一个湖」", "一个湖"),
        ("```\na lake\n```", "a lake"),
        ("```text\na lake\nat dawn\n```", "a lake\nat dawn"),
        ("<think>the person wants…\n\n</think>\n\na lake", "a lake"),
        ("hidden beginning</think>a lake", "a lake"),
        ('<think>x</think>```\n"a lake"\n```', "a lake"),
        ('"a" lake of "b"', '"a" lake of "b"'),
        ('a sign that says "open"', 'a sign that says "open"'),
        ("it's a cat's", "it's a cat's"),
        ("a\x00la\x1bke", "alake"),
        ('"', '"'),
        ("<think>only thoughts</think>", ""),
    ],
)
def test_what_models_put_around_a_prompt_is_taken_off(said: str, prompt: str) -> None:
    assert cleaned(said) == prompt


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("silent", (502, "provider_no_text")),
        ("html", (502, "provider_no_text")),
        ("json", (502, "provider_no_text")),
        ("busy", (503, "provider_busy")),
        ("error", (502, "provider_failed")),
        ("dropped", (502, "provider_failed")),
        ("cut", (502, "provider_failed")),
        ("unauthorized", (502, "provider_key_rejected")),
        ("unpaid", (502, "provider_unpaid")),
        ("unsafe", (422, "unsafe_prompt")),
        ("refused", (422, "provider_refused")),
        ("endless", (502, "provider_no_text")),
    ],
)
def test_a_failed_call_is_said(
    server: httpx2.Client, upstream: Upstream, fault: str, expected: tuple[int, str]
) -> None:
    upstream.order(fault, on="chat")
    answer = server.post("/api/prompts/optimize", json={"prompt": "a lake"})
    assert refusal(answer) == expected
    assert KEY not in answer.text
    assert len([asked for asked in upstream.asked if "chat" in asked.path]) == 1


@pytest.mark.parametrize("body", [{}, {"prompt": ""}, {"prompt": "x" * 4001}, {"prompt": 1}])
def test_a_prompt_is_needed(server: httpx2.Client, upstream: Upstream, body: dict[str, object]) -> None:
    assert server.post("/api/prompts/translate", json=body).status_code == 422
    assert upstream.asked == []


@pytest.mark.parametrize(
    ("path", "body"), [("/api/prompts/optimize", {"prompt": "x"}), ("/api/audio/speech", {"text": "x"})]
)
def test_who_goes_away_ends_the_upstream_request(
    server: httpx2.Client, upstream: Upstream, path: str, body: dict[str, str]
) -> None:
    upstream.order("slow")
    with beside(server, path, body) as (answers, other):
        upstream.wait_for("asked", 1)
        hang_up(other)
        upstream.wait_for("disconnects", 1)
    assert answers == []


def test_pollinations_chooses_its_own_model(upstream: Upstream, tmp_path: Path) -> None:
    with served(tmp_path, upstream, deepseek_api_url="", deepseek_api_key="") as client:
        answer = client.post("/api/prompts/optimize", json={"prompt": "湖"}).json()
    assert answer["prompt"] == "湖，光影细腻，构图考究"
    (asked,) = upstream.asked
    assert (asked.path, "model" in asked.json) == ("/pollinations/v1/chat/completions", False)


def test_the_operators_model_is_asked_and_no_list(upstream: Upstream, tmp_path: Path) -> None:
    with served(tmp_path, upstream, deepseek_model="deepseek-x") as client:
        assert client.post("/api/prompts/optimize", json={"prompt": "湖"}).json()["model"] == "deepseek-x"
    assert [asked.json["model"] for asked in upstream.asked] == ["deepseek-x"]


def test_tools_have_an_allowance_of_their_own(upstream: Upstream, tmp_path: Path) -> None:
    with served(tmp_path, upstream, limit_generations_anyone="1/hour") as client:
        upstream.order("error", on="chat")
        codes = [client.post("/api/prompts/optimize", json={"prompt": "x"}).status_code for _ in range(3)]
        sound = client.post("/api/audio/speech", json={"text": "x"})
    assert (codes, sound.status_code) == ([502, 200, 429], 200)


def test_speech_is_streamed_with_its_type(server: httpx2.Client, upstream: Upstream) -> None:
    wanted = {"text": "你好", "voice": "nova", "speed": 1.5, "format": "wav"}
    answer = server.post("/api/audio/speech", json=wanted)
    assert (answer.headers["content-type"], answer.content[:4]) == ("audio/wav", b"RIFF")
    assert upstream.asked[0].json == {"input": "你好", "voice": "nova", "speed": 1.5, "response_format": "wav"}
    upstream.order("stalled")
    with server.stream("POST", "/api/audio/speech", json={"text": "x"}) as begun:
        pieces = begun.iter_raw()
        first = next(pieces)
        upstream.release()
        assert first + b"".join(pieces) == b"".join([(b"\xff\xfb\x90\x00" + bytes(413)) * 40])
    assert upstream.asked[1].json == {"input": "x", "voice": "alloy"}


@pytest.mark.parametrize("fault", ["html", "json", "svg", "empty"])
def test_what_is_no_sound_is_not_passed_on(server: httpx2.Client, upstream: Upstream, fault: str) -> None:
    upstream.order(fault)
    assert refusal(server.post("/api/audio/speech", json={"text": "x"})) == (502, "provider_no_audio")


def test_a_cut_sound_is_no_whole_answer_and_who_leaves_ends_it(server: httpx2.Client, upstream: Upstream) -> None:
    upstream.order("cut", "stalled")
    with pytest.raises(httpx2.RemoteProtocolError):
        server.post("/api/audio/speech", json={"text": "x"})
    with server.stream("POST", "/api/audio/speech", json={"text": "x"}) as answer:
        next(answer.iter_raw())
    upstream.wait_for("disconnects", 1)


def test_a_long_text_is_refused_with_the_limit(server: httpx2.Client, upstream: Upstream) -> None:
    answer = server.post("/api/audio/speech", json={"text": "字" * 4097})
    told = answer.json()
    assert (refusal(answer), told["max_chars"], told["length"]) == ((422, "text_too_long"), 4096, 4097)
    assert upstream.asked == []
    assert server.post("/api/audio/speech", json={"text": "字" * 4096}).status_code == 200


@pytest.mark.parametrize("wrong", [{"speed": 5}, {"speed": 0.1}, {"format": "midi"}, {"text": ""}])
def test_wrong_wishes_ask_nobody(server: httpx2.Client, upstream: Upstream, wrong: dict[str, object]) -> None:
    assert server.post("/api/audio/speech", json={"text": "x", **wrong}).status_code == 422
    assert upstream.asked == []
