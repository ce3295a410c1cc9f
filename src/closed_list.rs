//! A macro for closed lists: enums whose members have one word each, the same in scenario files,
//! reports and JSON.

/// Error for a text that names no member of a closed list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no {list}; expected one of {}", members.join(", "))]
pub struct UnknownWord {
    /// The name of the list, as in `cause`.
    pub list: &'static str,
    /// The words of its members.
    pub members: &'static [&'static str],
    /// The unknown text.
    pub word: String,
}

/// Declares an enum with one word per member.
///
/// It has `ALL`, `WORDS`, `name`, `Display`, `FromStr`, and serde's `Serialize` and `Deserialize`.
/// The text in brackets names the list in errors, as in `["cause"]`.
macro_rules! closed_list {
    (
        $(#[$about:meta])*
        $name:ident [$list:literal] { $($(#[$meaning:meta])* $member:ident = $word:literal,)+ }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$meaning])* $member,)+ }

        impl $name {
            /// All members, in the order of the reference.
            pub const ALL: [$name; [$($word),+].len()] = [$($name::$member),+];

            /// The words of all members, in the same order.
            pub const WORDS: [&'static str; $name::ALL.len()] = [$($word),+];

            /// Returns the member's word in scenario files, reports and JSON.
            pub const fn name(self) -> &'static str {
                match self { $($name::$member => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::closed_list::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                let found = $name::ALL.into_iter().find(|member| member.name() == word);
                found.ok_or_else(|| $crate::closed_list::UnknownWord {
                    list: $list,
                    members: &$name::WORDS,
                    word: word.to_owned(),
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = std::borrow::Cow::<'de, str>::deserialize(from)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use closed_list;

#[cfg(test)]
mod tests {
    use crate::terms::{Anomaly, Cause};

    #[test]
    fn every_word_reads_back_as_it_prints() {
        for cause in Cause::ALL {
            assert_eq!(cause.to_string().parse(), Ok(cause));
            let json = serde_json::to_string(&cause).unwrap();
            assert_eq!(json, format!("\"{cause}\""));
            assert_eq!(serde_json::from_str::<Cause>(&json).unwrap(), cause);
        }
        assert_eq!(Cause::WORDS, Cause::ALL.map(Cause::name));
    }

    #[test]
    fn an_unknown_word_is_refused_with_those_that_are_known() {
        let error = "evaporated".parse::<Anomaly>().unwrap_err().to_string();
        assert!(error.starts_with("`evaporated` is no anomaly; expected one of duplicate,"));
    }
}
