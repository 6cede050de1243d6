# Pontoon: one entry for everything. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

CARGO ?= cargo
GO    ?= go
TARGET := $(CURDIR)/target
LABRUN := $(TARGET)/labrun
SHIMLIB := go-shim/internal/core/lib/libpontoon.a
LIBHASH = pontoon.dev/go-shim/internal/core.LibHash=$$(sha256sum $(SHIMLIB) | cut -c1-16)

# How to run a lab: LAB=/path/to/checkout RUN=regexp COUNT=n JOBS=n RACE=1 VIRTUAL=1 KEEP=kvraft
LAB     ?=
RUN     ?=
COUNT   ?= 1
JOBS    ?=
RACE    ?=
VIRTUAL ?=
KEEP    ?=
LABS    ?=
CLOCK    = $(if $(filter-out 0,$(VIRTUAL)),-virtual,-real)
LABFLAGS = -root $(CURDIR) $(if $(LAB),-lab "$(LAB)") $(if $(RUN),-run '$(RUN)') -count $(COUNT) $(if $(JOBS),-jobs $(JOBS)) \
           $(if $(filter-out 0,$(RACE)),-race) $(CLOCK) $(if $(KEEP),-keep $(KEEP))

.PHONY: help tools build labrun shimlib test-2A test-2B test-2C test-2D test-3A test-3B test-kv test-years test-all \
        test test-rust test-shim test-labtree test-runner test-peers test-pages test-fixtures test-lab \
        check fix header bench compare mutants sim fuzz sanitize search soak clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-zA-Z0-9_-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  Lab targets take LAB=/path/to/checkout RUN=regexp COUNT=n JOBS=n RACE=1 VIRTUAL=1, test-3A and test-3B also KEEP=kvraft."

