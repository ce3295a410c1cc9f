//! The machines of the core against small models of their own.

mod broker_model;
