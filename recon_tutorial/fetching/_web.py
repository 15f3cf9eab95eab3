"""Open addresses of the web as pip is set to: proxy, certificates, passwords of the index."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from urllib import request
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

from recon_tutorial.fetching._sources import UnreachableError

WEB = ("http", "https")


class Web:
    """Open http and https addresses, and no other: a redirection to a file is refused.

    Parameters
    ----------
    settings : dict
        Those of pip: "cert", "proxy" and "timeout" are heeded.
    """

    def __init__(self, settings: dict[str, str]):
        self.timeout = float(settings.get("timeout") or settings.get("default-timeout") or 15)
        proxy = settings.get("proxy")
        self.passwords = request.HTTPPasswordMgrWithPriorAuth()
        self.opener = request.OpenerDirector()
        self.opener.addheaders = [("User-Agent", "recon_tutorial")]
        for handler in (
            request.ProxyHandler({"http": proxy, "https": proxy} if proxy else None),
            request.HTTPBasicAuthHandler(self.passwords),
            request.HTTPHandler(),
            request.HTTPSHandler(context=_certificates(settings.get("cert"))),
            request.HTTPRedirectHandler(),
            request.HTTPErrorProcessor(),
            request.HTTPDefaultErrorHandler(),
            request.UnknownHandler(),
        ):
            self.opener.add_handler(handler)

    def open(self, address: str, *, accept: str = "*/*"):
        """Send a GET request; a password in `address` is sent to its host and to no other."""
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        if parts.username:
            words = unquote(parts.username), unquote(parts.password or "")
            root = f"{parts.scheme}://{host}/"
            self.passwords.add_password(None, root, *words, is_authenticated=True)
            address = parts._replace(netloc=host).geturl()
        with reaching(address):
            wanted = request.Request(address, headers={"Accept": accept})
            return self.opener.open(wanted, timeout=self.timeout)


@contextmanager
def reaching(address: str) -> Iterator[None]:
    """Turn whatever can go wrong on the way into one reason; it names the host, no password."""
    try:
        yield
    except (OSError, HTTPException, ValueError) as error:
        parts = urlsplit(address)
        where = parts.netloc.rpartition("@")[2] or parts.path
        reason = error if isinstance(error, HTTPError) else getattr(error, "reason", error)
        raise UnreachableError(f"{where}: {reason or type(error).__name__}") from error


def _certificates(bundle):
    """The authorities of `bundle`, or those of the system and, where installed, of certifi."""
    try:
        context = ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise UnreachableError(
            f"the certificates {bundle} that pip is set to cannot be read ({error.strerror})"
        ) from error
    if not bundle:
        with suppress(ImportError):  # comes with requests, and knows more than some systems
            import certifi

            context.load_verify_locations(certifi.where())
    return context
