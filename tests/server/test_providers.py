"""Which providers are on, what their lists tell, and what keeps lists cheap."""

import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server import chat, speech
from server.providers import configured
from server.providers.openai import OpenAI
from server.providers.upstream import Endpoint
from server.providers.upstream import Upstream as Client
from server.settings import Settings
from tests.live_server import LiveServer
from tests.server.conftest import refusal
from tests.server.generating import everything, served
from tests.upstream import KEY, Upstream
from tests.upstream_answers import GPT, KOLORS


def on(**settings: str) -> tuple[list[str], bool, bool]:
    given, client = Settings(**settings), Client(1)  # type: ignore[arg-type] # texts, all of them
    ids = [provider.id for provider in configured(given)]
    return ids, chat.configured(given, client) is not None, speech.configured(given, client) is not None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ([], False, False)),
        ({"pollinations_api_token": "k"}, (["pollinations"], True, True)),
        ({"pollinations_gen_api_base": "http://x"}, (["pollinations"], True, True)),
        ({"pollinations_image_api_base": "http://x"}, (["pollinations-free"], False, False)),
        ({"pollinations_text_api_base": "http://x"}, ([], True, False)),
        ({"openai_image_api_key": "k"}, (["openai"], False, False)),
        ({"openai_image_api_base": "http://x"}, (["openai"], False, False)),
        ({"deepseek_api_key": "k"}, ([], True, False)),
        ({"audio_api_base": "http://x"}, ([], False, True)),
    ],
)
def test_what_is_set_is_on(settings: dict[str, str], expected: tuple[list[str], bool, bool]) -> None:
    assert on(**settings) == expected


def test_a_key_alone_means_the_company_itself() -> None:
    (provider,) = configured(Settings(openai_image_api_key="k"))
    assert (provider.endpoint.base, provider.name) == ("https://api.openai.com/v1", "OpenAI")
    assert isinstance(provider, OpenAI)
    assert "'k'" not in repr(provider)
    (provider,) = configured(Settings(pollinations_api_token="k"))
    assert provider.endpoint.base == "https://gen.pollinations.ai"


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://api.example", "https://api.example/v1/chat/completions"),
        ("https://api.example/", "https://api.example/v1/chat/completions"),
        ("https://api.example/v1", "https://api.example/v1/chat/completions"),
        ("https://api.example/v4/", "https://api.example/v4/chat/completions"),
        ("https://api.example/v1/chat/completions", "https://api.example/v1/chat/completions"),
        ("https://api.example/chat/completions", "https://api.example/chat/completions"),
        ("https://api.example/proxy", "https://api.example/proxy/v1/chat/completions"),
    ],
)
def test_a_base_may_be_written_in_every_usual_way(base: str, url: str) -> None:
    assert Endpoint(base).openai("chat/completions") == url


def test_the_list_of_a_route_stands_beside_it() -> None:
    assert Endpoint("https://x/v1/chat/completions").openai("models") == "https://x/v1/models"


def models(client: httpx2.Client, provider: str) -> dict[str, Any]:
    answer = client.get(f"/api/providers/{provider}/models")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("pollinations", ["zimage", "flux", "recraft-v4.1-vector"]),  # and no video
        ("pollinations-free", ["zimage", "flux"]),
        ("openai", [GPT, KOLORS]),
    ],
)
def test_models_are_those_of_the_provider(
    server: httpx2.Client, upstream: Upstream, provider: str, expected: list[str]
) -> None:
    told = models(server, provider)
    assert ([model["id"] for model in told["models"]], told["source"]) == (expected, "provider")
    assert told["default"] == expected[0]


def test_an_unknown_provider_has_no_models(server: httpx2.Client) -> None:
    assert refusal(server.get("/api/providers/nobody/models")) == (422, "unknown_provider")


def test_a_list_is_asked_for_once(upstream: Upstream, tmp_path: Path) -> None:
    with served(tmp_path, upstream) as client:
        assert models(client, "pollinations") == models(client, "pollinations")
    assert len(upstream.asked) == 1


def test_many_who_ask_at_once_are_one_request(upstream: Upstream, tmp_path: Path) -> None:
    upstream.order("slow", on="models")
    told: list[dict[str, Any]] = []
    with served(tmp_path, upstream) as client:
        threads = [threading.Thread(target=lambda: told.append(models(client, "openai"))) for _ in range(3)]
        for thread in threads:
            thread.start()
        upstream.wait_for("asked", 1)
        upstream.release()
        for thread in threads:
            thread.join(10)
    assert (len(told), len(upstream.asked)) == (3, 1)


