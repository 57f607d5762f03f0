//! From options to a running session and its exit code.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, ensure};

use super::options::{Options, Shown};
use super::{ERROR, MATCHED, defaults, save, say, use_color};
use crate::auth::masking::Masking;
use crate::auth::proof::Prover;
use crate::capture::{End, LiveOptions, SourceSpec};
use crate::config::Config;
use crate::demo::Demo;
use crate::export::text::{self, Style};
use crate::export::{json, slice};
use crate::filter::Filter;
use crate::limits::Limits;
use crate::secret::FingerprintKey;
use crate::session::drive::Drive;
use crate::session::headless::{Format, Lines, stdout_reader_left};
use crate::session::privileges::{self, Sandbox};
use crate::session::{self, Input, Outcome, SessionHandle, signals};
use crate::tui::keys::KeyMap;
use crate::tui::symbols::Symbols;
use crate::tui::{self, UiOptions};

/// Shown when the user names no display filter.
const DEFAULT_FILTER: &str = "status:401";

/// The interface that the demo's traffic goes over.
const LOOPBACK: &str = if cfg!(target_os = "linux") { "lo" } else { "lo0" };

/// Watches what the options name.
pub fn run(mut options: Options) -> anyhow::Result<ExitCode> {
    let config = defaults::complete(&mut options)?;
    let options = &options;
    let (filter, fail_on) = filters(options)?;
    let key = fingerprint_key(&source(options))?;
    let usual = Limits::default();
    let limits = Limits {
        memory: options.bounds.limit_memory.unwrap_or(usual.memory),
        history: options.bounds.history.unwrap_or(usual.history),
        ..usual
    };
    let mut front = Front::new(options, &config, masking(&options.shown, &config, &key), &limits)?;
    let prover = prover(options)?;
    let account = privileges::account(options.source.user.as_deref())?;
    let input = Input::open(&source(options), options.source.bpf.as_deref())?;
    let save = save::open(options, account.as_ref())?;
    front.keep_packets(&input.spec, options.output.write.as_deref());
    let mut sandbox = front.sandbox(&input.spec);
    sandbox.writable.extend(save::folder(options).map(Path::to_owned));
    let stop = Arc::default();
    front.heed_signals(&stop)?;
    let rights = privileges::give_up(account.as_ref(), &sandbox)?;
    save::check_rotation(options)?;
    let settings = session::Options {
        limits,
        matching: filter,
        prover,
        count: options.bounds.count,
        duration: options.bounds.duration,
        fail_on,
        save,
        rights,
        stop,
        ..session::Options::new(key)?
    };
    front.show(input, settings, config.ui.follow)
}

/// Watches traffic that this program makes itself; a recording of it where it may not capture.
pub fn demo(mut shown: Shown) -> anyhow::Result<ExitCode> {
    let config = defaults::complete_shown(&mut shown)?;
    let key = random_key()?;
    let masking = masking(&shown, &config, &key);
    let mut settings = session::Options::new(key)?;
    let traffic = Demo::start().context("cannot start the demo's servers on loopback")?;
    let loopback = LiveOptions { interfaces: vec![LOOPBACK.to_owned()], ..LiveOptions::default() };
    let input = match Input::open(&SourceSpec::Live(loopback), Some(&traffic.bpf())) {
        Ok(input) => input,
        Err(error) => {
            settings.warning = Some(format!("a recording, because this user {error}"));
            Input::recording("demo recording", crate::demo::RECORDED)?
        }
    };
    let front = if io::stdout().is_terminal() {
        let mut screen = screen(&shown, &config, masking, Limits::default().history)?;
        screen.takes_user = false;
        Front::Screen(Box::new(screen))
    } else {
        let color = use_color(shown.color);
        Front::Lines(Format::Text(Style { masking, color, verbose: false }))
    };
    let account = privileges::account(None)?;
    front.heed_signals(&settings.stop)?;
    settings.rights = privileges::give_up(account.as_ref(), &front.sandbox(&input.spec))?;
    front.show(input, settings, config.ui.follow)
}

fn random_key() -> anyhow::Result<FingerprintKey> {
    FingerprintKey::random().context("no random numbers from the system")
}

/// Octets of a recording from which its key is made: its header and first packets.
const BEGINNING: u64 = 64 << 10;

/// A recording has the same fingerprints each time it is read; live traffic has those of this run.
fn fingerprint_key(spec: &SourceSpec) -> anyhow::Result<FingerprintKey> {
    let SourceSpec::File { path, follow: false } = spec else { return random_key() };
    let mut beginning = Vec::new();
    // What cannot be read is reported when it is opened; a pipe must not lose its first octets here.
    match File::open(path) {
        Ok(file) if file.metadata().is_ok_and(|metadata| metadata.is_file()) => {
            let _ = file.take(BEGINNING).read_to_end(&mut beginning);
            Ok(FingerprintKey::of_recording(&beginning))
        }
        _ => random_key(),
    }
}

/// What shows the exchanges.
enum Front {
    Lines(Format),
    Screen(Box<UiOptions>),
}

