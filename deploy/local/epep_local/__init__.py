"""The whole system on one machine: servers, processes, backends for tests."""
