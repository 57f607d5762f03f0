//! why401: explains every 401 on the wire.

fn main() -> std::process::ExitCode {
    why401::cli::main()
}
