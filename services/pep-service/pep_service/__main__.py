"""`python -m pep_service run|migrate|rebuild NAME|openapi`."""

from epep_runtime.cli import main
from pep_service.main import SERVICE

if __name__ == "__main__":
    raise SystemExit(main(SERVICE))
