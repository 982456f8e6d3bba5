# Everything runs from .venv; a fresh machine needs Python 3.11 or newer (with venv) and make, nothing else.
# make demo: see it work · make serve: the portal · make test: the suite · make check: what has to be green

# A bare environment has no PATH, and nothing is found without one.
export PATH := $(or $(PATH),/usr/local/bin:/usr/bin:/bin)
export SERVE PORT RESET LONG
VENV := .venv
PY := $(VENV)/bin/python
# Other scanners of models, which pin older versions of what we use.
SCANNERS := .venv-scanners
PYTHONS := python3.13 python3.12 python3.11 python3
CODE := manage.py config governance audits licenses
TRANSLATIONS := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/django.po))
# make test LONG=1 runs the long variants too; ARGS= goes to pytest. Three processes: many tests wait for a server.
PYTEST := $(PY) -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo serve worker test check bench imports lock messages clean

help:
	@echo "make setup | demo [SERVE=0] [PORT=8000] [RESET=1] | serve [PORT=8000] | worker | test [LONG=1] | check | bench"
	@echo "     imports | lock | messages | clean"

setup: $(VENV)/.ready $(TRANSLATIONS)
	@:

demo: $(VENV)/.ready-demo $(TRANSLATIONS)
	@exec $(PY) demo/run.py

serve: setup
	@$(PY) manage.py migrate --verbosity 0
	@exec $(PY) manage.py serve

worker: setup
	@exec $(PY) -m celery --app config worker --queues ci,scheduled,upkeep --loglevel INFO

test: $(VENV)/.ready-dev $(SCANNERS)/.ready $(TRANSLATIONS)
	$(PYTEST)

check: $(VENV)/.ready-dev $(SCANNERS)/.ready $(TRANSLATIONS)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy $(CODE)
	$(PY) $(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PYTEST)

imports: $(VENV)/.ready-dev
	$(PY) $(VENV)/bin/lint-imports

bench: $(VENV)/.ready-dev $(TRANSLATIONS)
	@for one in bench/*.py; do echo "== $$one"; $(PY) $$one || exit 1; done

# The exact versions, with hashes, for Python 3.11 to 3.13 (needs uv).
lock:
	$(COMPILE) requirements.in --output-file requirements.txt
	cd requirements && $(COMPILE) models.in --output-file models.txt
	cd requirements && $(COMPILE) demo.in --output-file demo.txt
	cd requirements && $(COMPILE) transformers.in --output-file transformers.txt
	cd requirements && $(COMPILE) dev.in --output-file dev.txt
	cd requirements && $(COMPILE) mitigation.in --output-file mitigation.txt
	cd requirements && $(COMPILE) metrics.in --output-file metrics.txt
	cd requirements && $(COMPILE) scanners.in --output-file scanners.txt
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

# Collect the visible strings for the translators (needs gettext).
messages: $(VENV)/.ready
	$(PY) manage.py makemessages --locale ru --no-location --ignore ".venv*/*" --ignore "var/*" --ignore "tests/*"

clean:
	rm -rf $(VENV) $(SCANNERS) var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache $(TRANSLATIONS)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The language has to be named: without it the rules for plurals are lost.
locale/%/LC_MESSAGES/django.mo: locale/%/LC_MESSAGES/django.po
	@$(PY) -m babel.messages.frontend --quiet compile --locale $* --input-file $< --output-file $@

# --- the environment: one stamp for each set of packages; the larger sets contain the smaller ones --------------------

$(VENV)/.ready: requirements.txt
	$(call install,requirements.txt,.ready)
$(VENV)/.ready-demo: requirements/demo.txt
	$(call install,requirements/demo.txt,.ready .ready-demo)
$(VENV)/.ready-dev: requirements/dev.txt
	$(call install,requirements/dev.txt,.ready .ready-demo .ready-dev)
# One of these is not there for Python 3.13 yet, so that the newest one is not taken first.
$(SCANNERS)/.ready: VENV := $(SCANNERS)
$(SCANNERS)/.ready: PY := $(SCANNERS)/bin/python
$(SCANNERS)/.ready: PYTHONS := python3.12 python3.11 python3.13 python3
$(SCANNERS)/.ready: requirements/scanners.txt
	$(call install,requirements/scanners.txt,.ready)

# The newest Python that the exact versions are for, else any that is new enough. It has to run: some are only shims.
# At a terminal the installer shows its own progress.
define install
@set -e; \
for python in $(PYTHON) $(PYTHONS); do \
  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; python=; \
done; \
if [ -z "$$python" ]; then \
  echo "Assay needs Python 3.11 or newer, and there is none on the PATH. Install it (Debian, Ubuntu: python3" \
    "python3-venv) or name one: make PYTHON=/path/to/python3" >&2; exit 1; \
fi; \
python=$$(command -v "$$python"); \
if ! "$(PY)" -c "" >/dev/null 2>&1; then new=1; else new=; fi; \
echo "Installing $(1) into $(VENV): a minute or two, most of it downloads …"; \
if [ -t 1 ]; then quiet=; else quiet=-qq; fi; \
if { uv --version && { [ -z "$$new" ] || uv venv --clear --python "$$python" $(VENV); }; } >/dev/null 2>&1 \
  && uv pip install $$quiet --python $(PY) --requirement $(1); then :; else \
  if [ -n "$$new" ] && ! "$$python" -m venv --clear $(VENV); then \
    echo "This Python cannot make a virtual environment. Install its venv (Debian, Ubuntu: python3-venv)" \
      "or name another one: make PYTHON=/path/to/python3" >&2; exit 1; \
  fi; \
  $(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null; \
  $(PY) -m pip install $$quiet --disable-pip-version-check --requirement $(1); \
fi; \
cd $(VENV) && touch $(2)
endef
