"""The description of the API: complete, made from the declarations, shown without scripts, and true under fuzzing."""

import re
import subprocess
import sys
from pathlib import Path

import httpx2
import msgspec
import pytest
from starlette.routing import Route

from server.app import create_app
from server.openapi import OPERATIONS
from server.schemas import Register
from server.settings import Settings
from tests.live_server import LiveServer
from tests.server.conftest import Clock

pytestmark = pytest.mark.anyio
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,negative_data_rejection,unsupported_method,ignored_auth,use_after_free"
)


def test_every_route_of_the_api_is_described(tmp_path: Path, clock: Clock) -> None:
    app = create_app(Settings(data_dir=str(tmp_path), kv_url="sqlite://"), clock=clock, root=tmp_path)
    served = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route) and route.path.startswith(("/api", "/health"))
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == set(OPERATIONS)


async def test_the_rules_are_those_that_check(client: httpx2.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    password = schema["components"]["schemas"]["Register"]["properties"]["password"]
    assert (password["minLength"], password["maxLength"]) == (8, 1024)
    assert set(schema["components"]["schemas"]["Register"]["required"]) == {
        field.name for field in msgspec.structs.fields(Register)
    }
    assert "\\A" not in str(schema)
    save = schema["paths"]["/api/images/save"]["post"]
    assert "quota_exceeded" in save["responses"]["429"]["description"]


async def test_the_page_needs_nothing_from_anybody(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"<script|<link|<img|https?://|javascript:| on\w+=", answer.text)
    assert all(path in answer.text for _, path in OPERATIONS)


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    """Every operation with hundreds of made-up requests; sign-out is apart, since it ends the token of the others."""
    with LiveServer(tmp_path / "data", MAX_IMAGES_PER_DAY="1000") as server:
        form = {"username": "Ann", "email": "ann@example.com", "password": "correct horse"}
        token = httpx2.post(f"{server.url}/api/auth/register", json=form).json()["token"]
        command = [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/openapi.json"),
            *("--header", f"Authorization: Bearer {token}", "--exclude-path", "/api/auth/logout"),
            *("--max-examples", "12", "--seed", "4", "--checks", CHECKS, "--phases", "examples,coverage,fuzzing"),
            *("--suppress-health-check", "all", "--generation-database", "none", "--warnings", "off", "--no-color"),
        ]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    print(run.stdout[-600:])  # noqa: T201 - a measurement
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Traceback" not in server.output
