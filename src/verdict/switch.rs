//! Switches single rules of the judge off, for the test that checks that each rule is needed by
//! some other test.
//!
//! A call to [`rule`] stands where the rule is applied. It is the constant `true`, except in the
//! crate's own unit tests: there `RULE_OFF=name` turns one rule off. The list of all rules is in
//! `tests/rules.rs`.

/// Whether a rule is on, which it always is.
#[cfg(not(test))]
#[inline(always)]
pub const fn rule(_name: &str) -> bool {
    true
}

/// Whether a rule is on: all but the one that `RULE_OFF` names.
#[cfg(test)]
pub fn rule(name: &str) -> bool {
    super::tests::switches::is_on(name)
}
