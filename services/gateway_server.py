"""What the gateway's server is made of: its producers, TLS, and connections with limits."""

from __future__ import annotations

import ssl
from typing import Final

import uvicorn
from fastapi import FastAPI

from schemas.errors import InputError, Place
from services.gateway_producers import Producers, read_producers
from services.gateway_protocol import protocol_of
from services.gateway_settings import GatewaySettings, TlsSettings

_KEEP_ALIVE_SECONDS: Final = 15
_LARGEST_HEAD: Final = 1 << 16


def server_of(settings: GatewaySettings, app: FastAPI) -> uvicorn.Server:
    """Return a server of an application; ``await server.serve()`` runs it in a loop that has other work too.

    Raises:
        InputError: a TLS file cannot be used.
    """
    context = tls_context(settings.tls) if settings.tls else None
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol_of(settings),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.grace_seconds,
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        ssl_context_factory=(lambda _config, _default: context) if context else None,
    )
    return uvicorn.Server(config)


def producers_of(settings: GatewaySettings) -> Producers:
    """Return the producers of the settings' file, once it is seen that each of them can be known.

    Raises:
        InputError: the file cannot be used (`read_producers`), or holds certificates that no client CA vouches for.
    """
    producers = read_producers(settings.producers_file)
    if settings.tls is None or settings.tls.client_ca_file is None:
        for one in producers:
            if one.certificates and not one.tokens:
                what, where = f"the producer {one.name} can never be known", Place(str(settings.producers_file))
                why = "it has certificates only, and no client CA is set"
                raise InputError(what, where=where, why=why, todo="set gateway.tls.client_ca_file, or give it a token")
    return producers


def tls_context(tls: TlsSettings) -> ssl.SSLContext:
    """Return the TLS of the port: 1.2 and later; a client certificate is asked for where there is a client CA.

    A client without one may still have a token; one with a certificate that the CA did not sign gets no connection.

    Raises:
        InputError: a file cannot be read, or certificate and key do not belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate_file, tls.key_file, password=_no_pass_phrase)
        if tls.client_ca_file is not None:
            context.load_verify_locations(tls.client_ca_file)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ValueError) as error:
        files = ", ".join(str(path) for path in (tls.certificate_file, tls.key_file, tls.client_ca_file) if path)
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        todo = "give PEM files that this user may read, the key without a pass phrase"
        raise InputError("TLS cannot be set up", where=Place(files), why=str(why).lower(), todo=todo) from error
    return context


def _no_pass_phrase() -> str:
    """Refuse to ask at a terminal for the pass phrase of a key."""
    message = "the key has a pass phrase"
    raise ValueError(message)
