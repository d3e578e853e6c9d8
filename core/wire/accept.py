"""From a response to its JSON body, or to the error that names what came instead."""

import json
import math
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NoReturn

import httpx

from core.answer import BadPayload, CallerError, Forbidden, ProviderDown, Throttled, UnknownSymbol, WireError
from core.wire.calls import BodyFormat
from core.wire.declare import Declaration, ErrorRule
from core.wire.paths import MISSING, find, show_path
from core.wire.values import EARLIEST, LATEST, PER_SECOND, clip

_LONG_NUMBER = re.compile(r"\d{9,}")
_JSON_TYPE = re.compile(r"(application|text)/([\w.+-]+\+)?json")
_FEED_TYPE = re.compile(r"(application|text)/([\w.+-]+\+)?xml")
_EDGES = ("CloudFront", "Cloudflare", "Akamai")
_SHOWN = 20_000
"""Bytes of a body that is no JSON, in which an error may be looked for."""
_FOREIGN = b"block access from your country"
"""What CloudFront says of a country that a provider shuts out."""


def accept(spec: Declaration, response: httpx.Response, now: float | None, form: BodyFormat = "json") -> Any:
    """The decoded body of a 200 that is JSON and no error; a :class:`WireError` for all else.

    Of a ``feed`` it is the bytes, which :mod:`core.wire.feed` looks into.

    The provider's declared error forms come first, whatever the status; then the status; then the body.
    ``now`` in seconds since 1970 is what a Retry-After date is measured against when there is no Date header.
    """
    status = response.status_code
    body, fault = _decode(response.content)
    shown = response.content[:_SHOWN].decode("utf-8", "replace") if body is MISSING else body
    for rule in spec.errors:
        if (said := _match(rule, status, shown)) is not MISSING:
            raise _declared(spec, rule, said, body, response, now)
    if status != HTTPStatus.OK:
        raise _by_status(spec, body, response, now)
    if form == "feed":
        return _feed(response)
    if fault is not None:
        raise BadPayload(fault, status=status)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not _JSON_TYPE.fullmatch(kind) and kind not in spec.content_types:
        raise BadPayload(f"content type {clip(kind)} instead of JSON", status=status)
    return body


def _feed(response: httpx.Response) -> bytes:
    if not response.content.strip():
        raise BadPayload("empty body", status=response.status_code)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not _FEED_TYPE.fullmatch(kind):
        named = "HTML" if kind == "text/html" else f"content type {clip(kind)}"
        raise BadPayload(f"{named} instead of a feed", status=response.status_code)
    return response.content


def sent_at(response: httpx.Response) -> float | None:
    """The Date header, in seconds since 1970."""
    return _http_date(response.headers.get("date", ""))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _decode(content: bytes) -> tuple[Any, str | None]:
    """The body and None, or MISSING and what is wrong with it."""
    if not content.strip():
        return MISSING, "empty body"
    try:
        return _DECODER.decode(content.decode("utf-8-sig")), None
    except UnicodeDecodeError:
        return MISSING, "not text in UTF-8"
    except json.JSONDecodeError as error:
        start = content.lstrip()[:200].lower()
        if start.startswith(b"<"):
            markup = "XML" if start.startswith(b"<?xml") and b"<html" not in start else "HTML"
            return MISSING, f"{markup} instead of JSON"
        return MISSING, f"broken JSON at character {error.pos + 1} of {len(error.doc)}: {error.msg}"
    except ValueError as error:
        return MISSING, f"broken JSON: {clip(str(error))}"
    except RecursionError:
        return MISSING, "broken JSON: nested too deeply"


def _match(rule: ErrorRule, status: int, body: Any) -> Any:
    """What the rule found (None when it asks for the status alone), or MISSING."""
    if rule.status and status not in rule.status:
        return MISSING
    if rule.path is None:
        return None
    found = find(body, rule.path)
    if found is MISSING:
        return MISSING
    if rule.empty:
        return found if found in ({}, []) else MISSING
    for value in found if isinstance(found, list) else (found,):
        if _holds(rule, value):
            return value
    return MISSING


