# Two commands on a fresh machine: `make demo` and `make test`.

CARGO ?= cargo
# Where `make install` puts the program, its man page and completions: `make install PREFIX=/usr/local`.
PREFIX ?= $(HOME)/.local

# What is run and installed below is in ./target, wherever this user lets other programs be built.
demo bench install package: export CARGO_TARGET_DIR = target

FUZZ_TARGETS = engine http1 http2 reassembly decode capture_file credentials challenge content filter

.PHONY: help demo test bench fuzz-smoke setup check deny install package sbom screenshots clean

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST)

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
	@if ! $(CARGO) deny --version >/dev/null 2>&1; then \
	  echo '*** SKIPPED: cargo-deny is not installed (cargo install cargo-deny --locked), so the' >&2; \
	  echo '*** licences and advisories of the dependencies were NOT checked.' >&2; \
	elif $(CARGO) deny fetch db >/dev/null 2>&1; then $(CARGO) deny check; \
	else $(CARGO) deny check bans licenses sources && \
	  echo '*** SKIPPED: the advisory database cannot be reached: advisories were NOT checked.' >&2; fi

test: ## everything, with all its own set-up
	@scripts/setup test
	@$(MAKE) --no-print-directory check deny
	$(CARGO) test
	@$(MAKE) --no-print-directory fuzz-smoke

bench: setup ## the program against a bare libpcap loop, on traffic it makes (see scripts/bench/bench)
	$(CARGO) build --release --locked
	@scripts/bench/bench

fuzz-smoke: ## every fuzz target for six seconds, a minute in all
	@if $(CARGO) fuzz --version >/dev/null 2>&1; then set -e; for target in $(FUZZ_TARGETS); do \
	  found=$$(mktemp -d); $(CARGO) fuzz run -O -s none $$target $$found fuzz/corpus/$$target -- \
	    -max_total_time=6 -timeout=10 -rss_limit_mb=2048 -verbosity=0; rm -rf $$found; done; else \
	  echo '*** SKIPPED: cargo-fuzz is not installed (cargo install cargo-fuzz --locked), so the' >&2; \
	  echo '*** parsers were NOT fuzzed.' >&2; fi

install: setup ## the program with man page and completions, below $(PREFIX)
	$(CARGO) build --release --locked
	scripts/package files
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin share/man/man1 share/bash-completion/completions \
	  share/zsh/site-functions share/fish/vendor_completions.d)
	install -m 755 target/release/why401 $(DESTDIR)$(PREFIX)/bin
	install -m 644 target/package/why401.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 target/package/why401.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/why401
	install -m 644 target/package/_why401 $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -m 644 target/package/why401.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	@command -v why401 >/dev/null || echo 'Note: $(PREFIX)/bin is not in PATH.'
	@echo 'To capture without being root:'
	@echo '  sudo setcap cap_net_raw,cap_net_admin=eip $(PREFIX)/bin/why401'

package: setup ## the package of this system: .deb (cargo-deb) or .rpm (cargo-generate-rpm)
	$(CARGO) build --release --locked
	scripts/package

sbom: ## what is linked into the program, as CycloneDX JSON (cargo-cyclonedx)
	$(CARGO) cyclonedx --format json --no-build-deps --override-filename why401.cdx
	mv why401.cdx.json target/why401.cdx.json

screenshots: setup ## the pictures in docs/images, from the real program on the demo's traffic
	scripts/screenshot

clean: ## remove what was built
	$(CARGO) clean
