# `make` tells what there is to make.
.DEFAULT_GOAL := help
.PHONY: help demo demo-compose dev build test test-amqp test-minio test-knative test-knative-rabbit test-equivalence bench soak fuzz lint generate check images test-images test-func

GO ?= go
LINT ?= $(shell command -v golangci-lint || echo $$($(GO) env GOPATH)/bin/golangci-lint)
SEEDS ?= 20000
STATE ?= .state

help: ## tell what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## five pull requests to a real package, checked here (KEEP=1 stays up)
	@.ci/setup.sh
	@$(GO) build -o bin/distaff ./cmd/distaff
	@bin/distaff demo --state $(STATE)/demo

demo-compose: ## real packages composed and installed with dnf here (KEEP=1 stays up)
	@.ci/setup.sh
	@$(GO) build -o bin/distaff ./cmd/distaff
	@bin/distaff demo compose --state $(STATE)/demo-compose

dev: build ## a whole distribution on this machine, until Ctrl-C
	@bin/distaff dev --state $(STATE)

build: ## bin/distaff, the command line
	@$(GO) build -o bin/distaff ./cmd/distaff

test: ## all tests that need nothing but Go and git
	$(GO) test ./...

test-amqp: ## the message bus against a real RabbitMQ (Debian, root)
	.ci/amqp.sh

test-minio: ## the bucket against a real MinIO, which is built first (some minutes, once)
	.ci/minio.sh

test-knative: ## everything on the real Knative, as processes (the first time it is built for ten minutes)
	.ci/knative.sh

test-knative-rabbit: ## the same with Knative's RabbitMQ broker and the staging overlay (Debian's rabbitmq-server)
	.ci/knative.sh -rabbit

images: ## build and push the images of this commit (REGISTRY=registry.example.org/distaff)
	infra/images/build.sh

test-images: ## the images in a registry of Debian: built twice, compared, run (root)
	.ci/images.sh

test-func: ## what the func command line makes of the collection, where it is there
	.ci/func.sh

test-equivalence: ## the local broker against Knative's own packages, event by event
	cd tests/equivalence && GOWORK=off $(GO) test -count=1 ./...

bench: ## what things cost: bucket, broker, bus, Koji, log excerpts
	$(GO) test -run '^$$' -bench . -benchmem -timeout 60m ./tests/bench ./shared/... ./infra/... ./cmd/function

soak: ## simulated pull requests with faults, by the thousand (SEEDS=20000)
	SEEDS=$(SEEDS) $(GO) test -count=1 -timeout 0 -run TestEveryRunConverges ./tests/sim

FUZZTIME ?= 10m
fuzz: ## every fuzz target, one after the other (FUZZTIME=10m each)
	@grep -rlE '^func Fuzz' --include=*_test.go . | while read -r file; do \
		for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9]+)\(.*/\1/p' "$$file"); do \
			echo "== $$(dirname $$file) $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$(dirname $$file)" || exit 1; \
		done; \
	done

lint: ## golangci-lint over everything
	$(LINT) run ./...

generate: ## Triggers, Services, policies, and the tables in README and docs
	$(GO) run ./cmd/generate

check: generate lint test ## what has to be good before a push
	git diff --exit-code -- eventing infra README.md docs
