//! Core state machines over a contender's link: the built-in ones, a mutant's, or user-supplied
//! ones.

use std::sync::Arc;

use super::app::Script;
use super::broker_app;
use super::draw::Draw;
use super::process::Tasks;
use super::socket::SimNet;
use super::system::{BrokerContext, ClientContext, PORT, System, Views, broker_address};
use crate::core::{BrokerMachine, BrokerOptions, ClientInput, ClientMachine, ClientOptions};
use crate::history::Recorder;
use crate::link::{self, BrokerDriver, ConnectContext, LinkDriver, LinkVisitor, Settings};
use crate::message::{Contender, Epoch, LinkSemantics};
use crate::mutant;
use crate::net::Net;
use crate::scenario::{ClientEntry, Scenario};
use crate::time::Instant;

/// A broker state machine and client state machines over the link of a contender.
///
/// A user-supplied machine speaks the frames of [`message`](crate::message), takes the inputs of
/// [`core`](crate::core) and returns its outputs. It runs over every link, and is judged like the
/// built-in machines: by its notes and by the claims of its contender.
#[derive(Clone)]
pub struct CoreSystem {
    contender: Contender,
    broker: Option<Arc<MakeBroker>>,
    client: Option<Arc<MakeClient>>,
}

type MakeBroker = dyn Fn(BrokerOptions) -> Box<dyn BrokerMachine> + Send + Sync;
type MakeClient = dyn Fn(ClientOptions) -> Box<dyn ClientMachine> + Send + Sync;

impl CoreSystem {
    /// Returns the built-in machines, or those of the mutant that the scenario names.
    pub fn ours(contender: Contender) -> CoreSystem {
        CoreSystem { contender, broker: None, client: None }
    }

    /// Returns the contender, which determines the link, the mode and the claims.
    pub fn of(&self) -> Contender {
        self.contender
    }

    /// Replaces the broker. `make` is called again at each start of the broker's process.
    #[must_use]
    pub fn with_broker<M: BrokerMachine + 'static>(
        mut self,
        make: impl Fn(BrokerOptions) -> M + Send + Sync + 'static,
    ) -> CoreSystem {
        self.broker = Some(Arc::new(move |options| Box::new(make(options))));
        self
    }

    /// Replaces the clients. `make` is called again at each start of a client's process.
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

    fn broker(&self, context: BrokerContext) -> Tasks {
        let BrokerContext { scenario, net, life, recorder, views_at, views } = context;
        let (mode, limits) = (self.contender.mode, scenario.broker.clone());
        let machine = |link| {
            let options = BrokerOptions { mode, link, limits, epoch: Epoch(life) };
            match &self.broker {
                Some(make) => make(options),
                None => Box::new(mutant::broker(scenario.mutant, options)),
            }
        };
        let settings = settings(&scenario, self.contender);
        let scenario = scenario.clone();
        link::with_link_driver(
            self.contender.link,
            Serve { net, settings, recorder, machine, scenario, views: (views_at, views) },
        )
    }

    fn client(&self, context: ClientContext) -> Tasks {
        let ClientContext { scenario, entry, process, client, seed, net, recorder, durable } =
            context;
        let jitter_seed = Draw::new(seed).named("jitter").named(process.as_str()).bits();
        let numbering = durable.lock().expect("a trial has one thread").numbering;
        let (mode, limits) = (self.contender.mode, entry.limits.clone());
        let will = entry.will.clone().map(Arc::new);
        let script_recorder = recorder.clone();
        let script =
            Script::new(net.clone(), &scenario, &entry, process.clone(), script_recorder, durable);
        let machine = |link| {
            let options =
                ClientOptions { client, process, mode, link, limits, jitter_seed, numbering, will };
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

/// Returns the link settings of a scenario, changed by its mutant if that changes them.
fn settings(scenario: &Scenario, contender: Contender) -> Settings {
    let (polling_interval, mode) = (scenario.polling_interval, contender.mode);
    let (http_timeout, http_connections) = (scenario.http_timeout, scenario.http_connections);
    let settings =
        Settings { polling_interval, http_timeout, http_connections, mode, ..Settings::default() };
    mutant::settings(scenario.mutant, settings)
}

/// Builds the tasks of a broker's process over a link.
struct Serve<F> {
    net: SimNet,
    settings: Settings,
    recorder: Recorder,
    machine: F,
    scenario: Arc<Scenario>,
    views: (Vec<Instant>, Views),
}

impl<F: FnOnce(LinkSemantics) -> Box<dyn BrokerMachine>> LinkVisitor for Serve<F> {
    type Output = Tasks;

    fn visit<C: LinkDriver>(self) -> Tasks {
        let Serve { net, settings, recorder, machine, scenario, views } = self;
        let link_driver = C::new(&settings);
        let broker = BrokerDriver::new(net.clone(), machine(C::SEMANTICS), recorder);
        Box::pin(async move {
            tokio::select! {
                biased;
                () = broker.run_timers() => {}
                served = link_driver.serve(PORT, broker.clone()) => {
                    served.expect("the broker's port is free");
                }
                () = broker_app::run(&net, &broker, &scenario.broker_app) => {}
                () = look(&net, &broker, views) => {}
            }
        })
    }
}

/// Takes the broker's view at each of the given moments, in order. Never ends.
async fn look(
    net: &SimNet,
    broker: &BrokerDriver<SimNet>,
    (views_at, views): (Vec<Instant>, Views),
) {
    for at in views_at {
        net.sleep_until(at).await;
        if let Some(view) = broker.view() {
            views.lock().expect("a trial has one thread").insert(at, view);
        }
    }
    std::future::pending().await
}

/// Builds the tasks of a client's process over a link.
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
        let mut client = machine(C::SEMANTICS);
        for subscribe in &entry.subscribe {
            let (queue, room) = (subscribe.queue.clone(), subscribe.event.clone());
            client.handle(net.now(), ClientInput::Join { queue, room, from: subscribe.from });
        }
        let context = ConnectContext { net, recorder, to: broker_address(), known: Vec::new() };
        Box::pin(link::client::run(C::new(settings), context, client, script))
    }
}
