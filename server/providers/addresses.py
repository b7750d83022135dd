"""Images that a provider only points to, fetched over https from public addresses.

A name is looked up once, and what was found and checked is connected to: no name leads into the operator's own network.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

import httpcore2
import httpx2

from server.limits import IMAGE_REDIRECTS, PROVIDER_CONNECT, RETRY_SOON
from server.logs import log
from server.providers.errors import NoImage, ProviderFailed, ProviderTimeout

Address = IPv4Address | IPv6Address
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address inside
_OK: Final = 200


class Refused(Exception):  # noqa: N818 - it is an answer, not an accident
    """The address is not one to fetch from."""


def is_public(address: Address) -> bool:
    """Whether it belongs to the open internet, also where it only wraps an address that may not."""
    if isinstance(address, IPv6Address):
        if address.sixtofour or address.teredo:
            return False
        if wrapped := address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None):
            return is_public(wrapped)
    return address.is_global and not (address.is_multicast or address.is_reserved)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what breaks on the way to a provider into a refusal."""
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException):
        raise ProviderTimeout(retry_after=RETRY_SOON) from None
    except (httpx2.RequestError, httpx2.InvalidURL):
        raise ProviderFailed(retry_after=RETRY_SOON) from None


class Fetcher:
    """Fetches images; `loopback`: also over http from this machine."""

    def __init__(self, timeout: float, *, loopback: bool) -> None:
        self._timeout = timeout
        self._loopback = loopback

    @cached_property
    def _pools(self) -> dict[str, httpcore2.AsyncConnectionPool]:
        allowed: dict[str, Callable[[Address], bool]] = {"https": is_public}
        if self._loopback:
            allowed["http"] = lambda address: address.is_loopback
        return {
            scheme: httpcore2.AsyncConnectionPool(network_backend=_Checked(rule)) for scheme, rule in allowed.items()
        }

    async def close(self) -> None:
        """End every connection."""
        if "_pools" in self.__dict__:
            for pool in self._pools.values():
                await pool.aclose()

    @asynccontextmanager
    async def fetch(self, url: str) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """Yield the type it claims, and the bytes; raises NoImage where there is none to be had, ProviderProblem."""
        with translated():
            async with asyncio.timeout(self._timeout):
                for _ in range(IMAGE_REDIRECTS + 1):
                    async with self._get(httpx2.URL(url)) as answer:
                        headers = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
                        kind = headers.get(b"content-type", "").partition(";")[0].strip().lower()[:100]
                        if answer.status == _OK:
                            yield kind, answer.aiter_stream()
                            return
                        if answer.status not in (301, 302, 303, 307, 308):
                            log.warning("image_not_fetched", status=answer.status)
                            raise NoImage(content_type=kind)
                        url = str(httpx2.URL(url).join(headers.get(b"location", "")))
                raise NoImage(content_type="")

    @asynccontextmanager
    async def _get(self, url: httpx2.URL) -> AsyncIterator[httpcore2.Response]:
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        times = {"connect": PROVIDER_CONNECT, "read": self._timeout, "write": self._timeout, "pool": self._timeout}
        try:
            pool = self._pools[url.scheme]
            headers = [("Accept-Encoding", "identity"), ("User-Agent", "hd-image-cache")]
            async with pool.stream("GET", target, headers=headers, extensions={"timeout": times}) as answer:
                yield answer
        except (Refused, KeyError):
            log.warning("image_address_refused", scheme=url.scheme, host=url.host)
            raise NoImage(content_type="") from None
        except httpcore2.TimeoutException:
            raise TimeoutError from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError):
            raise ProviderFailed(retry_after=RETRY_SOON) from None


class _Checked(httpcore2.AsyncNetworkBackend):
    """Connects to a name only where all its addresses are allowed, and to none but these."""

    def __init__(self, allowed: Callable[[Address], bool]) -> None:
        self._allowed = allowed
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as the base class
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, check, connect; raises Refused."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from None
        addresses = [ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found]
        if not all(self._allowed(address) for address in addresses):
            raise Refused
        for address in addresses[:-1]:
            try:
                return await self._backend.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._backend.connect_tcp(str(addresses[-1]), port, timeout, local_address, socket_options)
