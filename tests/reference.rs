//! The page about outcomes names every word of the verdict.

use delivery_lab::verdict::{Anomaly, Cause, ClaimState, Guarantee, Truth};

#[test]
fn the_page_about_outcomes_names_every_word() {
    let page = include_str!("../docs/reference/outcomes.md");
    let causes = Cause::ALL.iter().map(|cause| format!("| `{cause}` |"));
    let guarantees = Guarantee::ALL.iter().map(|guarantee| format!("| `{guarantee}` |"));
    let anomalies = Anomaly::ALL.iter().map(|anomaly| format!("`{anomaly}`"));
    let truths = Truth::ALL.iter().map(|truth| format!("`{truth}`"));
    let claims = ClaimState::ALL.iter().map(|claim| format!("`{claim}`"));
    for word in causes.chain(guarantees).chain(anomalies).chain(truths).chain(claims) {
        assert!(page.contains(&word), "{word} is missing");
    }
}
