"""/api/generate before a real upstream: what is answered, what was asked for, what it cost, what was stored."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests import paintings
from tests.server.conftest import refusal
from tests.server.generating import WANTED, beside, form, hang_up, served
from tests.upstream import KEY, Upstream
from tests.upstream_answers import GPT, KOLORS

OPENAI = {**WANTED, "provider": "openai", "model": KOLORS}
FREE = {**WANTED, "provider": "pollinations-free", "model": "flux"}


def generate(client: httpx2.Client, wanted: dict[str, Any] = WANTED, **changed: object) -> httpx2.Response:
    return client.post("/api/generate", json={**wanted, **changed})


def test_the_bytes_are_untouched_and_the_parameters_true(server: httpx2.Client, upstream: Upstream) -> None:
    made = form(generate(server, prompt="湖 a/b?c=%41#d", negative="blurry"))
    asked = upstream.asked[0]
    assert made.content_type == "image/png"
    again = f"{upstream.pollinations}/image/{quote('湖 a/b?c=%41#d', safe='')}"
    assert made.image == httpx2.get(again, params=asked.query, headers=upstream.bearer).content
    assert asked.path == "/pollinations/image/湖 a/b?c=%41#d"
    assert asked.query == {
        "model": "zimage",
        "width": "64",
        "height": "32",
        "seed": "7",
        "negative_prompt": "blurry",
    }
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    sent = {**WANTED, "prompt": "湖 a/b?c=%41#d", "negative": "blurry", "format": None, "revised_prompt": None}
    assert made.parameters == sent


def test_the_older_pollinations_needs_no_key_and_gets_none(server: httpx2.Client, upstream: Upstream) -> None:
    made = form(generate(server, FREE))
    (asked,) = upstream.asked
    assert (made.content_type, asked.path) == ("image/jpeg", "/free/prompt/a lake")
    assert "authorization" not in asked.headers


def test_the_same_request_is_the_same_upstream(server: httpx2.Client, upstream: Upstream) -> None:
    first, second = form(generate(server)), form(generate(server))
    assert upstream.asked[0] == upstream.asked[1]
    assert first == second


@pytest.mark.parametrize(("model", "seed", "negative"), [(KOLORS, 7, "blurry"), (GPT, None, "")])
def test_openai_answers_with_a_url_or_base64(
    server: httpx2.Client, upstream: Upstream, model: str, seed: int | None, negative: str
) -> None:
    upstream.revised_prompt = "a lake at dawn"
    made = form(generate(server, OPENAI, model=model, seed=seed, negative=negative))
    assert (made.content_type, made.image[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert made.parameters["revised_prompt"] == ("a lake at dawn" if model == KOLORS else None)
    assert (made.parameters["seed"], made.parameters["negative"]) == (seed, negative)
    body = {"model": model, "prompt": "a lake", "size": "64x32"}
    extra = {"seed": 7, "negative_prompt": "blurry"} if model == KOLORS else {}
    assert upstream.asked[0].json == {**body, **extra}
    assert "authorization" not in upstream.asked[-1].headers or model == GPT  # the key goes to no other address


@pytest.mark.parametrize(("told", "reported"), [(None, 7), (0, 0), (12, 12), (2**40, 7), (-1, 7)])
def test_the_seed_that_was_used_is_told_where_it_can_be_asked_for_again(
    server: httpx2.Client, upstream: Upstream, told: int | None, reported: int
) -> None:
    upstream.seed = told
    assert form(generate(server, OPENAI, model=KOLORS, seed=7)).parameters["seed"] == reported


def test_a_revised_prompt_is_one_that_can_be_saved(server: httpx2.Client, upstream: Upstream) -> None:
    upstream.revised_prompt = "a\x00 lake\n" + "湖" * 5000
    made = form(generate(server, OPENAI, model=KOLORS))
    assert made.parameters["revised_prompt"] == "a lake\n" + "湖" * 3993


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_format_can_be_asked_for(server: httpx2.Client, upstream: Upstream, kind: str) -> None:
    made = form(generate(server, OPENAI, model=GPT, seed=None, format=kind))
    assert (made.content_type, made.parameters["format"]) == (f"image/{kind}", kind)
    assert upstream.asked[0].json["output_format"] == kind


def test_what_a_provider_cannot_take_is_left_out_and_said(upstream: Upstream, tmp_path: Path) -> None:
    with served(tmp_path, upstream, openai_image_supports="image_size", openai_image_sizes="64x32") as client:
        made = form(generate(client, OPENAI, negative="blurry", format="webp"))
        assert (made.parameters["seed"], made.parameters["negative"], made.parameters["format"]) == (None, "", None)
        assert upstream.asked[0].json == {"model": KOLORS, "prompt": "a lake", "image_size": "64x32"}
        wrong = generate(client, OPENAI, width=65)
    assert (refusal(wrong), wrong.json()["expected"]) == ((422, "invalid_field"), "one of 64x32")


FAULTS = [
    ("busy", 503, "provider_busy", {"retry_after": 7}),
    ("busy_until", 503, "provider_busy", {"retry_after": 3600}),
    ("error", 502, "provider_failed", {"retry_after": 2}),
    ("unavailable", 502, "provider_failed", {"retry_after": 3}),
    ("dropped", 502, "provider_failed", {"retry_after": 2}),
    ("forbidden", 502, "provider_key_rejected", {}),
    ("unpaid", 502, "provider_unpaid", {}),
    ("gone", 422, "provider_refused", {"reason": "No such model"}),
    ("refused", 422, "provider_refused", {"reason": "Unknown model, says the holder of …"}),
    ("unsafe", 422, "unsafe_prompt", {"reason": "The prompt was rejected by the safety system"}),
    ("html", 502, "provider_no_image", {"content_type": "text/html"}),
    ("json", 502, "provider_no_image", {"content_type": "application/json"}),
    ("svg", 502, "provider_no_image", {"content_type": "image/svg+xml"}),
    ("svg_as_png", 502, "provider_no_image", {"content_type": "image/png"}),
    ("empty", 502, "provider_no_image", {"content_type": "image/png"}),
    ("redirect", 502, "provider_no_image", {"content_type": "text/plain"}),
]


@pytest.mark.parametrize(("fault", "status", "code", "facts"), FAULTS, ids=[fault[0] for fault in FAULTS])
@pytest.mark.parametrize("provider", ["pollinations", "pollinations-free", "openai"])
def test_every_fault_is_told_apart_and_asked_once(
    server: httpx2.Client,
    upstream: Upstream,
    provider: str,
    fault: str,
    status: int,
    code: str,
    facts: dict[str, Any],
) -> None:
    upstream.order(fault)
    answer = generate(server, {**OPENAI, "provider": provider})
    told = answer.json()
    assert refusal(answer) == (status, code)
    if provider == "openai" and code == "provider_no_image":
        facts = {"content_type": "text/plain" if fault == "redirect" else "application/json"}
    assert {name: told[name] for name in facts} == facts
    assert answer.headers.get("retry-after") == (str(facts["retry_after"]) if "retry_after" in facts else None)
    assert KEY not in answer.text
    assert (len(upstream.asked), server.get("/api/images/daily").json()["count"]) == (1, 0)


def test_a_rejected_key_names_the_setting_and_never_the_key(server: httpx2.Client, upstream: Upstream) -> None:
    for wanted, setting in ((WANTED, "POLLINATIONS_API_TOKEN"), (OPENAI, "OPENAI_IMAGE_API_KEY")):
        upstream.order("unauthorized")
        answer = generate(server, wanted)
        assert refusal(answer) == (502, "provider_key_rejected")
        assert (answer.json()["setting"], KEY in answer.text) == (setting, False)


@pytest.mark.parametrize("fault", ["nothing", "not_base64", "html_in_base64", "expired", "redirected", "page"])
def test_openai_without_an_image_is_told_and_asked_once(server: httpx2.Client, upstream: Upstream, fault: str) -> None:
    upstream.order(fault)
    assert refusal(generate(server, OPENAI)) == (502, "provider_no_image")
    assert len(upstream.images) == 1


def test_after_an_error_the_same_request_is_good(server: httpx2.Client, upstream: Upstream) -> None:
    upstream.order("error")
    assert refusal(generate(server)) == (502, "provider_failed")
    assert form(generate(server)).parameters["seed"] == 7
    assert upstream.asked[0] == upstream.asked[1]


@pytest.mark.parametrize("wanted", [WANTED, OPENAI], ids=["pollinations", "openai"])
def test_nobody_listens(upstream: Upstream, tmp_path: Path, wanted: dict[str, Any]) -> None:
    nowhere = "http://127.0.0.1:9"
    with served(tmp_path, upstream, pollinations_gen_api_base=nowhere, openai_image_api_base=nowhere) as client:
        assert refusal(generate(client, wanted)) == (502, "provider_failed")


def test_a_cut_image_is_no_whole_answer(server: httpx2.Client, upstream: Upstream) -> None:
    upstream.order("cut")
    with pytest.raises(httpx2.RemoteProtocolError):
        generate(server)
    assert len(upstream.asked) == 1


def test_cut_base64_is_a_failure_with_a_name(server: httpx2.Client, upstream: Upstream) -> None:
    upstream.order("cut")
    assert refusal(generate(server, OPENAI, model=GPT, seed=None)) == (502, "provider_failed")


def test_the_image_comes_while_the_provider_still_sends(server: httpx2.Client, upstream: Upstream) -> None:
    upstream.order("stalled")
    with server.stream("POST", "/api/generate", json=WANTED) as answer:
        pieces = answer.iter_raw()
        begin = next(pieces)
        while b"\x89PNG" not in begin:
            begin += next(pieces)
        upstream.release()
        assert b"IEND" in begin + b"".join(pieces)


def test_no_answer_in_time(upstream: Upstream, tmp_path: Path) -> None:
    upstream.order("slow")
    with served(tmp_path, upstream, generation_timeout=0.2) as client:
        assert refusal(generate(client)) == (504, "provider_timeout")
        upstream.wait_for("disconnects", 1)


def test_an_endless_image_is_cut_at_the_cap(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.providers.provider.MAX_PROVIDER_IMAGE", 100_000)
    monkeypatch.setattr("server.providers.openai.MAX_PROVIDER_JSON", 100_000)
    with served(tmp_path, upstream) as client:
        upstream.order("endless")
        with pytest.raises(httpx2.RemoteProtocolError):
            generate(client)
        upstream.wait_for("disconnects", 1)
        upstream.order("endless", on="generations")
        assert refusal(generate(client, OPENAI)) == (502, "provider_no_image")
        upstream.wait_for("disconnects", 2)


def test_an_image_that_says_it_is_too_large_is_not_begun(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.providers.pollinations.MAX_PROVIDER_IMAGE", 1000)
    upstream.padding = 1000
    with served(tmp_path, upstream) as client:
        answer = generate(client)
    assert (refusal(answer), answer.json()["max_size"]) == ((502, "provider_image_too_large"), 1000)


def test_an_image_too_large_to_keep_is_delivered(server: httpx2.Client, upstream: Upstream) -> None:
    upstream.padding = 3 << 20
    assert len(form(generate(server)).image) > 3 << 20
    assert len(form(generate(server, OPENAI, model=GPT, seed=None)).image) > 3 << 20


@pytest.mark.parametrize("wanted", [WANTED, OPENAI], ids=["pollinations", "openai"])
def test_who_goes_away_before_the_answer_ends_the_upstream_request(
    server: httpx2.Client, upstream: Upstream, wanted: dict[str, Any]
) -> None:
    upstream.order("slow")
    with beside(server, "/api/generate", wanted) as (answers, other):
        upstream.wait_for("asked", 1)
        assert upstream.disconnects == 0
        hang_up(other)
        upstream.wait_for("disconnects", 1)
    assert (answers, len(upstream.asked)) == ([], 1)


@pytest.mark.parametrize("fault", ["stalled", "endless"])
def test_who_goes_away_while_it_streams_ends_the_upstream_request(
    server: httpx2.Client, upstream: Upstream, fault: str
) -> None:
    upstream.order(fault)
    with server.stream("POST", "/api/generate", json=WANTED) as answer:
        next(answer.iter_raw())
    upstream.wait_for("disconnects", 1)


def test_failures_cost_no_allowance_and_images_do(upstream: Upstream, tmp_path: Path) -> None:
    with served(tmp_path, upstream, limit_generations_anyone="2/hour; 9/day") as client:
        upstream.order("error", "html", "busy", "unsafe")
        assert [generate(client).status_code for _ in range(4)] == [502, 502, 503, 422]
        upstream.order("cut")
        with pytest.raises(httpx2.RemoteProtocolError):
            generate(client)
        assert [generate(client).status_code for _ in range(2)] == [200, 200]
        spent = generate(client)
    assert refusal(spent) == (429, "allowance_spent")
    assert (spent.json()["limit"], 0 < spent.json()["retry_after"] <= 3600) == ("2/hour", True)
    assert spent.headers["retry-after"] == str(spent.json()["retry_after"])
    assert len(upstream.asked) == 7


def test_who_goes_away_has_used_it_up(upstream: Upstream, tmp_path: Path) -> None:
    """Otherwise everybody could have as many made, at the operator's cost, as they cancel."""
    with served(tmp_path, upstream, limit_generations_anyone="1/hour") as client:
        upstream.order("stalled")
        with client.stream("POST", "/api/generate", json=WANTED) as answer:
            next(answer.iter_raw())
        upstream.wait_for("disconnects", 1)
        assert refusal(generate(client)) == (429, "allowance_spent")


