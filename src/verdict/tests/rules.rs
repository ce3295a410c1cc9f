//! The rules of the judge that have a switch, by file: the name and the sentence of each.
//!
//! These rules are for mistakes that no generic mutation of the code makes.
//! `docs/reference/judge.md` lists them from here.

/// The rules of one file of `src/verdict`: its path there, and each rule's name and sentence.
pub type OfFile = (&'static str, &'static [(&'static str, &'static str)]);

/// All rules, in the order of the files.
pub const RULES: &[OfFile] = &[
    (
        "anomaly.rs",
        &[(
            "positions-are-compared-in-an-epoch",
            "A position moves back only against one of the same epoch.",
        )],
    ),
    (
        "anomaly/session.rs",
        &[(
            "sessions-in-order-of-opening",
            "Two sessions overlap by when they were opened, not by when they are first named.",
        )],
    ),
    (
        "anomaly/waiting.rs",
        &[
            (
                "a-fault-that-never-began-is-not-in-the-way",
                "A fault that would begin after the end does not excuse a message that waits.",
            ),
            ("a-fault-is-in-the-way", "Nothing stalls before the last fault is over."),
            ("a-handler-is-in-the-way", "Nothing stalls before the last handler has returned."),
            (
                "the-subscribers-session-lasts",
                "A message moves from the broker only over a session that is there at the end.",
            ),
        ],
    ),
    (
        "cause.rs",
        &[
            ("copies-of-copies", "If every copy was dropped as a duplicate, their ends count."),
            (
                "acknowledged-without-a-copy",
                "An acknowledged message without any copy was lost after its acknowledgement.",
            ),
            (
                "skipped-when-it-was-acknowledged",
                "What was skipped ended when the broker heard of its acknowledgement.",
            ),
            ("the-last-copy-counts", "Of several copies the one that ended last is the cause."),
            ("the-upper-row-counts", "Of ends at one instant the upper row of the table counts."),
            (
                "acknowledged-ends-the-backlogs-copy",
                "An acknowledgement ends the backlog's copy without being a cause.",
            ),
            ("a-gap-ends-the-backlogs-copy", "What becomes a gap ends the backlog's copy."),
            ("a-crash-ends-the-backlogs-copy", "A crash of the broker ends the backlog's copy."),
            (
                "a-position-stays-in-force",
                "A position passes over what is kept below it later, until the next attachment.",
            ),
            (
                "a-crash-forgets-a-refusal",
                "After a crash the broker may accept what it refused before.",
            ),
            ("an-outbox-dies-with-its-publisher", "A publisher's death ends its outbox's copy."),
            ("an-outbox-drops", "A full outbox ends its copy."),
            ("an-answer-ends-the-outboxs-copy", "The broker's answer ends the outbox's copy."),
            (
                "a-stream-to-the-broker-ends-at-either-end",
                "Bytes on their way to the broker end with the sender's connection, too.",
            ),
            (
                "unwritten-until-the-session-is-lost",
                "A publish that waits in the client's driver ends with its session.",
            ),
            (
                "unwritten-until-its-request-fails",
                "A publish that waits in the client's driver ends with its request.",
            ),
            (
                "unwritten-until-its-publisher-dies",
                "A publish that waits in the client's driver ends with its publisher.",
            ),
        ],
    ),
    (
        "claim.rs",
        &[
            ("udp-promises-nothing", "Over `udp`, fire-and-forget claims no guarantee."),
            (
                "the-worst-claim-of-all",
                "A contender's claim is the first of all its subscribers' in the order of claims.",
            ),
        ],
    ),
    (
        "copies.rs",
        &[
            (
                "in-the-driver-until-the-broker-closes",
                "A push that waits in the broker's driver ends when the broker closes the session.",
            ),
            (
                "in-the-driver-until-the-client-loses",
                "A push that waits in the broker's driver ends when the client loses the session.",
            ),
            (
                "in-the-driver-until-the-client-dies",
                "A push that waits in the broker's driver ends when the client dies.",
            ),
            (
                "in-the-driver-until-the-broker-dies",
                "A push that waits in the broker's driver ends when the broker dies.",
            ),
            ("a-datagram-ends-with-its-socket", "A datagram ends with the socket it is sent to."),
            ("a-datagram-ends-with-its-client", "A datagram ends with the client it is sent to."),
            ("a-datagram-ends-with-its-session", "A datagram ends when its session is lost."),
            ("a-stream-ends-with-its-receiver", "Bytes end with the connection that receives."),
            ("a-stream-ends-with-its-client", "Bytes end when the client that receives dies."),
            ("a-stream-ends-with-its-session", "Bytes end when the client loses the session."),
            (
                "a-stream-ends-when-let-go-of",
                "Bytes end when the receiving program lets go of the connection.",
            ),
        ],
    ),
    (
        "detection.rs",
        &[
            (
                "a-fault-that-never-began-has-no-entry",
                "A fault that would begin after the end is noticed by nobody, and is not listed.",
            ),
            ("entries-by-fault-and-process", "Entries are listed by fault, then by process."),
            ("a-failed-request-is-a-notice", "A client notices a fault by a request that failed."),
            (
                "a-session-dies-with-its-client",
                "A client that died has no session left by which to notice a fault.",
            ),
        ],
    ),
    (
        "facts/deliveries.rs",
        &[
            (
                "a-read-finds-a-copy-of-its-kind",
                "A read is of the first unread copy that was pushed as the same kind.",
            ),
            (
                "read-before-its-handler-began",
                "A handling is of the last read before the handler was called.",
            ),
            (
                "the-last-read-comes-to-its-handler",
                "What finds no handler is the copy that was read last.",
            ),
        ],
    ),
    (
        "facts/connections.rs",
        &[(
            "the-next-end-of-a-connection",
            "Of several ends of a connection the first after the moment in question counts.",
        )],
    ),
    (
        "facts/lifetimes.rs",
        &[
            ("paused-is-not-reached", "A paused process cannot be reached."),
            ("away-is-not-reached", "A process that went away cannot be reached."),
        ],
    ),
    (
        "facts/paths.rs",
        &[
            ("a-flight-takes-the-worst-latency", "A fault of latency makes flights longer."),
            ("a-flight-takes-what-holds-it-back", "A fault that reorders makes flights longer."),
        ],
    ),
    (
        "facts/positions.rs",
        &[
            (
                "who-left-a-room-begins-anew",
                "A subscription that lost a room may begin anywhere at the next attachment.",
            ),
            (
                "answered-when-the-broker-attached",
                "An answer is of the moment at which the broker gave it, not of its arrival.",
            ),
        ],
    ),
    (
        "judge.rs",
        &[(
            "absent-by-the-last-end",
            "A subscriber was absent because of what ended the last of its sessions.",
        )],
    ),
    (
        "outcome.rs",
        &[
            ("only-what-is-wanted-is-judged", "A message that is not wanted has no outcome."),
            (
                "messages-in-order-of-publish",
                "Messages are listed in the order in which they were published.",
            ),
            (
                "only-a-first-handling-is-late",
                "Only the first handling of a message can break the order.",
            ),
        ],
    ),
    (
        "recovery.rs",
        &[
            (
                "each-process-knows-its-own-epoch",
                "An epoch is new to the process that is told of it, not to its client.",
            ),
            (
                "losses-in-their-order",
                "Losses are compared with answers in the order in which they happened.",
            ),
            (
                "lost-by-its-own-gap",
                "Only what was lost as a gap is dated by the event of becoming one.",
            ),
        ],
    ),
    (
        "wanted.rs",
        &[
            ("a-crash-ends-subscriptions", "After a crash the next attachment subscribes anew."),
            (
                "only-until-the-next-attachment",
                "A second attachment ends what the first one was about to begin.",
            ),
            (
                "what-precedes-a-join-is-kept-for-it",
                "The backlog keeps for a new subscription what is outstanding for it.",
            ),
        ],
    ),
];
