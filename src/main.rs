//! The binary `dlab`: calls the command line of the library and exits with its code.

delivery_lab::seed_entropy!();

fn main() -> std::process::ExitCode {
    delivery_lab::cli::main()
}