tools: ## check that cargo, go (1.25 or later) and a C compiler are there
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: install it from https://rustup.rs, so that cargo is on PATH."; exit 2; }
	@command -v $(GO) >/dev/null || { echo "Go is missing: install Go 1.25 or later from https://go.dev/dl, so that go is on PATH."; exit 2; }
	@v=$$(GOTOOLCHAIN=local $(GO) env GOVERSION); v=$${v#go}; major=$${v%%.*}; rest=$${v#*.}; minor=$${rest%%[!0-9]*}; \
	  [ "$$major" -gt 1 ] || { [ "$$major" -eq 1 ] && [ "$${minor:-0}" -ge 25 ]; } || { echo "Go $$v is too old: install Go 1.25 or later from https://go.dev/dl."; exit 2; }
	@cc=$$($(GO) env CC); command -v $${cc%% *} >/dev/null || { echo "A C compiler is missing: install gcc or clang (Go's cgo calls $$cc)."; exit 2; }
	@[ "$$($(GO) env CGO_ENABLED)" = 1 ] || { echo "cgo is switched off: unset CGO_ENABLED or set it to 1."; exit 2; }

build: tools ## build libpontoon (target/release/libpontoon.{a,so}) and labrun (target/labrun)
	@$(CARGO) build --release --quiet -p pontoon-ffi
	@$(MAKE) --no-print-directory labrun

labrun: ## build the lab runner
	@mkdir -p $(TARGET) && cd labtests/runner && $(GO) build -o $(LABRUN) .

shimlib: tools
	@$(CARGO) build --release --quiet -p pontoon-ffi
	@mkdir -p $(dir $(SHIMLIB)) && { cmp -s target/release/libpontoon.a $(SHIMLIB) || cp target/release/libpontoon.a $(SHIMLIB); }

test-2A: tools labrun ## leader election (a 2024 tree calls it 3A)
	@$(LABRUN) test -part 2A $(LABFLAGS)
test-2B: tools labrun ## log replication
	@$(LABRUN) test -part 2B $(LABFLAGS)
test-2C: tools labrun ## persistence
	@$(LABRUN) test -part 2C $(LABFLAGS)
test-2D: tools labrun ## snapshots
	@$(LABRUN) test -part 2D $(LABFLAGS)
test-3A: tools labrun ## the key/value service (4A in a 2024 tree); KEEP=kvraft: the checkout's own, on Pontoon's Raft
	@$(LABRUN) test -part 3A $(LABFLAGS)
test-3B: tools labrun ## the key/value service with snapshots
	@$(LABRUN) test -part 3B $(LABFLAGS)
test-kv: tools labrun ## both parts of the key/value lab, of any year up to 2024
	@$(LABRUN) test -part kv $(LABFLAGS)
test-years: tools labrun ## every checkout in the folder LABS, and one table
	@[ -n "$(LABS)" ] || { echo "Say where the checkouts are: make test-years LABS=/path/to/folder"; exit 2; }
	@$(LABRUN) years -root $(CURDIR) -labs "$(LABS)" $(if $(filter-out 0,$(RACE)),-race) $(if $(filter-out 0,$(VIRTUAL)),,-real)
test-all: tools labrun ## 2A to 2D in one go
	@$(LABRUN) test -part all $(LABFLAGS)

test: test-rust test-shim test-labtree test-runner test-peers test-pages test-fixtures test-lab ## everything that must pass

test-rust: tools ## core, C ABI (C programs, valgrind, sanitizers), simulator
	$(CARGO) test --workspace --quiet
	$(CARGO) test --quiet -p pontoon-core --features mutants
	$(CARGO) test --quiet -p pontoon-ffi --features mutants --test mutants

test-shim: shimlib ## the Go side, plain, with -race and with cgo's strictest pointer checks
	cd go-shim && $(GO) test -ldflags "-X $(LIBHASH:$(SHIMLIB)=internal/core/lib/libpontoon.a)" ./...
	cd go-shim && $(GO) test -race -ldflags "-X $(LIBHASH:$(SHIMLIB)=internal/core/lib/libpontoon.a)" ./...
	cd go-shim && GOEXPERIMENT=cgocheck2 GOGC=1 $(GO) test -ldflags "-X $(LIBHASH:$(SHIMLIB)=internal/core/lib/libpontoon.a)" ./...

test-labtree: tools ## self-tests of the lab trees: labrpc, labgob, harnesses
	cd labtests/src && $(GO) test ./labrpc ./labgob ./models && $(GO) test -run Harness ./raft ./kvraft
	cd labtests/src && $(GO) test -race ./labrpc ./labgob ./models && $(GO) test -race -run Harness ./raft ./kvraft
	cd labtests/src2025 && $(GO) test ./labrpc ./tester1 ./models1 ./kvtest1 && $(GO) test -run Harness ./raft1
	cd labtests/src2025 && $(GO) test -race ./labrpc ./tester1 ./models1 ./kvtest1 && $(GO) test -race -run Harness ./raft1

test-runner: shimlib ## the runner: recognition, overlays, every year's adapter
	cd labtests/runner && $(GO) test -count=1 -timeout=30m ./...
	cd labtests/runner && $(GO) test -count=1 -race ./internal/passes

test-peers: shimlib labrun ## etcd's and hashicorp's Raft behind the lab interface (their modules come through Go's module proxy once)
	cd labtests/peers && $(GO) test -count=1 ./...
	$(LABRUN) test -root $(CURDIR) -impl etcd -real -run 'Test(InitialElection2A|BasicAgree2B|FailAgree2B)'
	$(LABRUN) test -root $(CURDIR) -impl hashicorp -real -run 'Test(InitialElection2A|BasicAgree2B|FailAgree2B)'
	$(LABRUN) compare -root $(CURDIR) -quick -html $(TARGET)/compare.html -json $(TARGET)/compare.json

CHROMIUM ?= $(firstword $(foreach c,chromium chromium-browser google-chrome,$(shell command -v $(c))))
test-pages: tools ## the HTML pages, in a real headless Chromium without a network (CHROMIUM=/path/to/it)
	@if [ -n "$(CHROMIUM)" ]; then page=$$(ls $(TARGET)/compare.html 2>/dev/null); cd labtests/browser && COMPARE_PAGE="$$page" CHROMIUM="$(CHROMIUM)" $(GO) test -count=1 .; \
	else echo "Chromium is missing, so the HTML pages are not tested in a browser: apt-get install chromium, or say CHROMIUM=/path/to/it."; [ "$$CI" != true ]; fi

FIXTURE_YEARS = 2017 2018 2020 2021 2022 2023 2024 2025 2026
test-fixtures: tools labrun ## a small lab tree of each year, through the overlay as a user's checkout, and one table
	@rm -rf $(TARGET)/fixtures
	@cd labtests/runner && for y in $(FIXTURE_YEARS); do $(GO) run ./internal/fixture/write $$y $(TARGET)/fixtures/$$y || exit 1; done
	$(LABRUN) years -root $(CURDIR) -labs $(TARGET)/fixtures -kv -real

test-lab: tools labrun ## the embedded lab tests on Pontoon: Raft in real time, and with -race in virtual time; key/value and the tree of 2025 in virtual time
	$(LABRUN) test -part all -root $(CURDIR) -real
	$(LABRUN) test -part all -root $(CURDIR) -virtual -race
	$(LABRUN) test -part kv -root $(CURDIR) -virtual
	$(LABRUN) test -part kv -root $(CURDIR) -virtual -race
	$(LABRUN) test -part all -root $(CURDIR) -virtual -race -lab labtests/src2025
	$(LABRUN) test -part rsm -root $(CURDIR) -virtual -race -lab labtests/src2025
	$(LABRUN) test -part kv -root $(CURDIR) -virtual -lab labtests/src2025

bench: tools labrun ## every scenario, Pontoon beside a textbook Go Raft, medians of interleaved runs (QUICK=1: a few minutes)
	@$(LABRUN) bench -root $(CURDIR) $(if $(QUICK),-quick)
	@$(LABRUN) bench -root $(CURDIR) -kv
	@$(LABRUN) bench -root $(CURDIR) -suite $(if $(LAB),-lab "$(LAB)")

compare: tools labrun ## Pontoon beside etcd's and hashicorp's Raft: tests and bench, a table and target/compare.html (QUICK=1: a minute; IMPL=pontoon,etcd,own,PATH PART=all LAB=…)
	@$(LABRUN) compare -root $(CURDIR) $(if $(QUICK),-quick) $(if $(IMPL),-impl "$(IMPL)") $(if $(PART),-part $(PART)) $(if $(LAB),-lab "$(LAB)") \
	  -html $(TARGET)/compare.html -json $(TARGET)/compare.json

sim: tools ## the simulator: SEEDS=0..2000, or SEED=n to replay one with its transcript, up to event STEPS
	@$(CARGO) run --release --quiet -p pontoon-sim -- $(if $(STEPS),--steps $(STEPS)) $(if $(SEED),--seed $(SEED) --trace,--seeds $(or $(SEEDS),0..2000))

search: tools ## every order of events of a small cluster: SERVERS=3 LIMIT=600 (seconds) SEARCH="--elections 2 --proposals 1 --crashes 1"
	@$(CARGO) run --release --quiet -p pontoon-sim -- --search --servers $(or $(SERVERS),3) --seconds $(or $(LIMIT),600) $(SEARCH)

soak: build ## for HOURS=8 (or 0.5): fresh simulator seeds and lab suites in turn, a line per round in target/soak.txt
	@$(CARGO) build --release --quiet -p pontoon-sim
	@rust/sim/soak.sh "$(or $(HOURS),8)" target/release/pontoon-sim $(LABRUN) $(CURDIR) target/soak.txt

# Coverage counters for libFuzzer, by flags that a stable compiler takes. A
# sanitizer is not stable, hence RUSTC_BOOTSTRAP.
COVERAGE = -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
           -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing
HOST = $$(rustc -vV | sed -n 's/^host: //p')
FUZZ = $(TARGET)/fuzz$(if $(ASAN),-asan)
fuzz: tools ## fuzz the C ABI and every decoder, by coverage: about a minute, or EXECS=n per target; ASAN=1 with AddressSanitizer
	@command -v c++ >/dev/null || { echo "A C++ compiler is missing: install g++ or clang++ (libFuzzer is built from source)."; exit 2; }
	@$(if $(ASAN),RUSTC_BOOTSTRAP=1) RUSTFLAGS="$(COVERAGE) $(if $(ASAN),-Zsanitizer=address)" $(CARGO) build --release --quiet --locked \
	  --manifest-path rust/fuzz/Cargo.toml --target $(HOST) --target-dir $(FUZZ)
	@mkdir -p $(FUZZ)/failed; \
	for run in message=500000 state=50000 calls=50000 threads=20000 cluster=10000; do \
	  t=$${run%=*}; n=$(or $(EXECS),$${run#*=}); log=$(FUZZ)/$$t.log; mkdir -p $(FUZZ)/corpus/$$t; \
	  FUZZ_TARGET=$$t $(FUZZ)/$(HOST)/release/pontoon-fuzz -runs=$$n -max_len=512 -timeout=60 -artifact_prefix=$(FUZZ)/failed/$$t- \
	    $(FUZZ)/corpus/$$t rust/ffi/tests/corpus/$$t >$$log 2>&1 || { \
	    grep -aE 'panicked|ERROR' -A 2 $$log | head -20; \
	    echo "fuzz: $$t failed. The input is in $(FUZZ)/failed; once it is mended keep it in rust/ffi/tests/corpus/$$t."; exit 1; }; \
	  awk -v t=$$t '$$2 == "DONE" {done = $$0} END {split(done, a, " "); printf "fuzz: %-8s %9d executions, coverage %d edges, %d features\n", t, substr(a[1], 2), a[4], a[6]}' $$log; \
	done

TSAN = $(TARGET)/tsan
sanitize: tools ## ThreadSanitizer over the C programs with threads, and AddressSanitizer over the fuzzer's corpus
	@RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" $(CARGO) rustc --release --quiet --locked \
	  -p pontoon-ffi --lib --crate-type staticlib --target $(HOST) --target-dir $(TSAN)
	@for p in threads cluster; do \
	  $(or $(CC),cc) -std=c11 -g -O1 -fsanitize=thread -D_POSIX_C_SOURCE=200809L -Iinclude -c rust/ffi/tests/c/$$p.c -o $(TSAN)/$$p.o && \
	  $(or $(CC),cc) $(TSAN)/$$p.o $(TSAN)/$(HOST)/release/libpontoon.a -Wl,--whole-archive $$(rustc --print target-libdir)/librustc-*_rt.tsan.a \
	    -Wl,--no-whole-archive -lpthread -ldl -lm -lrt -lresolv -o $(TSAN)/$$p && \
	  TSAN_OPTIONS="suppressions=$(CURDIR)/rust/ffi/tests/tsan.supp exitcode=66" $(TSAN)/$$p || exit 1; done
	@$(MAKE) --no-print-directory fuzz ASAN=1 EXECS=1

mutants: tools labrun ## put every deliberate bug back in turn: which tests notice, and how soon (paper, simulator, lab)
	@$(LABRUN) mutants -root $(CURDIR)

check: shimlib ## linters and formatters; changes nothing
	@.ci/tidy
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path rust/fuzz/Cargo.toml --check
	$(CARGO) clippy --workspace --all-targets --all-features --quiet -- -D warnings
	@for d in go-shim labtests/src labtests/src2025 labtests/runner labtests/peers labtests/browser; do \
	  bad=$$(gofmt -l $$d); [ -z "$$bad" ] || { echo "gofmt: $$bad"; exit 1; }; \
	  (cd $$d && $(GO) vet ./...) || exit 1; done
	@echo "check: clean"

fix: ## format, and rewrite the generated header
	$(CARGO) fmt --all
	gofmt -w go-shim labtests
	$(MAKE) --no-print-directory header

header: ## regenerate include/pontoon.h and the copy inside the cgo package
	UPDATE_HEADER=1 $(CARGO) test --quiet -p pontoon-ffi --test header
	cp include/pontoon.h go-shim/internal/core/pontoon.h

clean: ## remove what was built
	$(CARGO) clean --quiet
	rm -rf go-shim/internal/core/lib
