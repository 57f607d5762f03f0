//! The command line as `clap` reads it. Names follow tcpdump, tshark, curl and ripgrep, so that
//! fingers already know them.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::values;
use crate::tui::theme::ThemeName;

/// Watches plaintext HTTP on the wire and shows every 401 the moment it happens, and why.
///
/// Without a subcommand it opens the terminal UI on live traffic, or on a capture file with -r.
/// When standard output is no terminal it writes text instead.
#[derive(Debug, Parser)]
#[command(
    name = "why401",
    version,
    args_conflicts_with_subcommands = true,
    args_override_self = true,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 ran to its end; 1 --fail-on matched; 2 usage, permission or input error."
)]
pub struct Cli {
    /// What to do instead of watching.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to watch.
    #[command(flatten)]
    pub options: Options,
}

/// What to do instead of watching.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch an embedded server and its clients get it wrong, live, over loopback
    Demo(Shown),
    /// List interfaces, their addresses, and whether you may capture on them
    Interfaces,
    /// The diagnosis catalogue: list it, or explain one entry ("filter": the filter language)
    Explain {
        /// Name of a diagnosis, or "filter"
        id: Option<String>,
    },
    /// Write shell completions to standard output
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Write the man page to standard output
    Man,
}

/// How to watch.
#[derive(Debug, Args)]
pub struct Options {
    /// Where packets come from, and which.
    #[command(flatten)]
    pub source: Source,
    /// What comes out.
    #[command(flatten)]
    pub output: Output,
    /// What refused credentials are compared with.
    #[command(flatten)]
    pub proof: Proof,
    /// When to stop, and how much to hold.
    #[command(flatten)]
    pub bounds: Bounds,
    /// How things are shown.
    #[command(flatten)]
    pub shown: Shown,
}

/// Where packets come from, and which.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source")]
pub struct Source {
    /// Capture on this interface; repeatable; "any" where the system has it
    #[arg(short, long, value_name = "NAME", conflicts_with = "read")]
    pub interface: Vec<String>,

    /// Read a pcap or pcapng file; "-" reads standard input
    ///
    /// Plain, .gz or .zst, either byte order, microseconds or nanoseconds. From another machine:
    /// ssh host tcpdump -U -w - 'tcp port 8080' | why401 -r -
    #[arg(short, long, value_name = "FILE")]
    pub read: Option<PathBuf>,

    /// Keep reading as the file grows, like tail -f
    #[arg(long, requires = "read")]
    pub follow_file: bool,

    /// Capture filter in libpcap's syntax; applied with -r too
    ///
    /// The default lets TCP through, with VLAN tags, fragments and the supported tunnels.
    #[arg(short = 'f', long, value_name = "EXPR")]
    pub bpf: Option<String>,

    /// Bytes to capture of each packet
    #[arg(long, value_name = "BYTES", value_parser = values::snap_length, default_value = "262144", hide_short_help = true)]
    pub snaplen: i32,

    /// Size of the kernel's buffer
    #[arg(long, value_name = "SIZE", value_parser = values::buffer_size, default_value = "64M", hide_short_help = true)]
    pub buffer_size: i32,

    /// Do not set promiscuous mode
    #[arg(long)]
    pub no_promisc: bool,

    /// Become this user once the capture is open [default: $SUDO_USER when run by sudo]
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
}

/// What comes out.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// Display filter; '' shows everything [default: status:401]
    ///
    /// "why401 explain filter" lists the fields.
    #[arg(short = 'Y', long, value_name = "EXPR", allow_hyphen_values = true)]
    pub filter: Option<String>,

    /// Also save every captured frame as pcapng
    #[arg(short, long, value_name = "FILE")]
    pub write: Option<PathBuf>,

    /// Start a new file whenever the current one reaches this size
    #[arg(long, value_name = "SIZE", value_parser = values::size, requires = "write", hide_short_help = true)]
    pub rotate_size: Option<u64>,

    /// Keep only the N newest files
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "rotate_size", hide_short_help = true)]
    pub rotate_count: Option<u32>,

    /// No UI: one JSON object per line
    #[arg(long, conflicts_with = "text")]
    pub json: bool,

    /// No UI: one line per exchange, more with -v
    #[arg(long)]
    pub text: bool,

    /// With --text: add the evidence and what to fix
    #[arg(short, long)]
    pub verbose: bool,

    /// Exit with 1 if any exchange matches this display filter
    ///
    /// For CI: why401 -r run.pcap --text --fail-on 'why:jwt-*'
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
    pub fail_on: Option<String>,
}

/// What refused credentials are compared with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Proof")]
pub struct Proof {
    /// Check signatures of refused JWTs with these keys
    ///
    /// A JSON Web Key Set, PEM public keys, or an HMAC secret (then mode 0600). Its contents are
    /// never shown and never sent.
    #[arg(long, value_name = "FILE")]
    pub jwks: Option<PathBuf>,

    /// Check refused Basic and Digest passwords against this file
    ///
    /// user:password lines, or what htpasswd or htdigest writes; mode 0600. Its contents are never
    /// shown and never sent.
    #[arg(long, value_name = "FILE")]
    pub check_credentials: Option<PathBuf>,
}

/// When to stop, and how much to hold.
#[derive(Debug, Args)]
#[command(next_help_heading = "Bounds")]
pub struct Bounds {
    /// Stop after N matching exchanges
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,

    /// Stop after this time (500ms, 30s, 5m); in a recording, by packet time
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub duration: Option<Duration>,

    /// Upper bound for all buffers and tables together [default: 256M]
    #[arg(long, value_name = "SIZE", value_parser = values::memory, hide_short_help = true)]
    pub limit_memory: Option<usize>,

    /// How many exchanges the UI keeps, at about 3 KiB each [default: 100000]
    #[arg(long, value_name = "N", value_parser = values::history, hide_short_help = true)]
    pub history: Option<usize>,
}

/// How things are shown.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Display")]
pub struct Shown {
    /// Show secrets; otherwise they are masked everywhere
    #[arg(long)]
    pub reveal: bool,

    /// Configuration file
    ///
    /// docs/CONFIG.md lists all settings, and the environment variables (WHY401_FILTER, ...) that
    /// override it.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub config: Option<PathBuf>,

    /// Colours of the UI
    #[arg(long, value_name = "NAME", value_parser = themes(), hide_short_help = true)]
    pub theme: Option<String>,

    /// When to use colour [default: auto]
    #[arg(long, value_name = "WHEN", value_enum, hide_short_help = true)]
    pub color: Option<ColorWhen>,
}

impl Shown {
    /// The theme that was asked for; by a configuration, it may be none.
    pub fn known_theme(&self) -> anyhow::Result<Option<ThemeName>> {
        let Some(name) = &self.theme else { return Ok(None) };
        let names = || ThemeName::ALL.map(ThemeName::name).join(", ");
        let theme = ThemeName::find(name);
        theme.map(Some).with_context(|| format!("none is named {name:?}; there are: {}", names()))
    }
}

fn themes() -> PossibleValuesParser {
    ThemeName::ALL.map(ThemeName::name).into()
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
