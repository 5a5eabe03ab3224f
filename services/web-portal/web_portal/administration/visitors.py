"""Who may see the administration: the virtual school, within its own authorities."""

from web_portal.problems import NotFoundError
from web_portal.web.visit import Visit


def authority_of(visit: Visit) -> str:
    """Return the authority that the page is about: the one in the address, or the person's first.

    Raises NotFoundError for whoever is no virtual school there.
    """
    codes = visit.authorities_as_virtual_school
    wanted = visit.request.query_params.get("authority") or (codes[0] if codes else "")
    if wanted not in codes:
        raise NotFoundError(404)
    return wanted
