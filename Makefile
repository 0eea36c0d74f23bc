# `make run` and `make test` are all that you need; each sets up .venv first when it is missing or stale.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

# uv does not read pip's settings: pass a company mirror on.
UV_INDEX_URL ?= $(PIP_INDEX_URL)
UV := $(if $(UV_INDEX_URL),UV_INDEX_URL=$(UV_INDEX_URL) )$(BIN)/uv

# In the order of their folders, the tests of a file together, which share what takes long to make: sorted by
# their number of tests, files with few long ones would be left for the end.
PYTEST := $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder
# Tests start some fifty JVMs, which an archive of Spark's classes lets start a third faster.
CLASSES := .venv/spark-classes.jsa
ARCHIVED := -XX:SharedArchiveFile='$(CURDIR)/$(CLASSES)' -Xlog:cds=off -Xlog:cds+dynamic=off

.PHONY: help run test test-all setup dev check check-newest format lock clean browser pictures bench azurite azurite-stop azurite-lock

help:  ## What can be typed here
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

run: $(STAMP)  ## Three weeks of sample publications, raw to gold
	@$(BIN)/cloudflix run --weeks 3

# Where it is set, as in many containers, each of hundreds of processes would compile all modules anew.
test test-all: export PYTHONDONTWRITEBYTECODE =
# Four processes on sail, where many tests wait.
test: $(STAMP)  ## Every promise once, on sail (5 minutes)
	@CLOUDFLIX_ENGINE=sail $(PYTEST) -n 4 -m "not slow"

test-all: export PYSPARK_SUBMIT_ARGS = --conf "spark.driver.defaultJavaOptions=$(ARCHIVED)" pyspark-shell
# A JVM keeps more than a core busy.
test-all: $(STAMP) $(CLASSES) browser  ## Every test on sail, then on spark those that both engines must pass (45 minutes)
	@echo "Running all tests on the engine sail"
	@CLOUDFLIX_ENGINE=sail $(PYTEST) -n 4
	@echo "Running the tests that both engines must pass on the engine spark"
	@CLOUDFLIX_ENGINE=spark $(PYTEST) -n 2 -m both_engines

setup: $(STAMP)  ## Only set up .venv

dev: $(STAMP)  ## Dagster's web UI on the same lake
	@$(BIN)/cloudflix dev

azurite: $(STAMP)  ## A storage account on this machine, in memory and in the background (needs Node.js)
	@$(BIN)/python -m cloudflix_assets_tests.loopback.azure.serve start

azurite-stop: $(STAMP)  ## End it, and what is in it
	@$(BIN)/python -m cloudflix_assets_tests.loopback.azure.serve stop

azurite-lock: $(STAMP)  ## Pin what its package.json asks for
	@$(BIN)/python -m cloudflix_assets_tests.loopback.azure.lock

bench: $(STAMP)  ## Side by side with scripts written by hand, to benchmarks/RESULTS.md (half an hour)
	@$(BIN)/python -m benchmarks.bench

check: $(STAMP)  ## Lint, types, import contracts, definitions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@DAGSTER_DISABLE_TELEMETRY=yes $(BIN)/dg check defs

check-newest: $(STAMP)  ## The tests that know Dagster best, on its newest patch release (in .venv-newest; not in CI)
	@$(PYTHON) -m venv --clear .venv-newest
	@sed 's/"\(dagster[a-z-]*\)==\([0-9]*\.[0-9]*\)\.[0-9]*"/"\1~=\2.0"/' pyproject.toml > .venv-newest/pyproject.toml
	@cp requirements.lock .venv-newest/
	@$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  --upgrade-package=dagster $(addprefix --upgrade-package=dagster,-graphql -webserver -azure -databricks -pyspark -dg-cli -shared -pipes) \
	  --group .venv-newest/pyproject.toml:dev .venv-newest/pyproject.toml --output-file .venv-newest/requirements.lock
	@$(UV) pip install --quiet --python .venv-newest/bin/python --require-hashes \
	  --build-constraints requirements.lock -r .venv-newest/requirements.lock
	@.venv-newest/bin/python -m pip list 2>/dev/null | grep -i '^dagster '
	@PYTHONPATH=. CLOUDFLIX_ENGINE=sail .venv-newest/bin/python -m pytest -q -n 2 --dist loadfile -m "not slow" \
	  $(addprefix cloudflix_assets_tests/,test_definitions.py assets/test_steps.py automation instance runs/test_backfill.py)

format: $(STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(STAMP)  ## Pin what pyproject.toml asks for
	@$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  --group dev pyproject.toml --output-file requirements.lock

# Tests of the web UI say so if there is none.
browser:  ## Debian's chromium, where it is missing and the user is root
	@command -v chromium >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || { \
	  echo "Installing Debian's package chromium (a minute)"; \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
	    chromium fonts-liberation >/dev/null; } || echo "chromium cannot be installed here"

pictures: $(STAMP) browser  ## The pictures of the README
	@$(BIN)/python docs/pictures/take.py

clean:
	@[ ! -f .azurite.pid ] || [ ! -x $(BIN)/python ] || $(BIN)/python -m cloudflix_assets_tests.loopback.azure.serve stop
	rm -rf .venv .venv-newest .cloudflix .cloudflix-azurite .azurite.env .azurite.pid .azurite.log
	rm -rf cloudflix_assets_tests/loopback/azure/node_modules

# An empty one is ignored, and tests that fail for the same reason tell it.
$(CLASSES): $(STAMP)
	@echo "Archiving the classes of Spark's JVM (half a minute)"
	@$(BIN)/python -m cloudflix_assets_tests.spark_classes $(CLASSES) 2>$(CLASSES).log || touch $(CLASSES)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "cloudflix needs Python 3.11 or later: run \`make PYTHON=python3.12 …\` with one that is."; exit 1; }
	@echo "Setting up .venv from requirements.lock (one or two minutes, 2 GB)"
	@$(PYTHON) -m venv --clear .venv
	@awk '/^uv==/ {on=1} on {print} on && !/\\$$/ {exit}' requirements.lock > .venv/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes \
	  --compile-bytecode --build-constraints requirements.lock -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(STAMP)
