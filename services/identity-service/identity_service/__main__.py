"""`python -m identity_service`: run the service, or act on its accounts as its operator."""

import sys

from identity_service.operating.command_line import COMMANDS, operate

if len(sys.argv) > 1 and sys.argv[1] in COMMANDS:
    raise SystemExit(operate(sys.argv[1:]))

from epep_runtime.cli import main
from identity_service.main import SERVICE

raise SystemExit(main(SERVICE))
