//! Breachscope: exact disclosure counts from the logs of a forged-token breach.
//!
//! ```text
//! evidence files ─intake─▶ frames ─tokens─▶ verdicts ─sessions─▶ runs, phases ─fleet─▶ addresses
//!                                                      └──────────────exposure──────────────▶ counts
//!                                                                      disclosure ─▶ report
//! ```
//!
//! Data flows down, never back. A later stage reads frames and the earlier stages' results; no stage
//! reads the terminal, the clock or the environment: only the binary's `cli` does.
//!
//! | module | what it does | to add |
//! |---|---|---|
//! | [`case`] | `case.toml`, registries, page catalogue | a setting |
//! | [`frames`] | names, columns, Parquet | a column or a frame |
//! | [`intake`] | evidence -> frames, rejects, manifest | a log format: [`intake::formats`] |
//! | [`survey`] | what logs are, and a first case file for them | a setting to propose |
//! | [`jws`] | tokens that are JSON Web Signatures: claims, keys, signatures | an algorithm |
//! | [`misfits`] | what shows that a case is set wrongly, before anything is counted | a misfit |
//! | [`tokens`] | coverage, rules, verdicts | a verdict rule: [`tokens::rules`] |
//! | [`lines`], [`shuffle`] | what a line of a tier is; lines brought together by request | |
//! | [`exposure`] | requests x pages -> views, accounts, bounds | an exposure rule |
//! | [`sessions`], [`fleet`] | runs, phases; addresses, networks | |
//! | [`disclosure`] | figures, gaps, findings | a figure |
//! | [`report`] | terminal, Markdown, JSON | an output, a table |
//! | [`results`] | the folder of results: the earlier state or the new one | |
//! | [`inspect`] | why a token has its verdict; what could not be read; whether all is as it was | a reason |
//! | [`query`] | SQL over the frames | |
//! | [`mod@reference`] | what a reader looks up, from the code's own tables | a page |
//! | [`scope`] | the run: the stages in order | a stage |
//! | [`synth`] | the replica and its planted truth | a planted feature |
//!
//! # Invariants
//!
//! 1. *Nothing lost.* Per evidence file: lines read = rows + rejects + blanks + others.
//! 2. *Every row has a place*: `evidence_id` and `line_no`, so that a figure walks back to raw lines.
//! 3. *Same input, same bytes*, whatever the number of threads.
//! 4. *Every count has a unit and bounds*: `confirmed <= probable <= possible`.
//! 5. *A hole in a log is a row in a table*, and the figures it touches are named.
//! 6. *Read-only and offline.* Evidence is never changed.
//! 7. *Values from logs are hostile*: outputs escape them.

mod bytes;
pub mod case;
pub mod digest;
pub mod disclosure;
pub mod error;
pub mod escape;
pub mod exposure;
pub mod fleet;
pub mod frames;
pub mod identity;
pub mod inspect;
pub mod intake;
pub mod jws;
pub mod lines;
pub mod misfits;
pub mod moment;
pub mod progress;
pub mod query;
pub mod reference;
pub mod report;
pub mod results;
pub mod scope;
pub mod sessions;
pub mod shuffle;
pub mod survey;
pub mod synth;
pub mod terminal;
pub mod tokens;
