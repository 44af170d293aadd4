# Everything runs in .venv, which is created on first use with Python 3.11 or newer: make demo PYTHON=python3.13
PYTHON ?= python3
PORT ?= 8000
EXAMPLES ?= 100
KILLS ?= 1000
MEETINGS ?= 20
FAULTS ?= 500
TRIALS ?= 500
FUZZ_SECONDS ?= 60
ROUNDS ?= 4
BIN := .venv/bin
BENCH := .venv-bench/bin
LANGUAGES := de es fr zh_Hans
CATALOGUES := $(LANGUAGES:%=src/django_polyimages/locale/%/LC_MESSAGES/django.po)
DATABASE_TESTS := tests/api tests/admin tests/faults/test_database_faults.py tests/management tests/models tests/operations tests/pipeline tests/test_access.py tests/test_hosts.py tests/races tests/test_receivers.py tests/test_search_index.py tests/tasks tests/uploads
FAULT_TESTS := $(addprefix tests/faults/test_,storage_faults.py database_faults.py full_disk.py fairness.py leaks.py)
# As many processes as there are cores; tests/side_by_side.py says which tests stay together.
SIDE_BY_SIDE := -n auto --maxprocesses=4 --dist loadfile
MANAGE := $(BIN)/python example_project/manage.py

.PHONY: help demo demo-worker demo-celery test quick databases fuzz faults check format messages docs screenshots joins tox bench bench-docs bench-guard clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13

demo: .venv/demo ## the example project with sample pictures on http://127.0.0.1:PORT; a minute or two at first
	$(MANAGE) demo --port $(PORT)

demo-worker: .venv/engines ## the demo with a worker of the database that generates the versions
	POLYIMAGES_ENGINE=database $(MANAGE) demo --port $(PORT)

demo-celery: .venv/engines ## the demo with Celery and a Redis server of its own; needs redis-server
	POLYIMAGES_ENGINE=celery $(BIN)/python example_project/with_redis.py $(MANAGE) demo --port $(PORT)

test: .venv/dev ## all tests, with coverage; about thirteen minutes on two cores
	$(BIN)/pytest $(SIDE_BY_SIDE) --cov --cov-report=term

quick: .venv/dev ## the tests without browser, npm, servers, mypy and the demo; a few minutes on two cores
	$(BIN)/pytest -n auto -m "not slow"

databases: .venv/dev ## tests of models and API on PostgreSQL and MariaDB, which are started for the tests
	.ci/database postgres $(BIN)/pytest $(SIDE_BY_SIDE) $(DATABASE_TESTS)
	.ci/database mariadb $(BIN)/pytest $(SIDE_BY_SIDE) $(DATABASE_TESTS)

fuzz: .venv/dev ## schemathesis against the example project, with EXAMPLES per endpoint and an optional SEED
	$(BIN)/python tests/fuzz.py $(EXAMPLES) $(SEED)

# Says how long it took. WITHOUT=note turns a protection off, see tests/faults/without.py; it then has to fail.
CAMPAIGN := .ci/database postgres $(BIN)/python -m tests.faults --seed $(or $(SEED),1)
faults: .venv/dev ## kills, faults, races and fuzzing for about an hour and a half; docs/reliability.md says what KILLS, FAULTS, TRIALS and SEED do
	$(CAMPAIGN) --kills $(KILLS) --meetings $(MEETINGS) $(if $(WITHOUT),--without $(WITHOUT))
	$(if $(WITHOUT),,$(CAMPAIGN) --without all)
	$(if $(WITHOUT),,FAULTS=$(FAULTS) SEED=$(or $(SEED),1) .ci/database postgres $(BIN)/pytest -p no:randomly -s $(FAULT_TESTS))
	$(if $(WITHOUT),,POLYIMAGES_TRIALS=$(TRIALS) .ci/database postgres $(BIN)/pytest -p no:randomly -s tests/races)
	$(if $(WITHOUT),,POLYIMAGES_TRIALS=$(TRIALS) .ci/database mariadb $(BIN)/pytest -p no:randomly -s tests/races)
	$(if $(WITHOUT),,$(BIN)/python tests/faults/fuzz_inspection.py $(FUZZ_SECONDS) $(or $(SEED),1))

