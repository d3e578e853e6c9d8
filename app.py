"""The ASGI app: pages and REST on one server. `streamlit run app.py`, or `uvicorn app:app`."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit import file_util

from core.answer import KintsugiError
from core.environment import environment
from core.hub import close_shared, shared
from core.rest import routes
from core.rest.hardening import Hardening
from core.settings import Settings
from core.ui import login
from core.ui.authority import bound

log = logging.getLogger(__name__)

INDEX = Path(file_util.get_static_dir()) / "index.html"
"""Streamlit's own page, around every page of ours."""


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Open the shared hub while the first browser loads the page; close it at the end.

    A wrong setting ends the start here, by name. The search for a network may take seconds, off this loop.
    """
    Settings()
    opening = asyncio.create_task(_open())
    try:
        yield
    finally:
        await opening
        await asyncio.to_thread(close_shared)


async def _open() -> None:
    try:
        await asyncio.gather(asyncio.to_thread(shared), asyncio.to_thread(import_module, "core.charts"))
    except (KintsugiError, OSError) as error:
        log.error("the hub did not open, pages will try again: %s", error)  # noqa: TRY400 - it says enough
    # What was imported once need not be looked through for garbage each time.
    gc.collect()
    gc.freeze()


app = st.App(
    Path(__file__).parent / "core" / "ui" / "router.py",
    lifespan=lifespan,
    routes=routes(bound),
    middleware=[Middleware(Hardening, page=INDEX, hosts=lambda: Settings().allowed_hosts)],
    secrets=login.from_space(environment),
)
