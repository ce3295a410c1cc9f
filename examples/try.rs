use delivery_lab::{message::*, scenario::*, time::*};
delivery_lab::seed_entropy!();
fn main() {
    let ms = Instant::from_millis;
    let client = |id: &str| Client { id: id.into(), name: None, count: 1, publish: vec![], subscribe: vec![], join: vec![], leave: vec![], limits: ClientLimits::default() };
    let mut driver = client("driver");
    driver.publish.push(Publish { queue: "q".into(), event: "e".into(), payload: Payload::null(), target: Target::default(), when: When::Every { start: ms(1000), every: Duration::from_secs(1), count: 8 }, ack_within: None });
    let mut shop = client("shop");
    shop.subscribe.push(Subscribe { queue: "q".into(), event: "e".into(), from: From::Now });
    let s = Scenario { name: "t".into(), title: "".into(), about: "".into(), seed: 1, run_for: Duration::from_secs(20), latency: Latency { min: Duration::from_millis(20), max: Duration::from_millis(20) }, contenders: vec![], broker: BrokerLimits::default(), clients: vec![driver, shop],
      faults: vec![Fault { kind: FaultKind::Disconnect, who: Who::Clients(vec!["shop".into()]), at: ms(2500), until: ms(6500), direction: Direction::Both }], expectations: vec![] };
    let c: Contender = std::env::args().nth(1).unwrap().parse().unwrap();
    let t0 = std::time::Instant::now();
    let t = delivery_lab::sim::run_trial(&s, c, 1, &delivery_lab::sim::TrialOptions::default()).unwrap();
    eprintln!("{:?}", t0.elapsed());
    for l in t.history.trace_lines() { println!("{l}"); }
    println!("{:?} {:?}", t.history.cost, t.history.bites);
}
