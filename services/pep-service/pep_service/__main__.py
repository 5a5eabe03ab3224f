"""`python -m pep_service run|migrate|…`, and for an operator `history PEP`, `erase CHILD`."""

import sys

from epep_runtime.cli import main
from pep_service.children.erasing import erase_child
from pep_service.history.command import history
from pep_service.main import SERVICE

if __name__ == "__main__":
    if sys.argv[1:2] == ["history"]:
        raise SystemExit(history(sys.argv[2:]))
    if sys.argv[1:2] == ["erase"]:
        raise SystemExit(erase_child(sys.argv[2:]))
    raise SystemExit(main(SERVICE))
