//! The machines of the core, frame by frame and against small models of their own.

mod answers;
mod broker_model;
mod not_kept;
