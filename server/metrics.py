"""What is counted for operators, in Prometheus' terms; each server has its own registry."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_METHODS: Final = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
_RATES: Final = ("rate_limited", "too_many_attempts")
_STORE: Final = ("storage_unavailable", "storage_busy", "storage_full", "stored_image_damaged")
_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)  # seconds


class Metrics:
    """The numbers."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._calls = Counter(
            "hd_requests", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "hd_request_seconds", "Time to answer", ["route"], buckets=_BUCKETS, registry=self._registry
        )
        self._registrations = Counter("hd_registrations", "Accounts made", registry=self._registry)
        self._saves = Counter("hd_image_saves", "Images stored, retries not counted", registry=self._registry)
        self._full = Counter("hd_quota_refusals", "Saves refused because the account is full", registry=self._registry)
        self._rates = Counter("hd_rate_refusals", "Requests past a limit", ["code"], registry=self._registry)
        self._errors = Counter("hd_store_errors", "Failures of the store", ["code"], registry=self._registry)
        self.expired = Counter("hd_expired_entries", "Entries erased after their time", registry=self._registry)
        self.stored = Gauge("hd_stored_bytes", "Bytes in the store", registry=self._registry)

    def answered(self, method: str, route: str, status: int, code: str | None, seconds: float) -> None:
        """Count a request; `route` is its template, `code` that of a refusal."""
        self._calls.labels(method if method in _METHODS else "other", route, status).inc()
        self._seconds.labels(route).observe(seconds)
        if code == "quota_exceeded":
            self._full.inc()
        elif code in _RATES:
            self._rates.labels(code).inc()
        elif code in _STORE:
            self._errors.labels(code).inc()
        elif (route, status) == ("/api/auth/register", 201):
            self._registrations.inc()
        elif (route, status) == ("/api/images/save", 201):
            self._saves.inc()

    def text(self) -> bytes:
        """Return everything as Prometheus reads it."""
        return generate_latest(self._registry)
