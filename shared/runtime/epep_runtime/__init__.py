"""The machinery every service composes: event store, relay, subscriptions, HTTP, telemetry."""
