"""What pep-service is told by its environment: nothing beyond what every service is told."""

from epep_runtime.settings import Settings


class PEPSettings(Settings):
    """The settings of pep-service (`EPEP_*`)."""
