"""Kinds of values that knobs take: how each is written in the environment, and what it must look like."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from core.addresses import LOOPBACK

_BETWEEN = re.compile(r"(?<![\s,])[\s,]+(?=[a-z0-9]+://)", re.IGNORECASE)


def _listed(value: object) -> object:
    # In the environment a list is written with commas.
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def _addresses(value: object) -> object:
    # In the environment they are parted by white space or commas; an address may have commas of its own.
    return tuple(filter(None, _BETWEEN.split(value.strip()))) if isinstance(value, str) else value


def _deliverable(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if value:
        from core.notifier import notifier  # noqa: PLC0415 - apprise takes long to import

        for place, address in enumerate(value, 1):
            if notifier(address) is None:
                raise ValueError(f"expected addresses that apprise knows, and number {place} is none")
    return value


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    for one in value:
        parts = urlsplit(one)
        if parts.scheme not in {"http", "https"} or not parts.netloc or one.count("/") != 2:
            raise ValueError("expected origins, as in https://app.example or http://localhost:3000")
    return tuple(one.lower() for one in value)


def _absolute(value: Path) -> Path:
    return value.expanduser().absolute()


def _loopback(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme != "http" or parts.hostname not in LOOPBACK):
        raise ValueError("expected empty, or http:// on a loopback address, as in http://127.0.0.1:8600")
    return value.rstrip("/")


def _sendable(value: SecretStr | None) -> SecretStr | None:
    text = value.get_secret_value() if value else ""
    if any(sign.isspace() or not sign.isprintable() for sign in text):
        raise ValueError("expected no white space: it must fit into a header")
    return value if text else None


def _relay(value: SecretStr | None) -> SecretStr | None:
    text = value.get_secret_value() if value else ""
    parts = urlsplit(text)
    here = parts.scheme == "http" and parts.hostname in LOOPBACK
    if text and not (parts.hostname and (parts.scheme == "https" or here)):
        raise ValueError("expected https://, or http:// on a loopback address, as in https://relay.example/")
    return value if text else None


Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Codes = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[a-z0-9]+$")], ...], NoDecode, BeforeValidator(_listed)
]
Folder = Annotated[Path, AfterValidator(_absolute)]
Paths = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_listed)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_origins)]
LoopbackUrl = Annotated[str, AfterValidator(_loopback)]
RelayUrl = Annotated[SecretStr | None, AfterValidator(_relay)]
Token = Annotated[SecretStr | None, AfterValidator(_sendable)]
Targets = Annotated[
    tuple[SecretStr, ...], NoDecode, BeforeValidator(_addresses), AfterValidator(_deliverable)
]
