"""An empty authenticated FastAPI route: what P7 is held against."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from epep_runtime.postgres import open_pool
from epep_runtime.tokens import Principal, TokenVerifier

Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


async def somebody(request: Request, bearer: Bearer) -> Principal:
    """Return who asks."""
    verifier: TokenVerifier = request.app.state.verifier
    return await verifier.verify(bearer.credentials)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Have the keys of tokens at hand."""
    pool = await open_pool(os.environ["EPEP_DATABASE_URL"], 1)
    app.state.verifier = TokenVerifier(pool)
    yield
    await pool.close()


app = FastAPI(lifespan=lifespan)


@app.get("/livez")
async def livez() -> dict[str, str]:
    """Say that it is there."""
    return {}


@app.put("/empty")
async def empty(_: Annotated[Principal, Depends(somebody)]) -> dict[str, str]:
    """Do nothing for somebody."""
    return {}


if __name__ == "__main__":
    port = int(os.environ["EPEP_HTTP_PORT"])
    uvicorn.run(app, port=port, log_level="warning", access_log=False, loop="uvloop")
