"""Whether the process lives, and whether it can serve."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse

routes = APIRouter()


@routes.get("/livez")
async def livez() -> PlainTextResponse:
    """Answer that the process lives."""
    return PlainTextResponse("ok")


@routes.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Answer 200 when the session store answers. The services' health is their own to tell."""
    try:
        ready = await request.app.state.portal.store.ready()
    except Exception as error:
        return JSONResponse({"status": "database unavailable", "error": type(error).__name__}, 503)
    return JSONResponse(
        {"status": "ok" if ready else "database unavailable"}, 200 if ready else 503
    )
