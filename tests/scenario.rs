//! The scenario format: what is refused and how it is said, what is read, and what is generated
//! from the same table of keys. Never runs a trial.

mod agreement;
mod problems;
mod properties;
mod reading;
mod writing;

use delivery_lab::scenario::{Diagnostics, LoadOptions, Scenario, Setting};
use miette::{GraphicalReportHandler, GraphicalTheme};

/// What a person reads, without colour.
fn render(diagnostics: &Diagnostics) -> String {
    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut text, diagnostics)
        .expect("a string takes all text");
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Loads with settings.
fn load(text: &str, settings: &[&str]) -> Result<Scenario, Diagnostics> {
    let settings = settings.iter().map(|setting| Setting::new(*setting)).collect();
    Scenario::load_with("test.toml", text, &LoadOptions { settings, ..LoadOptions::default() })
}

/// A file with a driver that publishes and a shop that listens, and whatever else it says.
fn file(top: &str, rest: &str) -> String {
    format!(
        r#"title = "A test"
run_for = "10s"
{top}
[[client]]
id = "driver"
publish = [{{ queue = "q", event = "e" }}]
[[client]]
id = "shop"
subscribe = [{{ queue = "q", event = "e" }}]
{rest}
"#
    )
}
