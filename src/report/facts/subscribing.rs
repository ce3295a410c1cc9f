//! The facts about subscribing: who never did, who was replaced, and which messages came too early.
//! They are about what is not wanted, so that no other number shows them.

use std::collections::BTreeSet;

use crate::message::{Contender, MessageId};
use crate::report::{Report, words};
use crate::verdict::{ReplacedProcess, Row, Totals, UnconnectedProcess};

/// The messages that came before the subscriptions of a contender's subscribers stood.
pub struct Early<'a> {
    /// The contender.
    pub contender: Contender,
    /// The messages.
    pub ids: BTreeSet<&'a MessageId>,
    /// The subscribers that do not want them for this reason.
    pub clients: BTreeSet<&'a str>,
}

/// Returns the contenders with such messages, in order. Subscribers that never managed to subscribe
/// are left to [`away`].
pub fn before_subscription(report: &Report) -> Vec<Early<'_>> {
    let early = report.contenders.iter().filter_map(|row| {
        let subscribed = row.subscribers.iter().filter(|one| one.never_subscribed.is_none());
        let pairs = subscribed.flat_map(|one| {
            one.before_subscription.iter().map(|message| (&message.id, one.client.as_str()))
        });
        let (ids, clients): (BTreeSet<_>, BTreeSet<_>) = pairs.unzip();
        (!ids.is_empty()).then_some(Early { contender: row.contender(), ids, clients })
    });
    early.collect()
}

impl Early<'_> {
    /// Says which messages came too early for whom. `ids` are their names.
    pub fn sentence(&self, ids: &str) -> String {
        let Early { contender, ids: messages, clients } = self;
        let (whose, whom) = match clients.first() {
            Some(client) if clients.len() == 1 => (format!("{client}'s subscription"), "it"),
            _ => {
                let clients = words::counted(clients.len() as u64, "subscriber");
                (format!("the subscriptions of {clients}"), "them")
            }
        };
        let messages = words::counted(messages.len() as u64, "message");
        format!("{contender}: {messages} came before {whose} stood, not wanted by {whom}: {ids}.")
    }
}

/// Says, if the contenders' subscribers do not want the same number of messages, why.
pub fn wanted_differs(report: &Report) -> Option<String> {
    let wanted = report.contenders.iter().map(|row| Totals::of(&row.subscribers).wanted);
    let (least, most) = (wanted.clone().min()?, wanted.max()?);
    let published: BTreeSet<u64> = report.contenders.iter().map(|row| row.published).collect();
    let reasons = [
        (
            away(report).iter().any(|one| !one.clients.is_empty()),
            "a subscriber never got to subscribe",
        ),
        (!before_subscription(report).is_empty(), "messages came before a subscription stood"),
        (published.len() > 1, "not the same number was published"),
    ];
    let known: Vec<String> =
        reasons.iter().filter(|(is_so, _)| *is_so).map(|(_, why)| (*why).to_owned()).collect();
    let why = match known.is_empty() {
        true => "it depends on when a join or leave was recorded".to_owned(),
        false => words::listed(&known),
    };
    let (least, most) = (words::count(least), words::count(most));
    (least != most).then(|| format!("The rows do not want the same, {least} to {most}: {why}."))
}

/// Names the processes that a newer session of their name replaced for good, a sentence each.
pub fn replaced(report: &Report) -> Vec<String> {
    let replaced = report.contenders.iter().flat_map(|row| {
        row.replaced.iter().map(|one| {
            let ReplacedProcess { process, client, at_ms } = one;
            let (contender, at) = (row.contender(), words::millis(*at_ms));
            format!(
                "{contender}: {process} was replaced at {at}, by a newer session of {client}, and \
                 never came back (on_replaced)."
            )
        })
    });
    replaced.collect()
}

/// The subscribers of a contender that never managed to subscribe, and the other processes that never
/// had a session.
pub struct Absence<'a> {
    /// The contender.
    pub contender: Contender,
    /// The subscribers.
    pub clients: Vec<&'a str>,
    /// The other processes, such as those that only publish.
    pub others: Vec<&'a str>,
    /// The reasons for which the last attempts of all of them ended.
    pub by: BTreeSet<&'a str>,
    /// The number of published messages, if no subscriber at all could want them.
    pub nowhere: Option<u64>,
}

/// Returns the contenders with subscribers that never managed to subscribe, or with other processes
/// that never had a session, in order.
pub fn away(report: &Report) -> Vec<Absence<'_>> {
    report.contenders.iter().filter_map(away_in).collect()
}

fn away_in(row: &Row) -> Option<Absence<'_>> {
    let away =
        row.subscribers.iter().filter_map(|one| Some((one.client.as_str(), one.never_subscribed?)));
    let (clients, by): (Vec<_>, BTreeSet<_>) = away.unzip();
    let is_other = |one: &&UnconnectedProcess| !clients.contains(&one.client.as_str());
    let others = row.never_connected.iter().filter(is_other);
    let (others, by_others): (Vec<_>, BTreeSet<_>) =
        others.map(|one| (one.process.as_str(), one.by)).unzip();
    let by = &by | &by_others;
    let is_anybody_there = clients.len() < row.subscribers.len();
    let nowhere = Some(row.published).filter(|count| *count > 0 && !is_anybody_there);
    let contender = row.contender();
    let is_any = !(clients.is_empty() && others.is_empty());
    is_any.then_some(Absence { contender, clients, others, by, nowhere })
}

impl Absence<'_> {
    /// Names the subscribers that never managed to subscribe and the processes that never had a
    /// session, and why.
    pub fn phrase(&self) -> String {
        let kinds = [
            (&self.clients, "subscriber", "never got to subscribe"),
            (&self.others, "other client", "never got a session"),
        ];
        let named = kinds.into_iter().filter_map(|(all, noun, what)| match &**all {
            [] => None,
            [one] => Some(format!("{one} {what}")),
            all => Some(format!("{} {what}", words::counted(all.len() as u64, noun))),
        });
        let by: Vec<&str> = self.by.iter().copied().collect();
        format!("{} ({})", words::listed(&named.collect::<Vec<_>>()), by.join(", "))
    }

    /// The same for its contender, with the number of messages that had no subscriber.
    pub fn sentence(&self) -> String {
        let messages = self.nowhere.map(|count| words::counted(count, "message"));
        let nowhere = messages.map(|messages| format!("; {messages} went nowhere"));
        format!("{}: {}{}.", self.contender, self.phrase(), nowhere.unwrap_or_default())
    }
}