def _holds(rule: ErrorRule, value: Any) -> bool:
    if rule.present:
        return value is not None and value not in ("", {}, [])
    if rule.null:
        return value is None
    if rule.equals:
        return str(value) in {str(want) for want in rule.equals}
    if rule.differs:
        return value is not None and str(value) not in {str(want) for want in rule.differs}
    if not isinstance(value, str):
        return False
    return value.startswith(rule.starts) if rule.starts else any(part in value for part in rule.contains)


def _declared(
    spec: Declaration, rule: ErrorRule, said: Any, body: Any, response: httpx.Response, now: float | None
) -> WireError:
    status = response.status_code
    reason = _says(spec, rule, said, body, status)
    match rule.means:
        case "unknown_symbol":
            return UnknownSymbol(reason, status=status)
        case "bad_argument":
            return CallerError(reason, status=status)
        case "forbidden":
            return Forbidden(reason, cause=rule.cause, status=status)
        case "down":
            return ProviderDown(reason, status=status)
    wait = _retry_after(response, now)
    if rule.until is not None and wait is None:
        text = said if isinstance(said, str) else _message(spec, body) or ""
        wait = _wait_until(text, PER_SECOND[rule.until], sent_at(response) or now)
    wait = rule.wait if wait is None else wait
    return Throttled(reason, retry_after=wait, ban=status == HTTPStatus.IM_A_TEAPOT, status=status)


def _by_status(spec: Declaration, body: Any, response: httpx.Response, now: float | None) -> WireError:
    status = response.status_code
    reason = f"HTTP {status} {HTTPStatus(status).phrase}" if status in _KNOWN else f"HTTP {status}"
    if (message := _message(spec, body)) is not None:
        reason += f", {spec.name} says {clip(message, 160)}"
    match status:
        case 429:
            return Throttled(reason, retry_after=_retry_after(response, now), status=status)
        case 418:
            return Throttled(reason, retry_after=_retry_after(response, now), ban=True, status=status)
        case 451:
            return Forbidden(reason, cause="geo", status=status)
        case 401:
            return Forbidden(reason, cause="key", status=status)
        case 403:
            foreign = _FOREIGN in response.content[:_SHOWN]
            return Forbidden(reason + _edge(response), cause="geo" if foreign else "refused", status=status)
        case 206:
            return BadPayload("HTTP 206, a part of the body only", status=status)
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return BadPayload(f"{reason} instead of 200", status=status)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return ProviderDown(f"{reason}, a redirect, which is not followed", status=status)
    return ProviderDown(reason, status=status)


_KNOWN = frozenset(HTTPStatus)


def _says(spec: Declaration, rule: ErrorRule, said: Any, body: Any, status: int) -> str:
    """In its own words: those the rule found, or, where that is a code, those beside it."""
    message = said if rule.path == spec.message_at and isinstance(said, str) else _message(spec, body)
    if message is None and isinstance(said, bool) and rule.path is not None:
        return f"{spec.name} says {show_path(rule.path)}: {str(said).lower()}"
    if message is None:
        return f"HTTP {status} from {spec.name}" if said is None else f"{spec.name} says {clip(said)}"
    return f"{spec.name} says {clip(message, 160)}"


def _message(spec: Declaration, body: Any) -> str | None:
    if spec.message_at is None:
        return None
    found = find(body, spec.message_at)
    if isinstance(found, list) and found:
        found = found[0]
    return found if isinstance(found, str) and found else None


def _edge(response: httpx.Response) -> str:
    """Who in front of the provider refused, when the page is theirs and not the provider's."""
    text = response.content[:_SHOWN].lower() + response.headers.get("server", "").lower().encode()
    if not text.lstrip().startswith(b"<"):
        return ""
    named = next((edge for edge in _EDGES if edge.lower().encode() in text), None)
    return f", an HTML page of {named}" if named else ", an HTML page"


def _retry_after(response: httpx.Response, now: float | None) -> float | None:
    """Seconds to wait. A date is measured against the response's own Date, else against ``now``."""
    text = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        until, since = _http_date(text), sent_at(response) or now
        return None if until is None or since is None else max(0.0, until - since)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _wait_until(text: str, per_second: int, now: float | None) -> float | None:
    if now is None or (found := _LONG_NUMBER.search(text)) is None:
        return None
    until = float(found[0]) / per_second
    return max(0.0, until - now) if EARLIEST <= until < LATEST else None


def _http_date(text: str) -> float | None:
    try:
        found = parsedate_to_datetime(text)
        return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
