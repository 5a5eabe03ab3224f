"""`python -m notification_service run|migrate|rebuild NAME|openapi`."""

from epep_runtime.cli import main
from notification_service.main import SERVICE

raise SystemExit(main(SERVICE))
