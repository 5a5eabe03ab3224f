"""How long a connection between two of ePEP's processes may lie idle, one number for both ends."""

KEEP_ALIVE_SECONDS = 75
"""After so long a server closes an idle connection.

A client must give it up well before, and a proxy in front as well: where both do so at the same
moment, a request is lost on its way. A third of it is a good time for a client.
"""
