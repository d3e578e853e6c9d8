"""The ASGI app: pages and REST on one server. `streamlit run app.py`, or `uvicorn app:app`."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

from core.hub import close_shared, shared
from core.rest import routes


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Open the shared hub off the server's loop; close it at the end."""
    await asyncio.to_thread(shared)
    # Streamlit collects garbage after every run: what was imported once need not be searched each time.
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        await asyncio.to_thread(close_shared)


app = st.App(Path(__file__).parent / "core" / "ui" / "router.py", lifespan=lifespan, routes=routes())
