"""Errors of one form: ``{"error": {"code", "message", "detail"}}``."""

import logging
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from core.answer import KintsugiError, NoAnswer
from core.hub import opened
from core.indicators import NotEnoughCandles, NoVolume

log = logging.getLogger(__name__)


NOT_THERE = frozenset({"unknown_symbol", "skipped_unserved"})
"""Outcomes after which asking again is as vain: nobody has it."""


class Error(BaseModel):
    """``code`` for programs, ``message`` for people, ``detail`` as the code has it."""

    code: str
    message: str
    detail: Any = None


class Problem(BaseModel):
    """The body of every answer that is an error."""

    error: Error


class Refused(Exception):
    """Not allowed, or not now: an error as an exception. ``wait``: seconds until it is worth a new try."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        wait: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.wait = wait
        self.headers = dict(headers or {})
        if wait is not None:
            self.headers["Retry-After"] = str(math.ceil(wait))


def said(status: int, code: str, message: str, detail: Any = None) -> JSONResponse:
    """An error as a response."""
    return JSONResponse({"error": {"code": code, "message": message, "detail": detail}}, status)


def unanswered(error: NoAnswer) -> JSONResponse:
    """Nobody has it (404), or nobody could give it now (503), with every attempt."""
    hub = opened()
    detail = {
        "lab": hub is not None and hub.hub.simulated,
        "offline": error.offline,
        "attempts": [asdict(attempt) for attempt in error.attempts],
    }
    if {attempt.outcome for attempt in error.attempts} <= NOT_THERE:
        return said(404, "not_served", str(error), detail)
    return said(503, "no_answer", str(error), detail)


async def not_found(request: Request) -> JSONResponse:
    """No such path."""
    return said(404, "not_found", f"{request.url.path}: no such path; /api/docs lists what there is")


def install(api: FastAPI) -> None:
    """Give every failure of this app its form."""

    @api.exception_handler(NoAnswer)
    async def _(_: Request, error: NoAnswer) -> JSONResponse:
        return unanswered(error)

    @api.exception_handler(Refused)
    async def _(_: Request, error: Refused) -> JSONResponse:
        detail = None if error.wait is None else {"wait": round(error.wait, 1)}
        response = said(error.status, error.code, str(error), detail)
        response.headers.update(error.headers)
        return response

    @api.exception_handler(RequestValidationError)
    async def _(_: Request, error: RequestValidationError) -> JSONResponse:
        problems = [_problem(entry) for entry in error.errors()]
        return said(400, "bad_argument", "; ".join(entry["message"] for entry in problems), problems)

    @api.exception_handler(NotEnoughCandles)
    async def _(_: Request, error: NotEnoughCandles) -> JSONResponse:
        return said(400, "not_enough_candles", str(error), {"needed": error.needed, "got": error.got})

    @api.exception_handler(NoVolume)
    async def _(_: Request, error: NoVolume) -> JSONResponse:
        return said(400, "no_volume", str(error))

    @api.exception_handler(OSError)
    async def _(_: Request, error: OSError) -> JSONResponse:
        log.error("the hub is not to be had: %s", error)
        return said(503, "unavailable", "the hub is not to be had; the log of this server has the details")

    @api.exception_handler(ValueError)
    @api.exception_handler(KintsugiError)
    async def _(_: Request, error: Exception) -> JSONResponse:
        if isinstance(error, ValueError):
            return said(400, "bad_argument", str(error))
        return said(503, "unavailable", str(error))

    @api.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404:
            return await not_found(request)
        code = {405: "method_not_allowed", 413: "too_large"}.get(error.status_code, "refused")
        response = said(error.status_code, code, f"{request.method} {request.url.path}: {error.detail}")
        response.headers.update(error.headers or {})
        return response

    @api.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return said(500, "internal", "a fault of this server; its log has the details")


def _problem(entry: Any) -> dict[str, Any]:
    """One refused argument: field, value, and what is allowed."""
    field = str(entry["loc"][-1])
    if entry["type"] == "json_invalid":
        message = f"body: no JSON: {entry['ctx']['error']} at character {entry['loc'][-1] + 1}"
        return {"field": "body", "value": None, "message": message}
    if entry["type"] == "missing":
        return {"field": field, "value": None, "message": f"{field}: expected, and not given"}
    if entry["type"] == "extra_forbidden":
        return {"field": field, "value": None, "message": f"{field}: no such argument"}
    if isinstance(entry["input"], bytes):
        message = f"{field}: expected JSON, with the header Content-Type: application/json"
        return {"field": field, "value": None, "message": message}
    value = str(entry["input"])[:60]
    reason = entry["msg"].removeprefix("Value error, ")
    return {"field": field, "value": value, "message": f"{field}={value!r}: {reason[:1].lower()}{reason[1:]}"}
