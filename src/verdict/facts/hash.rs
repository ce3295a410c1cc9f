//! Hash tables of the judge: fast to look up, because the judge looks something up for every event.
//! Never iterated where the order could be seen, and never for keys from an untrusted source.

/// A map; its iteration order must not matter.
pub type Map<K, V> = rustc_hash::FxHashMap<K, V>;

/// A set; its iteration order must not matter.
pub type Set<K> = rustc_hash::FxHashSet<K>;
