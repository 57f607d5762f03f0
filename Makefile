# Two commands on a fresh machine: `make demo` and `make test`.

CARGO ?= cargo
# Where `make install` puts the program: `make install ROOT=/usr/local`.
ROOT ?= $(HOME)/.cargo

.PHONY: help demo test setup check deny install screenshots clean

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST)

setup: ## a C compiler and libpcap's headers, if missing
	@scripts/setup build

demo: setup ## servers and clients on loopback, their 401s live on the screen
	$(CARGO) build --release
	target/release/why401 demo

check: setup ## format, lints, documentation
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --document-private-items

deny: ## licences, advisories and sources of all dependencies
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check; else \
	  echo '*** SKIPPED: cargo-deny is not installed (cargo install cargo-deny --locked), so the' >&2; \
	  echo '*** licences and advisories of the dependencies were NOT checked.' >&2; fi

test: ## everything, with all its own set-up
	@scripts/setup test
	@$(MAKE) --no-print-directory check deny
	$(CARGO) test

install: setup ## the program, into $(ROOT)/bin
	$(CARGO) install --locked --path . --root $(ROOT)
	@echo 'To capture without being root:'
	@echo '  sudo setcap cap_net_raw,cap_net_admin=eip $(ROOT)/bin/why401'

screenshots: setup ## the pictures in docs/images, from the real program on the demo's traffic
	$(CARGO) build --release
	scripts/screenshot

clean: ## remove what was built
	$(CARGO) clean
