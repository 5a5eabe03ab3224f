"""Home: the children whom a person works with, across authorities."""

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.web.paging import page_number
from web_portal.web.visit import SignedIn

routes = APIRouter()
LONGEST_SEARCH = 100


@routes.get("/")
async def home(visit: SignedIn) -> Response:
    """List the person's children, those whom they last searched for."""
    search = visit.session.data.get("search", "")
    page = page_number(visit.request.query_params.get("page"))
    found = (await visit.call.get("pep", "/home", {"q": search, "page": page})).json
    authorities = {child["authority"]["code"] for child in found["children"]}
    return await visit.page(
        "home/home.html",
        title="Home",
        section="home",
        found=found,
        search=search,
        several=len(authorities) > 1,
    )


@routes.post("/search")
async def search(visit: SignedIn) -> Response:
    """Remember a search and show what it finds.

    It is kept in the session and not in the address: a child's name stays out of histories and
    logs.
    """
    wanted = (await visit.form()).get("q")
    text = wanted.strip()[:LONGEST_SEARCH] if isinstance(wanted, str) else ""
    visit.session.put("search", text or None)
    return visit.go("/")
