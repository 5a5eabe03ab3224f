# Everything you can ask for: `make help`. Needs only make and Python 3.11 or newer.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first Python that is new enough; `make PYTHON=/path/to/python up` names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; exit; }; \
	done; echo none)
BIN := .venv/bin
PACKAGES := shared/events shared/runtime shared/access \
	services/pep-service services/meeting-service services/notification-service \
	services/qa-service services/identity-service services/web-portal \
	deploy/local deploy/demo tools/epepctl
READY := .venv/ready
# By another name than MAKE, so that `make -n test` only says what it would do.
LINT = $(MAKE) lint
# Two halves at a time: most of the fast tests' time is importing what they test.
FAST_HALVES := "services/pep-service deploy tools bench tests" "shared services/meeting-service \
	services/notification-service services/qa-service services/identity-service services/web-portal"

.PHONY: bench chaos fuzz kafka-away help up down status logs reset setup rebuild test test-fast lint format types messages lock browser

help: ## Show this list
	@echo "ePEP: make COMMAND"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

up: $(READY) ## Start everything, load the demo the first time, say where it is
	@$(BIN)/python -m epep_local up

down: $(READY) ## Stop everything; the data stays
	@$(BIN)/python -m epep_local down

status: $(READY) ## Show each process, its port, its health, and how far it is behind
	@$(BIN)/python -m epep_local status

logs: $(READY) ## Follow the logs (SERVICE=pep for one)
	@$(BIN)/python -m epep_local logs $(SERVICE)

reset: $(READY) ## Remove all data of `make up`, after asking (YES=1 doesn't ask)
	@$(BIN)/python -m epep_local reset $(if $(filter 1,$(YES)),--yes)

test: $(READY) browser ## Run every check and every test (some 15 minutes on 2 cores)
	@echo "Whole-system tests run beside all else; what they print comes at the end"
	@$(BIN)/pytest -m "system or browser" > .venv/system.log 2>&1 & system=$$!; \
		$(LINT) || { kill $$system; exit 1; }; \
		$(BIN)/pytest -m "not system and not browser"; others=$$?; \
		wait $$system; system=$$?; cat .venv/system.log; exit $$((others ? others : system))

test-fast: $(READY) ## Run format, lint and the tests that need no servers (under 20 s)
	@$(BIN)/ruff format --quiet --check $(PACKAGES) tests bench
	@$(BIN)/ruff check --quiet $(PACKAGES) tests bench
	@printf '%s\n' $(FAST_HALVES) | \
		xargs -P 2 -I{} sh -c '$(BIN)/pytest -m "not servers and not system and not browser" {}'

chaos: $(READY) ## Kill anything at random under load, then check every promise (about 12 minutes)
	@PYTHONPATH=tests/integration $(BIN)/python tests/chaos/chaos.py

fuzz: $(READY) ## Send every service made-up requests (CASES=20000), as several roles; no 500
	@EPEP_FUZZ_CASES=$(or $(CASES),20000) $(BIN)/pytest -s tests/integration/test_schemathesis.py

kafka-away: $(READY) ## Work while Kafka is away (MINUTES=10), then watch the outbox drain
	@PYTHONPATH=tests/integration $(BIN)/python tests/chaos/kafka_away.py

lint: $(READY) ## Check format, style, types and which part may import which
	@$(BIN)/ruff format --check $(PACKAGES) tests bench
	@$(BIN)/ruff check $(PACKAGES) tests bench
	@$(MAKE) types
	@$(BIN)/lint-imports

# Each package's conftest.py has the same name, so mypy takes those one by one.
types: $(READY)
	@$(BIN)/mypy --exclude '/conftest\.py$$' $(PACKAGES) tests bench
	@for file in $$(find $(PACKAGES) tests -name conftest.py); do \
		$(BIN)/mypy --no-error-summary $$file || exit 1; done

bench: $(READY) ## Measure against the bare thing (P=P1,P3 for some); writes bench/results.md
	@PYTHONPATH=$(CURDIR)/bench $(BIN)/python -m epep_bench $(P)

format: $(READY) ## Format the code and mend what can be mended
	@$(BIN)/ruff format $(PACKAGES) tests bench
	@$(BIN)/ruff check --fix $(PACKAGES) tests bench

messages: $(READY) ## Collect the texts of pages, mails and answers and bring their translations up to date
	@$(BIN)/python -m web_portal.translating
	@$(BIN)/python -m notification_service.translating
	@$(BIN)/python -m epep_runtime.answer_texts

lock: $(READY) ## Turn requirements.in into requirements.lock, with hashes, and the image's
	@$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --quiet \
		--no-emit-index-url --no-emit-find-links requirements.in -o requirements.lock
	@$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --quiet \
		--no-emit-index-url --no-emit-find-links --constraints requirements.lock \
		deploy/docker/requirements.in -o deploy/docker/requirements.lock

browser: $(READY)
	@$(BIN)/python -m epep_local.browser

setup: $(READY) ## Make the environment in .venv

rebuild: ## Make the environment in .venv afresh
	@rm -rf .venv
	@$(MAKE) setup

# uv comes by pip from the same lock file as all the rest, so that its hash is checked too.
$(READY): requirements.lock $(PACKAGES:%=%/pyproject.toml)
	@[ "$(PYTHON)" != none ] || { echo "ePEP needs Python 3.11 or newer, and there is none on the\
	 PATH. Install it, or name it: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ePEP needs Python\
	 3.11 or newer, but $(PYTHON) is `$(PYTHON) --version 2>&1`. Name another: make\
	 PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) comes without venv or\
	 ensurepip. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@echo "Making the environment in .venv (some minutes the first time)"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@awk '/^uv==/ { on = 1; print; next } /^[^ ]/ { on = 0 } on && !/#/' requirements.lock \
		> .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes -r .venv/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
		$(PACKAGES:%=-e ./%)
	@touch $(READY)
