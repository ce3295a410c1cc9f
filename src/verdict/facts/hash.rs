//! Tables of the judge: quick to look up, since a judgement looks something up for every event.
//! Never iterated where the order could be seen, and never for keys that a stranger chooses.

/// A map whose iteration order is nobody's business.
pub type Map<K, V> = rustc_hash::FxHashMap<K, V>;

/// A set of the same kind.
pub type Set<K> = rustc_hash::FxHashSet<K>;
