"""What `/metrics` says of the machinery, asked for at the moment it is scraped.

Beside these there are `epep_http_request_seconds{method,route,status}` (a histogram), what the
service adds for itself (`Service.metrics`), and the process's own.

| Metric (all are gauges) | What it is |
|---|---|
| `epep_subscription_lag_events{subscription}` | events behind in this worker's partitions: add up |
| `epep_subscription_lag_seconds{subscription}` | age of the oldest event behind: take max |
| `epep_parked_streams{subscription}` | streams that wait, of the whole service: take max |
| `epep_parked_oldest_seconds{subscription}` | for how long the oldest of them has waited |
| `epep_relay_leading` | 1 in the process that publishes: the sum must be 1 |
| `epep_relay_unsent_events` | events that are not in Kafka yet, of the whole service |
| `epep_relay_unsent_seconds` | age of the oldest of them |
| `epep_oldest_open_transaction_seconds` | what was committed after it waits for it: take max |
| `epep_log_unsealed_seconds` | age of the oldest event under no signed root yet: take max |
| `epep_rebuild_done_events{read_model,generation}` | how far a rebuild has come |
| `epep_rebuild_total_events{read_model,generation}` | how many there were when it was started |

Those of the relay come from processes with the role `relay`. While the database does not answer,
only the subscriptions' are there.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from epep_runtime.postgres import DATABASE_FAULTS, Pool

if TYPE_CHECKING:
    from epep_runtime.relay import Relay
    from epep_runtime.runner import Runner
    from epep_runtime.service import Running

PARKED = """
SELECT subscription, count(*) AS streams, extract(epoch FROM now() - min(parked_at)) AS seconds
  FROM parked_streams GROUP BY subscription
"""
UNSEALED = """
SELECT extract(epoch FROM now() - e.occurred_at)
  FROM publications p JOIN events e USING (position), sealed_place s
 WHERE p.publication > s.publication AND e.type <> 'LogSealed'
 ORDER BY p.publication LIMIT 1
"""
REBUILDS = """
SELECT g.read_model, g.number, g.total, coalesce(sum(p.next_offset), 0) AS done
  FROM generations g LEFT JOIN places p ON p.subscription = g.read_model || '@' || g.number
 WHERE g.state = 'building' GROUP BY g.read_model, g.number, g.total
"""


class _Found(Collector):
    """Hands over what was found."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        return self._metrics


async def exposition(process: "Running") -> bytes:
    """Return all metrics of a process in Prometheus' text format."""
    metrics = _lags(process.runners)
    try:
        metrics += await _parked(process.pool)
        metrics += await _rebuilds(process.pool)
        metrics.append(await _unsealed(process.pool))
        if process.relay:
            metrics += await _relay(process.relay)
        for ask in process.service.metrics:
            metrics += await ask(process)
    except DATABASE_FAULTS:
        pass  # the scrape must not fail when it is needed most; readiness says what is wrong
    registry = CollectorRegistry()
    registry.register(_Found(metrics))
    return generate_latest() + generate_latest(registry)


def gauge(name: str, what: str, labels: Sequence[str] = ()) -> GaugeMetricFamily:
    """Return a gauge called `epep_<name>`, to be given its values."""
    return GaugeMetricFamily(f"epep_{name}", what, labels=labels)


def _lags(runners: "Sequence[Runner]") -> list[Metric]:
    events = gauge("subscription_lag_events", "Events behind.", ["subscription"])
    seconds = gauge("subscription_lag_seconds", "Seconds behind.", ["subscription"])
    for runner in runners:
        lag = runner.lag()
        events.add_metric([lag["name"]], lag["lag_events"])
        seconds.add_metric([lag["name"]], lag["lag_seconds"])
    return [events, seconds]


async def _parked(pool: Pool) -> list[Metric]:
    streams = gauge("parked_streams", "Streams that wait.", ["subscription"])
    oldest = gauge("parked_oldest_seconds", "Age of the oldest of them.", ["subscription"])
    for row in await pool.fetch(PARKED):
        streams.add_metric([row["subscription"]], row["streams"])
        oldest.add_metric([row["subscription"]], float(row["seconds"]))
    return [streams, oldest]


async def _unsealed(pool: Pool) -> Metric:
    age = gauge("log_unsealed_seconds", "Age of the oldest event under no signed root yet.")
    age.add_metric([], float(await pool.fetchval(UNSEALED) or 0))
    return age


async def _rebuilds(pool: Pool) -> list[Metric]:
    labels = ["read_model", "generation"]
    done = gauge("rebuild_done_events", "Events that a rebuild has gone through.", labels)
    total = gauge("rebuild_total_events", "Events there were when it was started.", labels)
    for row in await pool.fetch(REBUILDS):
        names = [row["read_model"], str(row["number"])]
        done.add_metric(names, float(row["done"]))
        total.add_metric(names, row["total"])
    return [done, total]


async def _relay(relay: "Relay") -> list[Metric]:
    found = await relay.unsent()
    leading = gauge("relay_leading", "1 in the process that publishes.")
    leading.add_metric([], float(found["leading"]))
    events = gauge("relay_unsent_events", "Events that are not in Kafka yet.")
    events.add_metric([], found["unsent_events"])
    seconds = gauge("relay_unsent_seconds", "Age of the oldest of them.")
    seconds.add_metric([], found["unsent_seconds"])
    oldest = gauge("oldest_open_transaction_seconds", "What was committed later waits for it.")
    oldest.add_metric([], found["oldest_open_transaction_seconds"])
    return [leading, events, seconds, oldest]
