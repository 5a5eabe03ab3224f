"""What an operator watches: mails that wait, and mails that nobody knows the end of."""

from prometheus_client.core import Metric

from epep_runtime.metrics import gauge
from epep_runtime.service import Running

WAITING = """
SELECT count(*) AS mails,
       greatest(coalesce(extract(epoch FROM max(now() - due_at)), 0),
                coalesce(extract(epoch FROM least(max(now() - put_out_at),
                    (SELECT now() - max(settled_at) FROM outbox WHERE state = 'sent'))), 0)
               ) AS seconds
  FROM outbox WHERE state IN ('waiting', 'claimed', 'sending')
"""
"""While the server is away every mail is put off, and due later: so it counts, too, for how long
some mail has waited and none has gone out. One that a single address puts off rings nothing as
long as others go out."""
ENDED = "SELECT state, count(*) AS mails FROM outbox WHERE settled_at IS NOT NULL GROUP BY state"


async def outbox_metrics(running: Running) -> list[Metric]:
    """Return the mails that wait, for how long in vain, and the ended ones by outcome."""
    row = await running.pool.fetchrow(WAITING)
    assert row is not None
    due = gauge("mails_due", "Mails that are not with the mail server yet.")
    due.add_metric([], row["mails"])
    oldest = gauge("mails_due_seconds", "How long one has been due, or none has gone out.")
    oldest.add_metric([], float(row["seconds"]))
    ended = gauge(
        "mails_ended", "Mails by outcome: sent, failed, uncertain, unmailed, gathered.", ["outcome"]
    )
    for each in await running.pool.fetch(ENDED):
        ended.add_metric([each["state"]], each["mails"])
    return [due, oldest, ended]
