//! What may stand between a machine and its world: it sees each fact before the machine does, and
//! each order after it, and may change either. The machine knows nothing of it.

use std::collections::VecDeque;
use std::ops::Deref;

use super::machine::{BrokerMachine, ClientMachine, Machine};
use super::{Broker, BrokerOptions, BrokerView, Client, Numbering};
use crate::time::Instant;

/// Something that stands before a machine. By itself it passes on everything.
pub trait Interceptor<M: Machine>: Send {
    /// A fact is on its way to the machine. What is put into `outputs` is carried out before what
    /// the machine orders.
    fn input(
        &mut self,
        now: Instant,
        input: M::Input,
        machine: &mut M,
        _outputs: &mut VecDeque<M::Output>,
    ) {
        machine.handle(now, input);
    }

    /// An order is on its way to the driver: what is put into `outputs` is carried out instead.
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

/// A machine, and what stands before it, if anything does.
pub struct Intercepted<M: Machine> {
    machine: M,
    interceptor: Option<Box<dyn Interceptor<M>>>,
    outputs: VecDeque<M::Output>,
    now: Instant,
}

impl<M: Machine> Intercepted<M> {
    /// A machine behind an interceptor.
    pub fn new(machine: M, interceptor: Box<dyn Interceptor<M>>) -> Self {
        Intercepted { interceptor: Some(interceptor), ..machine.into() }
    }
}

impl<M: Machine> From<M> for Intercepted<M> {
    /// A machine with nothing before it.
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

/// What can be seen of the machine from outside.
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
        Some(self.machine.view())
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
