//! Tests of facts about turmoil on which the simulator's design rests, so that an upgrade that
//! changes one fails.

use super::*;
use std::time::Duration as StdDuration;

fn turmoil_sim(fail_rate: f64) -> turmoil::Sim<'static> {
    turmoil::Builder::new()
        .tick_duration(StdDuration::from_millis(10))
        .simulation_duration(StdDuration::from_secs(60))
        .min_message_latency(StdDuration::from_millis(50))
        .max_message_latency(StdDuration::from_millis(50))
        .fail_rate(fail_rate)
        .rng_seed(1)
        .epoch(std::time::SystemTime::UNIX_EPOCH)
        .build()
}

#[test]
fn turmoils_fail_rate_is_no_packet_loss() {
    let told: Told<u32> = Told::default();
    let tell = told.clone();
    let mut sim = turmoil_sim(0.1);
    sim.host("receiver", move || {
        let tell = tell.clone();
        async move {
            let socket = turmoil::net::UdpSocket::bind("0.0.0.0:9").await?;
            loop {
                socket.recv_from(&mut [0; 8]).await?;
                tell.lock().expect("one thread").push(1);
            }
        }
    });
    sim.client("sender", async {
        let socket = turmoil::net::UdpSocket::bind("0.0.0.0:9").await?;
        for _ in 0..500 {
            socket.send_to(&[0; 8], "receiver:9").await?;
            tokio::time::sleep(StdDuration::from_millis(10)).await;
        }
        Ok(())
    });
    sim.run().expect("it ends");
    // Of 500 a tenth lost leaves 450, standard deviation 6.7. Five packets are under way at any
    // moment, and each failure empties the link.
    assert!(told.lock().unwrap().len() < 350, "{}", told.lock().unwrap().len());
}

#[test]
fn turmoils_own_tcp_never_retransmits() {
    let told: Told<u8> = Told::default();
    let tell = told.clone();
    let mut sim = turmoil_sim(0.0);
    sim.host("receiver", move || {
        let tell = tell.clone();
        async move {
            let listener = turmoil::net::TcpListener::bind("0.0.0.0:9").await?;
            let (mut stream, _) = listener.accept().await?;
            loop {
                let byte = stream.read_u8().await?;
                tell.lock().expect("one thread").push(byte);
            }
        }
    });
    sim.client("sender", async {
        let mut stream = turmoil::net::TcpStream::connect("receiver:9").await?;
        for byte in 0..30 {
            if byte == 10 {
                turmoil::partition("sender", "receiver");
            }
            if byte == 20 {
                turmoil::repair("sender", "receiver");
            }
            stream.write_u8(byte).await?;
            tokio::time::sleep(StdDuration::from_millis(100)).await;
        }
        tokio::time::sleep(StdDuration::from_secs(20)).await;
        Ok(())
    });
    sim.run().expect("writing never fails");
    assert_eq!(*told.lock().unwrap(), (0..10).collect::<Vec<u8>>());
}
