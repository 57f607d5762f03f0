//! From options to a running session and its exit code.

use std::io;
use std::process::ExitCode;

use anyhow::Context;

use super::options::{Options, Shown};
use super::{ERROR, MATCHED, say, use_color};
use crate::auth::masking::Masking;
use crate::capture::{End, LiveOptions, SourceSpec};
use crate::export::text::{self, Style};
use crate::filter::Filter;
use crate::limits::Limits;
use crate::secret::FingerprintKey;
use crate::session::drive::Drive;
use crate::session::headless::{Format, Lines, stdout_reader_left};
use crate::session::{self, Input, Outcome, signals};

/// Shown when the user names no display filter.
const DEFAULT_FILTER: &str = "status:401";

/// Watches what the options name.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let (filter, fail_on) = filters(options)?;
    let key = FingerprintKey::random().context("no random numbers from the system")?;
    let masking = Masking { reveal: options.shown.reveal, key: key.clone() };
    let input = Input::open(&source(options), options.source.bpf.as_deref())?;
    let settings = session::Options {
        limits: Limits {
            memory: options.bounds.limit_memory,
            history: options.bounds.history,
            ..Limits::default()
        },
        key,
        matching: filter,
        count: options.bounds.count,
        duration: options.bounds.duration,
        fail_on,
        rights: String::new(),
    };
    headless(input, settings, options, masking)
}

/// Watches traffic that this program makes itself.
pub fn demo(_shown: &Shown) -> anyhow::Result<ExitCode> {
    anyhow::bail!("the demo needs the terminal UI")
}

fn filters(options: &Options) -> anyhow::Result<(Filter, Option<Filter>)> {
    let wanted = options.output.filter.as_deref().unwrap_or(DEFAULT_FILTER);
    let filter = Filter::parse(wanted).context("display filter (-Y)")?;
    let fail_on = options.output.fail_on.as_deref().map(Filter::parse).transpose();
    Ok((filter, fail_on.context("display filter (--fail-on)")?))
}

fn source(options: &Options) -> SourceSpec {
    let source = &options.source;
    match &source.read {
        Some(path) if path.as_os_str() == "-" => SourceSpec::Stdin,
        Some(path) => SourceSpec::File { path: path.clone(), follow: source.follow_file },
        None => SourceSpec::Live(LiveOptions {
            interfaces: source.interface.clone(),
            snaplen: source.snaplen,
            buffer_size: source.buffer_size,
            promiscuous: !source.no_promisc,
        }),
    }
}

fn headless(
    input: Input,
    settings: session::Options,
    options: &Options,
    masking: Masking,
) -> anyhow::Result<ExitCode> {
    let format = if options.output.json {
        Format::Json(masking)
    } else {
        let color = use_color(options.shown.color);
        Format::Text(Style { masking, color, verbose: options.output.verbose })
    };
    let (drive, control) = Drive::new(input, settings);
    signals::stop_on_signals(&control.stop).context("cannot handle signals")?;
    let mut lines = Lines::new(io::stdout(), format, stdout_reader_left);
    let mut outcome = drive.run(&mut lines);
    if outcome.sink_error.is_none() {
        outcome.sink_error = lines.conclude(&outcome).err();
    }
    if !options.output.json && outcome.sink_error.is_none() {
        say(&text::summary(&outcome.status.counters));
    }
    Ok(conclude(&outcome))
}

/// Says what went wrong, and how the process is to exit.
fn conclude(outcome: &Outcome) -> ExitCode {
    if let Some(error) = &outcome.sink_error {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return ExitCode::SUCCESS;
        }
        say(&format!("standard output: {error}"));
        return ExitCode::from(ERROR);
    }
    let status = &outcome.status;
    let mut code = ExitCode::SUCCESS;
    match &status.ended {
        Some(End::Damaged(reason)) => say(&format!("warning: {}: {reason}", status.source)),
        Some(End::Failed(reason)) => {
            say(&format!("{}: {reason}", status.source));
            code = ExitCode::from(ERROR);
        }
        Some(End::Complete | End::Interrupted) | None => {}
    }
    if let Some(warning) = &status.warning {
        say(warning);
        code = ExitCode::from(ERROR);
    }
    if outcome.failed_on > 0 { ExitCode::from(MATCHED) } else { code }
}
