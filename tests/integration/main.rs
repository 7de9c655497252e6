//! All integration tests in one binary, because linking polars takes long.

#![allow(clippy::unwrap_used)]

mod bad_input;
mod cases;
mod cli;
mod clients;
mod cut_off;
mod differential;
mod differential_haproxy;
mod differential_text;
mod differential_traefik;
mod hostile;
mod key_scope;
mod matrix;
mod misfits;
mod queries;
mod readme;
mod recount;
mod reference;
mod replica;
mod reused;
mod samples;
mod silences;
mod support;
mod tables;
mod tidy;
mod tokens;
mod worlds;
