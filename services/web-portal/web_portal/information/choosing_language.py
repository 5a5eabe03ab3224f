"""Choosing the language of the pages, where more than one is switched on."""

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.logging_in.routes import where_next
from web_portal.problems import NotFoundError
from web_portal.web.language_middleware import keep
from web_portal.web.visit import AnyVisit

routes = APIRouter()


@routes.post("/language")
async def choose_language(visit: AnyVisit) -> Response:
    """Remember the language in a cookie and show the page again that the person was on."""
    form = await visit.form()
    language = visit.portal.languages.get(str(form.get("language")))
    if language is None:
        raise NotFoundError(404)
    answer = visit.go(where_next(visit, form.get("here")))
    keep(answer, language)
    return answer
