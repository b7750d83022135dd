"""What every test stands on."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, as the page and the server do."""
    return "asyncio"
