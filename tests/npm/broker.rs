//! A broker with the link `socketio` on a loopback port, for clients that are not ours.
//!
//! It takes the mode and what becomes of upgrades as arguments, says `listening on PORT`, and
//! serves until its standard input ends.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};

use delivery_lab::core::{Broker, BrokerOptions};
use delivery_lab::history::Recorder;
use delivery_lab::link::{BrokerDriver, LinkDriver, Settings, SocketIo};
use delivery_lab::message::{BrokerLimits, Epoch, Mode, Upgrade};
use delivery_lab::net::real::Loopback;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let mode = if has("catch-up") { Mode::CatchUp } else { Mode::FireAndForget };
    let upgrade = if has("refuse") { Upgrade::Refuse } else { Upgrade::Accept };
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(serve(mode, upgrade));
}

async fn serve(mode: Mode, upgrade: Upgrade) {
    let port = free_port();
    println!("listening on {port}");
    let limits = BrokerLimits { upgrade, ..BrokerLimits::default() };
    let options = BrokerOptions { mode, link: SocketIo::SEMANTICS, limits, epoch: Epoch::FIRST };
    let recorder = Recorder::one_each(&["broker".into()]).remove(0);
    let driver = BrokerDriver::new(Loopback::new(), Box::new(Broker::new(options)), recorder);
    let link = SocketIo::new(&Settings { mode, ..Settings::default() });
    tokio::select! {
        biased;
        () = driver.run_timers() => {}
        served = link.serve(port, driver.clone()) => served.expect("the port is free"),
    }
}

fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    socket.local_addr().expect("it is bound").port()
}
