//! Core machines over a contender's link: ours, a mutant, or somebody's own in their place.

use std::sync::Arc;

use super::app::Script;
use super::draw::Draw;
use super::process::Tasks;
use super::socket::SimNet;
use super::system::{BrokerContext, ClientContext, PORT, System, View, broker_address};
use crate::core::{
    BrokerMachine, BrokerOptions, ClientInput, ClientMachine, ClientOptions, LinkSemantics,
};
use crate::history::Recorder;
use crate::link::{self, BrokerDriver, ConnectContext, LinkDriver, LinkVisitor, Settings};
use crate::message::Contender;
use crate::mutant;
use crate::net::Net;
use crate::scenario::{ClientEntry, Scenario};
use crate::time::Instant;

/// A broker machine and client machines over the link of a contender.
///
/// A machine in the place of ours speaks the frames of [`message`](crate::message), takes the
/// facts and gives the orders of [`core`](crate::core); then it runs over every link, and is
/// judged like ours, by the notes that it makes and by what its contender claims.
#[derive(Clone)]
pub struct CoreSystem {
    contender: Contender,
    broker: Option<Arc<MakeBroker>>,
    client: Option<Arc<MakeClient>>,
}

type MakeBroker = dyn Fn(BrokerOptions) -> Box<dyn BrokerMachine> + Send + Sync;
type MakeClient = dyn Fn(ClientOptions) -> Box<dyn ClientMachine> + Send + Sync;

impl CoreSystem {
    /// Ours, or the mutant that the scenario names.
    pub fn ours(contender: Contender) -> CoreSystem {
        CoreSystem { contender, broker: None, client: None }
    }

    /// The contender over whose link they run, and whose claims they make.
    pub fn of(&self) -> Contender {
        self.contender
    }

    /// The same with another broker, which is made anew for each of its lives.
    #[must_use]
    pub fn with_broker<M: BrokerMachine + 'static>(
        mut self,
        make: impl Fn(BrokerOptions) -> M + Send + Sync + 'static,
    ) -> CoreSystem {
        self.broker = Some(Arc::new(move |options| Box::new(make(options))));
        self
    }

    /// The same with other clients, each made anew for each of its lives.
    #[must_use]
    pub fn with_client<M: ClientMachine + 'static>(
        mut self,
        make: impl Fn(ClientOptions) -> M + Send + Sync + 'static,
    ) -> CoreSystem {
        self.client = Some(Arc::new(move |options| Box::new(make(options))));
        self
    }
}

impl System for CoreSystem {
    fn contender(&self) -> Option<Contender> {
        Some(self.contender)
    }

    fn broker(&self, seat: BrokerContext) -> Tasks {
        let BrokerContext { scenario, net, life, recorder, view } = seat;
        let (mode, limits) = (self.contender.mode, scenario.broker.clone());
        let machine = |path| {
            let options = BrokerOptions { mode, path, limits, epoch: life };
            match &self.broker {
                Some(make) => make(options),
                None => Box::new(mutant::broker(scenario.mutant, options)),
            }
        };
        let settings = settings(&scenario, self.contender);
        link::with_link_driver(
            self.contender.link,
            Serve { net, settings, recorder, machine, view },
        )
    }

    fn client(&self, seat: ClientContext) -> Tasks {
        let ClientContext { scenario, entry, process, client, seed, net, recorder, desk } = seat;
        let jitter_seed = Draw::new(seed).named("jitter").named(process.as_str()).bits();
        let numbering = desk.lock().expect("a trial has one thread").numbering;
        let (mode, limits) = (self.contender.mode, entry.limits.clone());
        let pen = recorder.clone();
        let script = Script::new(net.clone(), &scenario, &entry, process.clone(), pen, desk);
        let machine = |path| {
            let options =
                ClientOptions { client, process, mode, path, limits, jitter_seed, numbering };
            match &self.client {
                Some(make) => make(options),
                None => Box::new(mutant::client(scenario.mutant, options)),
            }
        };
        let settings = &settings(&scenario, self.contender);
        let play = Play { net, settings, recorder, machine, script, entry: &entry };
        link::with_link_driver(self.contender.link, play)
    }
}

/// What the scenario says about links.
fn settings(scenario: &Scenario, contender: Contender) -> Settings {
    let (polling_interval, mode) = (scenario.polling_interval, contender.mode);
    let settings = Settings { polling_interval, mode, ..Settings::default() };
    mutant::settings(scenario.mutant, settings)
}

/// The tasks of a broker's process.
struct Serve<F> {
    net: SimNet,
    settings: Settings,
    recorder: Recorder,
    machine: F,
    view: Option<(Instant, View)>,
}

impl<F: FnOnce(LinkSemantics) -> Box<dyn BrokerMachine>> LinkVisitor for Serve<F> {
    type Output = Tasks;

    fn visit<C: LinkDriver>(self) -> Tasks {
        let Serve { net, settings, recorder, machine, view } = self;
        let carrier = C::new(&settings);
        let hub = BrokerDriver::new(net.clone(), machine(C::PATH), recorder);
        Box::pin(async move {
            tokio::select! {
                biased;
                () = hub.run_timers() => {}
                served = carrier.serve(PORT, hub.clone()) => {
                    served.expect("the broker's port is free");
                }
                () = look(&net, &hub, view) => {}
            }
        })
    }
}

/// Looks at the broker at a moment, and then never ends.
async fn look(net: &SimNet, hub: &BrokerDriver<SimNet>, view: Option<(Instant, View)>) {
    if let Some((at, view)) = view.filter(|(at, _)| *at >= net.now()) {
        net.sleep_until(at).await;
        *view.lock().expect("a trial has one thread") = hub.view();
    }
    std::future::pending().await
}

/// The tasks of a client's process.
struct Play<'a, F> {
    net: SimNet,
    settings: &'a Settings,
    recorder: Recorder,
    machine: F,
    script: Script<SimNet>,
    entry: &'a ClientEntry,
}

impl<F: FnOnce(LinkSemantics) -> Box<dyn ClientMachine>> LinkVisitor for Play<'_, F> {
    type Output = Tasks;

    fn visit<C: LinkDriver>(self) -> Tasks {
        let Play { net, settings, recorder, machine, script, entry } = self;
        let mut client = machine(C::PATH);
        for subscribe in &entry.subscribe {
            let (queue, room) = (subscribe.queue.clone(), subscribe.event.clone());
            client.handle(net.now(), ClientInput::Join { queue, room, from: subscribe.from });
        }
        let dial = ConnectContext { net, recorder, to: broker_address(), known: Vec::new() };
        Box::pin(link::client::run(C::new(settings), dial, client, script))
    }
}
