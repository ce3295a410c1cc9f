//! Middleware between a driver and a machine: an interceptor sees each input before the machine
//! does and each output after it, and may change either. The machine does not know of it.

use std::collections::VecDeque;
use std::ops::Deref;

use super::broker::Broker;
use super::client::Client;
use super::io::{BrokerMachine, BrokerOptions, ClientMachine, Machine, Numbering};
use super::view::BrokerView;
use crate::time::Instant;

/// Middleware in front of a machine. The default methods pass on everything.
pub trait Interceptor<M: Machine>: Send {
    /// Processes an input on its way to the machine. The driver gets what is put into `outputs`
    /// before what the machine outputs.
    fn input(
        &mut self,
        now: Instant,
        input: M::Input,
        machine: &mut M,
        _outputs: &mut VecDeque<M::Output>,
    ) {
        machine.handle(now, input);
    }

    /// Processes an output on its way to the driver, which gets what is put into `outputs`
    /// instead.
    fn output(
        &mut self,
        _now: Instant,
        output: M::Output,
        _machine: &mut M,
        outputs: &mut VecDeque<M::Output>,
    ) {
        outputs.push_back(output);
    }
}

/// A machine with an optional interceptor in front of it.
pub struct Intercepted<M: Machine> {
    machine: M,
    interceptor: Option<Box<dyn Interceptor<M>>>,
    outputs: VecDeque<M::Output>,
    now: Instant,
}

impl<M: Machine> Intercepted<M> {
    /// Puts an interceptor in front of a machine.
    pub fn new(machine: M, interceptor: Box<dyn Interceptor<M>>) -> Self {
        Intercepted { interceptor: Some(interceptor), ..machine.into() }
    }
}

impl<M: Machine> From<M> for Intercepted<M> {
    /// Wraps a machine without an interceptor.
    fn from(machine: M) -> Self {
        Intercepted { machine, interceptor: None, outputs: VecDeque::new(), now: Instant::ZERO }
    }
}

impl<M: Machine> Machine for Intercepted<M> {
    type Input = M::Input;
    type Output = M::Output;

    fn handle(&mut self, now: Instant, input: M::Input) {
        self.now = now;
        match &mut self.interceptor {
            None => self.machine.handle(now, input),
            Some(interceptor) => {
                interceptor.input(now, input, &mut self.machine, &mut self.outputs);
            }
        }
    }

    fn poll(&mut self) -> Option<M::Output> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
            let output = self.machine.poll()?;
            match &mut self.interceptor {
                None => return Some(output),
                Some(interceptor) => {
                    interceptor.output(self.now, output, &mut self.machine, &mut self.outputs);
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.machine.deadline()
    }
}

/// Gives read access to the machine.
impl<M: Machine> Deref for Intercepted<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.machine
    }
}

impl BrokerMachine for Intercepted<Broker> {
    fn options(&self) -> &BrokerOptions {
        self.machine.options()
    }

    fn holds(&self) -> (usize, usize) {
        self.machine.holds()
    }

    fn view(&self) -> Option<BrokerView> {
        self.machine.view()
    }
}

impl ClientMachine for Intercepted<Client> {
    fn wants_to_read(&self) -> bool {
        self.machine.wants_to_read()
    }

    fn numbering(&self) -> Numbering {
        self.machine.numbering()
    }

    fn holds(&self) -> usize {
        self.machine.holds()
    }
}
