//! The binary `dlab`: hands its arguments to the library and exits with its code.

delivery_lab::seed_entropy!();

fn main() -> std::process::ExitCode {
    delivery_lab::cli::main()
}
