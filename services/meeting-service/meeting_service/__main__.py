"""`python -m meeting_service run|migrate|rebuild NAME|openapi`."""

from epep_runtime.cli import main
from meeting_service.main import SERVICE

raise SystemExit(main(SERVICE))
