# Vahta. `make help` lists the targets; `make run` and `make test` are all a newcomer needs.

GO      ?= go
TOOLS   := $(CURDIR)/.cache/tools
BIN     := $(CURDIR)/bin
VAHTA   := $(BIN)/vahta
PKGS    ?= ./...
# The tests of the whole line keep SIP's real timers with real peers and start processes, so they run alone and without the
# race detector, which makes two cores too slow for them (a faster machine: go test -race ./cmd/internal/app ./cmd/vahta). The drills among them break nodes on purpose and must not starve besides. On a machine that other programs
# keep busy a peer may be too slow for T1: a few failures are run again, and reported as such.
PRODUCT := ./cmd/internal/app ./cmd/proof ./cmd/vahta
# Pure rooms whose properties walk years: no goroutine, so nothing to race, and the detector makes them seven times as slow. Their
# callers run with it. channels/email/letter measures its memory and CPU time.
PURE    := ./oncall ./oncall/chart ./oncall/edit ./channels/email/letter
# What takes longest begins first.
FIRST   := dispatch/store|sip/hotline|sip/b2bua|dispatch|channels/portal|sip/media|sip/trunk|dispatch/report|oncall/rotation
RERUN    = $(SUM) --format pkgname-and-test-fails --rerun-fails=2 --rerun-fails-max-failures=6
# The race detector watches all Go code but SQLite, which is C put into Go: it is not ours to mend, its pages lie outside of what the
# detector sees, and watching it takes four fifths of the time of every test with a database.
RACE    := -race $(foreach p,sqlite/lib libc/... memory,-gcflags='modernc.org/$(p)=-race=false -d=checkptr=0')
# Properties draw the same cases on every run, so that a change is judged by what it changes; `make test SEED=0` draws anew, as the
# part props of `make proof` does with many more.
SEED    ?= 1
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# Tools are pinned in deploy/tools/go.mod, apart from the product's module graph.
LINT  := $(TOOLS)/golangci-lint
SUM   := $(TOOLS)/gotestsum
DEAD  := $(TOOLS)/deadcode

.PHONY: help build run demo test check static proof bench conformance lint fmt fix tidy dead cover deps clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-8s %s\n", $$1, $$2}'

build: ## build bin/vahta
	@mkdir -p $(BIN)
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-X main.version=$(VERSION)" -o $(VAHTA) ./cmd/vahta

run: build ## start Vahta with the demo company, play one call, stay up for real phones (Ctrl-C stops)
	$(VAHTA) demo --stay

demo: build ## play the demo call once on free ports and exit (0 only if all of it happened)
	$(VAHTA) demo

test check cover: export RAPID_SEED := $(SEED)

test: deps static ## install what the tests need and run everything, with the race detector
	$(RERUN) --packages "$(PURE)" --jsonfile .cache/pure.json -- -vet=off -count=1 -timeout 10m
	$(RERUN) --packages "$$($(GO) list $(PKGS) | grep -vxE "$$($(GO) list $(PURE) $(PRODUCT) | paste -sd'|')" | \
		awk '$$0 ~ "vahta/($(FIRST))$$" { print; next } { rest = rest $$0 "\n" } END { printf "%s", rest }' | tr '\n' ' ')" \
		--jsonfile .cache/tests.json -- $(RACE) -vet=off -count=1 -timeout 10m
	$(RERUN) --packages "$(PRODUCT)" --jsonfile .cache/product.json -- -vet=off -p 1 -count=1 -timeout 15m

check: static ## quick feedback: static checks and short tests
	$(GO) test -short $(PKGS)

static: lint ## formatting, lint with go vet's checks, modernizers, tidy
	$(GO) mod tidy -diff
	$(GO) fix -diff $(PKGS)

proof: deps build ## the long drills: faults around the real program, fuzzing, soaks; one JSON line per figure
	bash deploy/proof.sh

conformance: ## write docs/sip-conformance.md from the results of the last `make test`
	cat .cache/pure.json .cache/tests.json .cache/product.json | $(GO) run ./cmd/conformance > .cache/conformance.md
	mv .cache/conformance.md docs/sip-conformance.md

bench: ## Go benchmarks of the hot paths
	$(GO) test -run '^$$' -bench . -benchmem $(PKGS)

lint: $(LINT) ## golangci-lint: arrows between packages, style, errors
	$(LINT) run $(PKGS)

fmt: $(LINT) ## format the code
	$(LINT) fmt $(PKGS)

fix: ## apply the modernizers of go fix
	$(GO) fix $(PKGS)

tidy: ## tidy go.mod
	$(GO) mod tidy

dead: $(DEAD) ## functions that nothing reaches from cmd/
	$(DEAD) -test ./cmd/...

cover: ## coverage by package
	$(GO) test -short -coverprofile=.cache/cover.out $(PKGS) && $(GO) tool cover -func=.cache/cover.out | tail -1

deps: $(SUM) ## Debian packages that the tests drive (sipp, baresip, sox)
	bash deploy/test-deps.sh

clean: ## remove what was built
	rm -rf $(BIN) .cache

$(TOOLS)/%: deploy/tools/go.mod
	@mkdir -p $(TOOLS)
	$(GO) -C deploy/tools build -o $@ $(shell $(GO) -C deploy/tools list -f '{{.ImportPath}}' tool 2>/dev/null | grep '/$*$$')
