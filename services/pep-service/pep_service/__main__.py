"""`python -m pep_service run|migrate|rebuild NAME|…`, and `history PEP` for an operator."""

import sys

from epep_runtime.cli import main
from pep_service.history.command import history
from pep_service.main import SERVICE

if __name__ == "__main__":
    if sys.argv[1:2] == ["history"]:
        raise SystemExit(history(sys.argv[2:]))
    raise SystemExit(main(SERVICE))
