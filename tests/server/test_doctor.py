"""`python -m server doctor`: one true line for each provider."""

import os
import subprocess
import sys
from pathlib import Path

from tests.live_server import ROOT
from tests.server.generating import everything
from tests.upstream import KEY, Upstream


def doctor(tmp_path: Path, settings: dict[str, str]) -> tuple[int, list[str]]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    run = subprocess.run(
        [sys.executable, "-m", "server", "doctor"],
        cwd=tmp_path,
        env={**keep, "PYTHONPATH": str(ROOT), "DATA_DIR": str(tmp_path / "data"), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in run.stderr
    assert KEY not in run.stdout + run.stderr
    return run.returncode, run.stdout.splitlines()


def test_all_is_well_and_one_is_not(tmp_path: Path) -> None:
    with Upstream() as upstream:
        settings = {name.upper(): str(value) for name, value in everything(upstream).items()}
        code, lines = doctor(tmp_path, settings)
        works = ["pollinations:", "openai:", "pollinations-free:", "prompt", "speech:"]
        assert (code, [line.split()[:2] for line in lines]) == (0, [["ok", name] for name in works])
        upstream.order("unauthorized", on="white circle")
        upstream.order("silent", on="chat")
        code, lines = doctor(tmp_path, {**settings, "OPENAI_IMAGE_MODELS": "no-such-model"})
    assert code == 1
    assert lines[0].startswith("FAIL  pollinations: ")
    assert "POLLINATIONS_API_TOKEN" in lines[0]
    assert lines[1].startswith("FAIL  openai: The generator does not accept this request: Unknown model")
    assert lines[2].startswith("ok    pollinations-free: ")
    assert lines[3].startswith("FAIL  prompt tools: ")
    assert lines[4].startswith("ok    speech: ")


def test_nothing_set_up_is_no_failure(tmp_path: Path) -> None:
    code, lines = doctor(tmp_path, {})
    assert (code, len(lines), lines[0].split()[0]) == (0, 1, "none")
    assert not (tmp_path / "data").exists()
