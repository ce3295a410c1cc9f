//! The columns of the report's table that are no outcome.

use super::{Family, Word};

/// The columns of the table, in its order.
pub static COLUMNS: Family = Family {
    name: "column",
    heading: "Columns of the table",
    about: "The numbers of a contender, summed over its subscribers. Live, caught up and missed \
            are outcomes. A column that would show nothing unusual in any row is left out.",
    words: &[
        Word::new(
            "contender",
            "A link and a mode, as in tcp/catch-up: one row of the report.",
            "The link says how bytes travel, the mode says what is promised. All contenders of a \
             scenario meet the same workload and the same storm, so that their rows can be \
             compared.",
        )
        .see(&["link", "mode", "scenario"])
        .shown_by("dlab run caps"),
        Word::new(
            "wanted",
            "The messages that were for a subscriber.",
            "They go to one of its rooms, and the broker accepted them while the subscription was \
             on record; one that the broker never accepted counts if it was published in that \
             time. Only a leave ends a subscription: who is away still wants everything. Live, \
             caught up and missed add up to wanted.",
        )
        .see(&["outcome", "subscription", "not-wanted"])
        .shown_by("dlab run caps"),
        Word::new(
            "twice",
            "How often a message was handled that had been handled before.",
            "A message that was handled three times counts two. Catch-up drops copies by their id; \
             fire-and-forget over UDP handles what the network has doubled.",
        )
        .also(&["handled_again"])
        .see(&["duplicate", "at-most-once"])
        .shown_by("dlab run duplicated"),
        Word::new(
            "out-of-order",
            "How many messages were first handled after a later one of the same publisher and \
             queue.",
            "Messages of different publishers have no order among each other, nor have those of \
             different queues.",
        )
        .see(&["in-order", "order-broken"])
        .shown_by("dlab run reordered"),
        Word::new(
            "interrupted",
            "How many calls of a handler were cut short by a crash of its client.",
            "Such a message does not count as handled. If it had been acknowledged before, nobody \
             sends it again.",
        )
        .see(&["died-in-client", "lost-after-ack", "handler"])
        .shown_by("dlab run ack-too-early"),
        Word::new(
            "worst-delay",
            "The longest time from publish to handled.",
            "It is over the messages that were handled. One that was caught up on had to wait \
             until its client was back: that is what catch-up costs in time.",
        )
        .also(&["worst_delay_ms"])
        .see(&["median-delay", "caught-up"])
        .shown_by("dlab run caps"),
        Word::new(
            "noticed-after",
            "The longest time from the beginning of a fault until a side noticed it.",
            "A side notices when the session that it had open ends, or when a request fails: by \
             FIN or RST soon, else by a heartbeat or a timeout, or because the client is back with \
             a new session. What is sent until then goes into a dead link. For an idle-timeout the \
             time counts from the moment at which the middlebox had forgotten the flow.",
        )
        .also(&["noticed_after_ms"])
        .see(&["late-detection", "heartbeat", "reason"])
        .shown_by("dlab run caps"),
        Word::new(
            "packets",
            "How many IP packets all machines sent during the run.",
            "Handshakes, heartbeats, TCP's acknowledgements and what was sent again are among \
             them, and so are packets that the network lost.",
        )
        .see(&["bytes", "packet", "price"])
        .shown_by("dlab run caps"),
        Word::new(
            "bytes",
            "The bytes of these packets, with all their headers from IP on.",
            "The table has them only where nothing is wanted, so that the cost is all there is to \
             compare; `--prices` and the JSON always do.",
        )
        .see(&["packets", "price"])
        .shown_by("dlab run idle-cost"),
        Word::new(
            "–",
            "There is no value.",
            "In the table nothing was handled, so that there is no delay, or no side noticed a \
             fault. Under Claims the contender does not claim the guarantee. Beside an expectation \
             it was not run.",
        )
        .also(&["-"])
        .see(&["noticed-after", "not-claimed", "not-run"])
        .shown_by("dlab run caps"),
    ],
};