def test_what_is_under_way_counts(upstream: Upstream, tmp_path: Path) -> None:
    with served(tmp_path, upstream, limit_generations_anyone="1/hour") as client:
        upstream.order("slow")
        with beside(client, "/api/generate", WANTED) as (answers, _):
            upstream.wait_for("asked", 1)
            assert refusal(generate(client)) == (429, "allowance_spent")
            upstream.release()
    assert answers[0].status_code == 200


def test_accounts_and_addresses_have_allowances_of_their_own(upstream: Upstream, tmp_path: Path) -> None:
    with served(tmp_path, upstream, limit_generations_anyone="1/hour", limit_generations="2/hour") as client:
        account = {"username": "Ann", "email": "ann@example.com", "password": "correct horse"}
        token = client.post("/api/auth/register", json=account).json()["token"]
        client.cookies.clear()
        assert [generate(client).status_code for _ in range(2)] == [200, 429]
        client.headers["Authorization"] = f"Bearer {token}"
        assert [generate(client).status_code for _ in range(3)] == [200, 200, 429]


def test_only_so_many_requests_at_once(upstream: Upstream, tmp_path: Path) -> None:
    with served(tmp_path, upstream, max_generations=1) as client:
        upstream.order("slow")
        with beside(client, "/api/generate", WANTED) as (answers, _):
            upstream.wait_for("asked", 1)
            busy = generate(client)
            assert (refusal(busy), busy.headers["retry-after"]) == ((503, "overloaded"), "2")
            upstream.release()
        assert (answers[0].status_code, generate(client).status_code) == (200, 200)


