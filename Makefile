# Needs Python >= 3.11, make and a package index. `make PYTHON=python3.13 run` uses another Python.
PYTHON ?= python3
PORT ?= 8000
export PORT

.PHONY: help .venv run test coverage test-broker test-long check bench switch batch kills openapi schemathesis drift pages rollups pictures docs model-validation zoo lock clean

help:  ## what can be made
	@grep -hE '^[.a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## +/\t/' | expand -t 20

.venv: .venv/dev.stamp  ## only install, with everything that tests and checks need

run: .venv/run.stamp  ## start the demo on PORT (8000); Ctrl-C stops it
	@exec .venv/bin/python manage.py run

test: .venv/dev.stamp  ## the test suite; TIER=unit (integration, model_validation, browser); ARGS="-k form", "-n 0"
	.venv/bin/pytest -m "not long$(if $(TIER), and $(TIER))" -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

coverage: .venv/dev.stamp  ## the test suite and how much of the code it runs: fails below 95 %; TIER and ARGS as for test
	@scripts/ci/coverage.sh -m "not long$(if $(TIER), and $(TIER))" -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-broker: .venv/dev.stamp  ## files of rows and killed workers through the broker of CELERY_BROKER_URL
	.venv/bin/pytest -n 0 tests/predictions/test_batch_kills.py tests/predictions/test_batch_hints.py $(ARGS)

test-long: .venv/dev.stamp  ## the long forms of the tests
	.venv/bin/pytest -m long -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/dev.stamp  ## lint, formats, types, migrations, deployment settings
	@scripts/check

bench: .venv/dev.stamp  ## compare with a plain service; ARGS="--json"
	.venv/bin/python benchmarks/serving.py $(ARGS)

switch: .venv/dev.stamp  ## from a push to a served version under load; ARGS="--json"
	.venv/bin/python benchmarks/switch.py $(ARGS)

batch: .venv/dev.stamp  ## a file of a million rows against a bare script; ARGS="--json"
	.venv/bin/python benchmarks/batch.py $(ARGS)

kills: .venv/dev.stamp  ## kill the web server and the database under load; ARGS="--json"
	.venv/bin/python -m benchmarks.api_kills $(ARGS)
	.venv/bin/python -m benchmarks.api_races $(ARGS)
	.venv/bin/python -m benchmarks.database_faults $(ARGS)
	.venv/bin/python -m benchmarks.batch_kills $(ARGS)
	.venv/bin/python -m benchmarks.batch_kills --broker redis $(ARGS)
	.venv/bin/python -m benchmarks.batch_kills --broker amqp $(ARGS)

openapi: .venv/dev.stamp  ## write docs/openapi.json, which /api/v1/schema serves
	.venv/bin/python manage.py write_openapi

schemathesis: .venv/dev.stamp  ## ten thousand requests made from the OpenAPI document, in every role
	.venv/bin/pytest -m long -n 0 -s tests/api $(ARGS)

drift: .venv/dev.stamp  ## how often drift is seen where there is none, and where there is; ARGS="--json"
	.venv/bin/python benchmarks/drift.py $(ARGS)

pages: .venv/dev.stamp  ## each page's time with a million answers and 100 000 records; ARGS="--json"
	.venv/bin/python benchmarks/pages.py $(ARGS)

rollups: .venv/dev.stamp  ## an hour of 100 000 answers counted, and monitoring with 10 000 answers against 10 000 000
	.venv/bin/python benchmarks/rollups.py --hour 100000
	.venv/bin/python benchmarks/rollups.py $(ARGS)

pictures: .venv/dev.stamp  ## take the pictures of docs/pictures from a demo of their own
	.venv/bin/python scripts/pictures.py

docs: .venv/dev.stamp  ## build the documentation into var/site; a broken link fails
	.venv/bin/python -m scripts.docs.write_pages
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict

model-validation: .venv/dev.stamp  ## train the convnet (PyTorch, own venv); ARGS="torch==2.13.0+cpu"
	.venv/bin/python scripts/model_validation.py $(ARGS)

zoo: .venv/dev.stamp  ## which pipelines are served as ONNX: writes docs/zoo.md; ARGS="--rows 2000"
	.venv/bin/python benchmarks/zoo.py --markdown docs/zoo.md $(ARGS)

lock: .venv/dev.stamp  ## compile requirements/*.txt from pyproject.toml
	scripts/lock

clean:  ## delete .venv and caches; the demo's data in var/ stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) scripts/make_venv.py

.venv/%.stamp: requirements/%.txt requirements/bootstrap.txt | .venv/bin/python
	@.venv/bin/python scripts/install.py $*
