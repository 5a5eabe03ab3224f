"""`python -m qa_service run|migrate|rebuild NAME|openapi`."""

from epep_runtime.cli import main
from qa_service.main import SERVICE

raise SystemExit(main(SERVICE))
