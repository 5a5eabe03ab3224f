"""`python -m web_portal.translating`: collect what is to translate, update the catalogues.

Further languages are begun by naming their codes.
"""

import sys
from pathlib import Path

from epep_runtime.translating import JINJA, Collection

PACKAGE = Path(__file__).parent
TEXTS = Collection(
    name="portal",
    folder=PACKAGE,
    methods=[("**/templates/**.html", "jinja2"), ("**.py", "python")],
    options={"**/templates/**.html": JINJA},
    keywords={"by_count": (1, 2)},
)

if __name__ == "__main__":
    sys.exit(TEXTS.write(sys.argv[1:]))
