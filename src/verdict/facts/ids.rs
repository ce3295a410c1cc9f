//! Index types of the judge, one for each list, so that none can be taken for another.

/// Declares an index type for a list.
macro_rules! index {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// Names the entry at an index of its list.
            ///
            /// # Panics
            /// There are more entries than a `u32` counts.
            pub fn at(index: usize) -> $name {
                $name(u32::try_from(index).expect("a trial has fewer"))
            }
        }
    };
}

/// Lets an index type be used for look-ups in its list.
macro_rules! looked_up {
    ($($name:ident),+) => {
        $(impl $name {
            /// Returns the index in its list.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        })+
    };
}

looked_up!(SubscriberId, MessageIndex, SessionIndex);

index! {
    /// A queue, in the order in which the history names those with positions or answers.
    QueueId
}

index! {
    /// A subscriber, in the order of the scenario file.
    SubscriberId
}

index! {
    /// A message, in the order in which the history names them first.
    MessageIndex
}

index! {
    /// A session, in the order in which the history names them first.
    SessionIndex
}

index! {
    /// A life of the broker, from 0: each crash ends one.
    BrokerLife
}

impl BrokerLife {
    /// The first life.
    pub const FIRST: BrokerLife = BrokerLife(0);

    /// Returns the life after it.
    pub fn next(self) -> BrokerLife {
        BrokerLife(self.0 + 1)
    }
}