@pytest.mark.parametrize("fault", ["error", "html", "json", "unauthorized", "dropped", "cut", "endless"])
def test_no_list_is_a_fallback_and_not_asked_for_again_at_once(upstream: Upstream, tmp_path: Path, fault: str) -> None:
    upstream.order(fault, on="models")
    with served(tmp_path, upstream, pollinations_image_model="flux") as client:
        for _ in range(2):
            told = models(client, "pollinations")
            assert told["models"] == [{"id": "flux", "name": "flux"}]
            assert (told["source"], told["default"]) == ("fallback", "flux")
    assert len(upstream.asked) == 1


def test_the_last_known_list_stays(upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.providers.models.MODELS_FRESH", 0)
    with served(tmp_path, upstream) as client:
        first = models(client, "pollinations")
        upstream.order("error", on="models")
        assert models(client, "pollinations") == first
    assert len(upstream.asked) == 2


def test_nothing_known_is_no_model(upstream: Upstream, tmp_path: Path) -> None:
    upstream.order("error", on="models")
    with served(tmp_path, upstream) as client:
        assert models(client, "openai") == {"success": True, "models": [], "source": "fallback", "default": None}


def test_the_operators_own_list_goes_before(upstream: Upstream, tmp_path: Path) -> None:
    with served(tmp_path, upstream, openai_image_models=f"{KOLORS}, {GPT}") as client:
        told = models(client, "openai")
        assert ([model["id"] for model in told["models"]], told["default"]) == ([KOLORS, GPT], KOLORS)
        made = client.post("/api/generate", json={"provider": "openai", "prompt": "x", "width": 8, "height": 8})
        assert made.status_code == 200
    assert [asked.json["model"] for asked in upstream.images] == [KOLORS]


def test_nothing_is_on_by_itself(tmp_path: Path, upstream: Upstream) -> None:
    off = {
        **dict.fromkeys(("pollinations_gen_api_base", "pollinations_api_token", "pollinations_image_api_base"), ""),
        **dict.fromkeys(("openai_image_api_base", "openai_image_api_key"), ""),
        **dict.fromkeys(("deepseek_api_url", "deepseek_api_key", "audio_api_base", "audio_api_key"), ""),
    }
    with served(tmp_path, upstream, **off) as client:
        config = client.get("/api/config").json()
        assert (config["providers"], config["speech"]) == ([], None)
        assert config["tools"] == {"optimize": False, "translate": False}
        wanted = {"provider": "pollinations", "prompt": "x"}
        assert refusal(client.post("/api/generate", json=wanted)) == (422, "unknown_provider")
        for path, body, setting in (
            ("/api/prompts/optimize", {"prompt": "x"}, "DEEPSEEK_API_KEY"),
            ("/api/prompts/translate", {"prompt": "x"}, "DEEPSEEK_API_KEY"),
            ("/api/audio/speech", {"text": "x"}, "AUDIO_API_BASE"),
        ):
            answer = client.post(path, json=body)
            assert (refusal(answer), answer.json()["setting"]) == ((404, "tool_off"), setting)
    assert upstream.asked == []


def test_no_key_and_no_prompt_is_logged(upstream: Upstream, tmp_path: Path) -> None:
    given = {name.upper(): str(value) for name, value in everything(upstream).items()}
    with LiveServer(tmp_path / "data", LOG_LEVEL="debug", SERVE_SOURCES="true", **given) as running:
        for fault in ("", "refused", "unsafe", "unauthorized", "cut", "expired"):
            for provider in ("pollinations", "openai"):
                upstream.order(fault) if fault else None
                body = {
                    "provider": provider,
                    "model": KOLORS if provider == "openai" else "zimage",
                    "prompt": "a secret lake",
                }
                try:
                    httpx2.post(f"{running.url}/api/generate", json={**body, "width": 8, "height": 8})
                except httpx2.RemoteProtocolError:
                    assert fault == "cut"
        httpx2.post(f"{running.url}/api/prompts/optimize", json={"prompt": "a secret lake"})
        httpx2.post(f"{running.url}/api/audio/speech", json={"text": "a secret lake"})
    assert len(upstream.asked) > 12
    assert all(provider in running.output for provider in ('"pollinations"', '"openai"', '"pollinations-free"'))
    assert not [
        word
        for word in (KEY, "secret", "lake", "Unknown model", "safety system")
        if word in running.output.replace("secret_made", "").replace("jwt_secret", "")
    ]
    assert "Traceback" not in running.output