check: .venv/dev node_modules/.package-lock.json ## ruff, mypy, import-linter, eslint, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	npm run --silent lint
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) check --fail-level WARNING

format: .venv/dev ## fix and format with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Without line numbers and dates, so that a catalogue changes only if a text does.
messages: .venv/dev ## update the translation catalogues and compile them; needs GNU gettext
	cd src/django_polyimages && $(CURDIR)/$(BIN)/django-admin makemessages $(LANGUAGES:%=--locale %) --add-location file --no-obsolete
	sed -i.old '/^"POT-Creation-Date/d' $(CATALOGUES) && rm $(CATALOGUES:=.old)
	cd src/django_polyimages && $(CURDIR)/$(BIN)/django-admin compilemessages

docs: .venv/docs ## build the documentation in docs/_build; warnings are errors
	$(BIN)/sphinx-build -W --keep-going --fresh-env --quiet -b html docs docs/_build

screenshots: .venv/dev ## take the screenshots for the documentation, with Chromium
	$(BIN)/python docs/screenshots.py

joins: .venv/dev ## the tests of models/joins with every Django, and with the next one
	$(BIN)/tox run -f joins

tox: .venv/dev ## the test suite with every installed Python and every supported Django
	$(BIN)/tox

# PICTURES=12mp,48mp,png or PHOTOS=folder, ONLY=polyimages,limit,parallel-limit,sorl-vips, PARTS=disk,s3,lists
bench: .venv-bench/ready ## compare uploads and lists with other packages and with the limit, in ROUNDS rounds
	$(BENCH)/python -m benchmarks.compare --rounds $(ROUNDS) --pictures "$(PICTURES)" --photos "$(PHOTOS)" --only "$(ONLY)" --parts "$(PARTS)"

bench-docs: .venv-bench/ready ## write the results of make bench into docs/performance.md
	$(BENCH)/python -m benchmarks.compare.page

bench-guard: .venv-bench/ready ## refuse if uploads or lists have become slower, in under two minutes
	$(BENCH)/python -m benchmarks.guard $(SLOWER)

clean: ## forget .venv, node_modules and the demo's data
	rm -rf .typing .venv .venv-bench node_modules example_project/db.sqlite3 example_project/media example_project/originals

.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is required. Choose one with: make PYTHON=python3.13"; exit 1; }
	@echo "Creating .venv ..."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

PEERS := benchmarks/requirements-peers.txt
PHOTOGRAPHS := benchmarks/requirements-photographs.txt
.venv-bench/ready: pyproject.toml $(PEERS) $(PHOTOGRAPHS)
	@echo "Installing the package and those that it is compared with, in about a minute ..."
	$(PYTHON) -m venv .venv-bench
	$(BENCH)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BENCH)/python -m pip install --quiet --editable ".[ninja,s3,fast]" --requirement $(PEERS)
	$(BENCH)/python -m pip install --quiet --no-deps --requirement $(PHOTOGRAPHS)
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json
	@command -v npm > /dev/null || { echo "npm is needed for eslint"; exit 1; }
	npm ci --no-audit --no-fund --silent
	@touch $@

.venv/demo: pyproject.toml | .venv
	@echo "Installing the package and what the demo needs, in about a minute ..."
	$(BIN)/python -m pip install --quiet --editable ".[ninja,s3]" --group demo
	@touch $@

.venv/engines: .venv/demo
	$(BIN)/python -m pip install --quiet --group engines
	@touch $@

.venv/docs: pyproject.toml | .venv
	$(BIN)/python -m pip install --quiet --editable ".[ninja,s3]" --group docs
	@touch $@

.venv/dev: pyproject.toml | .venv
	$(BIN)/python -m pip install --quiet --editable ".[ninja,s3]" --group dev
	@touch $@ .venv/demo
