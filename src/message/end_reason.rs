//! The closed list of reasons for which a session ends.

use crate::closed_list::closed_list;

closed_list! {
    /// The reason for which a session, or the attempt to open one, ended, as one side noticed it.
    #[non_exhaustive]
    EndReason ["reason"] {
        /// The peer closed its side in order (TCP's FIN).
        Fin = "fin",
        /// The host of this side lost power.
        PowerLost = "power-lost",
        /// The peer has no such connection, or discarded data (TCP's RST).
        Reset = "reset",
        /// TCP got no answer for too long.
        TcpTimeout = "tcp-timeout",
        /// No program listens at the address.
        Refused = "refused",
        /// No program listens at the address for datagrams (ICMP port unreachable).
        Unreachable = "unreachable",
        /// The upgrade to WebSocket was refused.
        UpgradeRefused = "upgrade-refused",
        /// The attempt took too long.
        ConnectTimeout = "connect-timeout",
        /// An HTTP request was not answered, or not received completely, in time.
        HttpTimeout = "http-timeout",
        /// No ping, or no pong, came in time.
        Heartbeat = "heartbeat",
        /// A newer session of the same client took over.
        Replaced = "replaced",
        /// The application on the broker's side ended it; Socket.IO's `io server disconnect`.
        ServerDisconnect = "server-disconnect",
        /// This side closed it on purpose.
        Left = "left",
        /// A frame or request belongs to no session that the broker knows.
        UnknownSession = "unknown-session",
        /// The hello is older than a session that this broker knows.
        StaleHello = "stale-hello",
        /// Bytes came that are not a valid frame.
        Malformed = "malformed",
        /// A frame came that is longer than the limit.
        TooLong = "too-long",
        /// A frame came that is not allowed in this state.
        Unexpected = "unexpected",
        /// A limit of the broker was reached: too many names or rooms.
        LimitReached = "limit-reached",
    }
}

impl EndReason {
    /// Whether a broker that closes for this reason sends a goodbye: not to a client that is
    /// believed dead, nor to one that has said goodbye itself.
    pub const fn says_goodbye(self) -> bool {
        !matches!(self, EndReason::Heartbeat | EndReason::Left)
    }

    /// Returns the words for it in reports.
    pub const fn words(self) -> &'static str {
        match self {
            EndReason::Fin => "FIN",
            EndReason::PowerLost => "power lost",
            EndReason::Reset => "RST",
            EndReason::TcpTimeout => "TCP timeout",
            EndReason::Refused => "connection refused",
            EndReason::UpgradeRefused => "upgrade refused",
            EndReason::Unreachable => "ICMP",
            EndReason::ConnectTimeout => "connect timeout",
            EndReason::HttpTimeout => "HTTP timeout",
            EndReason::Heartbeat => "heartbeat",
            EndReason::Replaced => "replaced",
            EndReason::ServerDisconnect => "disconnected by the broker",
            EndReason::Left => "left",
            EndReason::UnknownSession => "unknown session",
            EndReason::StaleHello => "stale hello",
            EndReason::Malformed => "malformed frame",
            EndReason::TooLong => "frame too long",
            EndReason::Unexpected => "unexpected frame",
            EndReason::LimitReached => "limit reached",
        }
    }
}
