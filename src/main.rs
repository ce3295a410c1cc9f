//! The binary `dlab`: hands its arguments to the library and exits with its code.

fn main() -> std::process::ExitCode {
    delivery_lab::cli::main()
}
