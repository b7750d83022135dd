"""Every number with its unit, and the arithmetic of the quota. What operators may change is in `settings.py`."""

from collections.abc import Iterable
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# Images: what browsers decode without trouble, and what the original's page can make
MAX_SIDE: Final = 8192  # pixels
MAX_PIXELS: Final = 40_000_000  # 40 megapixels
IMAGE_FORMATS: Final = ("image/png", "image/jpeg", "image/webp", "image/avif", "image/gif")

# Texts, in characters
MAX_PROMPT: Final = 4000
MAX_MODEL: Final = 100
MAX_USERNAME: Final = 50
MAX_EMAIL: Final = 254  # RFC 5321 4.5.3.1.3, without the brackets
MIN_PASSWORD: Final = 8  # NIST SP 800-63B
MAX_PASSWORD: Final = 1024
MAX_KEY: Final = 64  # an Idempotency-Key
MAX_INTEGER: Final = 2**53 - 1  # the last integer that JavaScript keeps exactly

# Requests, in bytes
MAX_FORM_BODY: Final = 64 * KIB  # sign-up and the like
MAX_METADATA: Final = 256 * KIB  # four texts of 4,000 characters, each escaped to 12 bytes, and the rest
MAX_TOKEN: Final = 4 * KIB
MAX_HEAD: Final = 32 * KIB  # request line and headers

# Answers of providers, in bytes
MAX_PROVIDER_IMAGE: Final = 32 * MIB
MAX_PROVIDER_JSON: Final = MAX_PROVIDER_IMAGE // 3 * 4 + 64 * KIB  # an image in base64, and what is told beside it
MAX_PROVIDER_TEXT: Final = 4 * MIB  # a list of models, a chat's answer, an error
MAX_REASON: Final = 300  # characters of a provider's sentence
MAX_PROVIDER_ID: Final = 20  # characters
MAX_SEED: Final = 2**31 - 1  # what Pollinations takes
IMAGE_REDIRECTS: Final = 3

# Work at once
HASHES_AT_ONCE: Final = 2  # argon2 takes 19 MiB and a core each
HASHES_WAITING: Final = 64
ATTEMPTS_PER_ADDRESS: Final = 5  # times LIMIT_LOGIN_FAILURES, over all accounts that one address tries
UPLOADS_IN_MEMORY: Final = 96 * MIB  # bytes of bodies being read or stored, of all accounts
UPLOADS_PER_ACCOUNT: Final = 4  # more wait their turn, unread
CONNECTIONS: Final = 1000
SLOW_READERS: Final = 64  # answers that wait in memory to be taken
COMMIT_ATTEMPTS: Final = 64  # optimistic rounds before 503

MOST_COMPARED: Final = 10_000  # images of which is remembered that their bytes are right

# Seconds
COMPARED_FOR: Final = 60  # in which an image's bytes are not compared again
SWEEP_INTERVAL: Final = 60
GRACEFUL_SHUTDOWN: Final = 20
KEEP_ALIVE: Final = 5
RETRY_SOON: Final = 2  # Retry-After of a 503
PROVIDER_CONNECT: Final = 10
MODELS_TIMEOUT: Final = 10
MODELS_FRESH: Final = 600
MODELS_RETRY: Final = 30
MAX_RETRY_AFTER: Final = 3600  # whatever a provider says


def max_upload(max_image_size: int) -> int:
    """Return the largest body of a save, in bytes: the image in base64, and everything beside it."""
    return -(-max_image_size // 3) * 4 + MAX_METADATA


def next_slot(expiries: Iterable[str], allowed: int) -> str | None:
    """Return when one more image may be kept; None while there is room. Times sort as text (`times.iso`)."""
    waiting = sorted(expiries)
    return waiting[len(waiting) - allowed] if len(waiting) >= allowed else None
