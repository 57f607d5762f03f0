//! why401: explains every 401 on the wire.

/// What one thread finds another one forgets: this allocator is made for that (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    why401::cli::main()
}