impl Front {
    fn new(
        options: &Options,
        config: &Config,
        masking: Masking,
        limits: &Limits,
    ) -> anyhow::Result<Self> {
        let Options { output, shown, .. } = options;
        if output.json {
            return Ok(Self::Lines(Format::Json(Box::new(json::Lines::new(masking)))));
        }
        if output.text || !io::stdout().is_terminal() {
            let color = use_color(shown.color);
            return Ok(Self::Lines(Format::Text(Style {
                masking,
                color,
                verbose: output.verbose,
            })));
        }
        let mut screen = screen(shown, config, masking, limits.history)?;
        screen.filter.clone_from(&output.filter);
        Ok(Self::Screen(Box::new(screen)))
    }

    /// Tells a screen where the packets can be read again, for an export.
    fn keep_packets(&mut self, spec: &SourceSpec, written: Option<&Path>) {
        if let Self::Screen(screen) = self {
            screen.packets = slice::origin(spec, written);
        }
    }

    /// From the moment at which the capture is open, a signal ends it with a summary. A screen has its
    /// own ways.
    fn heed_signals(&self, stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
        match self {
            Self::Lines(_) => signals::stop_on_signals(stop).context("cannot handle signals"),
            Self::Screen(_) => Ok(()),
        }
    }

    /// What it still needs of the system once everything is open.
    fn sandbox(&self, spec: &SourceSpec) -> Sandbox {
        // Where libpcap reads the interfaces' own drop counters.
        let mut readable = vec!["/sys".into(), "/proc/net".into()];
        if let SourceSpec::File { path, follow: true } = spec {
            // The file may be replaced by a new one of the same name.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            readable.push(folder.unwrap_or(Path::new(".")).to_owned());
        }
        if let Self::Screen(screen) = self {
            readable.extend(screen.packets.clone());
        }
        let writable = match self {
            Self::Lines(_) => Vec::new(),
            // Keys when standard input is a capture, and exports.
            Self::Screen(_) => ["/dev/tty", "."].map(PathBuf::from).to_vec(),
        };
        Sandbox { readable, writable }
    }

    fn show(
        self,
        input: Input,
        settings: session::Options,
        follow: Option<bool>,
    ) -> anyhow::Result<ExitCode> {
        match self {
            Self::Lines(format) => Ok(lines(input, settings, format)),
            Self::Screen(mut options) => {
                options.follow = follow.unwrap_or(input.is_live());
                let session = SessionHandle::start(input, settings).context("no thread")?;
                let outcome = tui::run(session, *options)?;
                Ok(conclude(&outcome.context("the capture thread ended by a panic")?))
            }
        }
    }
}

fn masking(shown: &Shown, config: &Config, key: &FingerprintKey) -> Masking {
    Masking::new(shown.reveal, key.clone()).with_names(config.own_names())
}

fn screen(
    shown: &Shown,
    config: &Config,
    masking: Masking,
    history: usize,
) -> anyhow::Result<UiOptions> {
    let mut options = UiOptions::new(masking);
    options.history = history;
    options.colour = use_color(shown.color);
    options.keys = KeyMap::with(&config.key_lists()).context("keys in the configuration")?;
    options.mouse = config.ui.mouse.unwrap_or(options.mouse);
    options.named_filters = config.filters.clone().into_iter().collect();
    if config.ui.ascii == Some(true) {
        options.symbols = Symbols::ASCII;
    }
    options.theme = shown.known_theme()?.unwrap_or(options.theme);
    Ok(options)
}

/// Reads the user's keys and passwords, while this process may.
fn prover(options: &Options) -> anyhow::Result<Option<Prover>> {
    let (keys, passwords) =
        (options.proof.jwks.as_deref(), options.proof.check_credentials.as_deref());
    if keys.is_none() && passwords.is_none() {
        return Ok(None);
    }
    Ok(Some(Prover::open(keys, passwords)?))
}

fn filters(options: &Options) -> anyhow::Result<(Filter, Option<Filter>)> {
    let wanted = options.output.filter.as_deref().unwrap_or(DEFAULT_FILTER);
    let fail_on = options.output.fail_on.as_deref();
    let fail_on = fail_on.map(|expression| parse("--fail-on", expression)).transpose()?;
    Ok((parse("-Y", wanted)?, fail_on))
}

fn parse(option: &str, expression: &str) -> anyhow::Result<Filter> {
    // One hyphen negates. Nobody negates twice, but who forgets the expression has the next option taken for it.
    ensure!(!expression.starts_with("--"), "{option} needs an expression before {expression}");
    Filter::parse(expression)
        .map_err(|error| anyhow::anyhow!("{option}: {}", error.located(expression)))
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

fn lines(input: Input, settings: session::Options, format: Format) -> ExitCode {
    let for_people = matches!(format, Format::Text(_));
    let (drive, _) = Drive::new(input, settings);
    let mut lines = Lines::new(io::stdout(), format, stdout_reader_left, say);
    let mut outcome = drive.run(&mut lines);
    if outcome.sink_error.is_none() {
        outcome.sink_error = lines.conclude(&outcome).err();
    }
    if for_people && outcome.sink_error.is_none() {
        say(&text::summary(&outcome.status.counters));
    }
    conclude(&outcome)
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
        Some(End::Corrupt(reason) | End::Failed(reason)) => {
            say(&format!("{}: {reason}", status.source));
            code = ExitCode::from(ERROR);
        }
        Some(End::Complete | End::Interrupted) | None => {}
    }
    if outcome.not_saved {
        code = ExitCode::from(ERROR);
    }
    if outcome.failed_on > 0 { ExitCode::from(MATCHED) } else { code }
}
