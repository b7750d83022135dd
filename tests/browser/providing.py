"""A server that has every provider on: each is the upstream of the tests."""

from tests.upstream import KEY, Upstream


def settings(upstream: Upstream) -> dict[str, str]:
    """Return what turns images, prompt tools and speech on."""
    return {
        "POLLINATIONS_GEN_API_BASE": upstream.pollinations,
        "POLLINATIONS_API_TOKEN": KEY,
        "OPENAI_IMAGE_API_BASE": upstream.openai,
        "OPENAI_IMAGE_API_KEY": KEY,
        "DEEPSEEK_API_URL": upstream.openai,
        "DEEPSEEK_API_KEY": KEY,
        "AUDIO_API_BASE": upstream.openai,
        "AUDIO_API_KEY": KEY,
        "AUDIO_VOICES": "nova, echo",
        "AUDIO_MAX_CHARS": "40",
        "LIMIT_GENERATIONS": "1000000/minute",
    }