def test_who_may(upstream: Upstream, tmp_path: Path) -> None:
    with served(tmp_path, upstream, generation_access="signed_in") as client:
        assert refusal(generate(client)) == (401, "no_authorization_token")
        assert client.get("/api/config").json()["generation"] == {"access": "signed_in"}
    assert upstream.asked == []


def test_no_other_site_may_have_images_made(server: httpx2.Client, upstream: Upstream) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answer = server.post("/api/generate", json=WANTED, headers=foreign)
    assert (refusal(answer), upstream.asked) == ((403, "cross_site"), [])


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"provider": "nobody"}, "unknown_provider"),
        ({"prompt": ""}, "missing_field"),
        ({"prompt": "x" * 4001}, "invalid_field"),
        ({"prompt": "a\x00b"}, "invalid_field"),
        ({"width": 0}, "invalid_field"),
        ({"height": 8193}, "invalid_field"),
        ({"width": 8192, "height": 8192}, "invalid_field"),
        ({"seed": -1}, "invalid_field"),
        ({"seed": 2**31}, "invalid_field"),
        ({"format": "svg"}, "invalid_field"),
        ({"model": "x" * 81}, "invalid_field"),
    ],
)
def test_bad_input_asks_nobody(server: httpx2.Client, upstream: Upstream, changed: dict[str, Any], code: str) -> None:
    assert refusal(generate(server, **changed)) == (422, code)
    assert upstream.asked == []


def test_the_configuration_tells_what_is_on_and_no_secret(server: httpx2.Client, upstream: Upstream) -> None:
    answer = server.get("/api/config")
    providers = {provider["id"]: provider for provider in answer.json()["providers"]}
    assert list(providers) == ["pollinations", "openai", "pollinations-free"]
    assert providers["openai"] == {
        "id": "openai",
        "kind": "openai",
        "name": "OpenAI-compatible",
        "default_model": None,
        "seed": True,
        "negative": True,
        "sizes": None,
        "formats": ["png", "jpeg", "webp"],
    }
    assert upstream.url not in answer.text
    assert KEY not in answer.text


def test_the_painters_of_the_tests_are_images_that_are_kept(server: httpx2.Client) -> None:
    for paint in (paintings.png, paintings.jpeg, paintings.webp):
        content_type, data = paint(40, 24, 200)
        parts: Any = {"metadata": (None, b'{"prompt":"x"}'), "image": ("i", data)}
        saved = server.post("/api/images/save", files=parts).json()
        assert (saved["content_type"], saved["width"], saved["height"]) == (content_type, 40, 24)
