//! The command line: what was asked for, done; what went wrong, said in one line.

mod defaults;
mod explain;
mod interfaces;
pub mod options;
mod save;
mod values;
mod watch;

use std::io::{self, IsTerminal, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser};

use crate::filter::Filter;
use options::{Cli, ColorWhen, Command};

/// `--fail-on` matched.
const MATCHED: u8 = 1;

/// Usage, permission or input error.
const ERROR: u8 = 2;

/// Does what the command line says. For `main` to call.
pub fn main() -> ExitCode {
    take_no_huge_pages();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) if !answer.use_stderr() => {
            // Help or the version; a reader who has seen enough of it is no error.
            let _ = answer.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => return complain(&usage_error(&error)),
    };
    hide_panics();
    match std::panic::catch_unwind(|| run(cli)) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => complain(&format!("{error:#}")),
        // Said already.
        Err(_) => ExitCode::from(ERROR),
    }
}

/// Much of a page of 2 MiB would lie idle: 10 MiB in all and more (docs/PERFORMANCE.md). The allocator does not
/// ask for such pages; where the system gives them unasked, it has to be told.
fn take_no_huge_pages() {
    #[cfg(target_os = "linux")]
    // Otherwise it only takes more.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// From now on a panic says where it happened and nothing else: its message may quote what was on the
/// wire.
pub fn hide_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location();
        let place = place.map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        say(&format!("internal error{place}; please report it"));
    }));
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        None => watch::run(cli.options),
        Some(Command::Demo(shown)) => watch::demo(shown),
        Some(Command::Interfaces) => print(&interfaces::table()?),
        Some(Command::Explain { id }) => print(&explain::text(id.as_deref(), terminal_width())?),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "why401", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            print(&String::from_utf8_lossy(&page))
        }
    }
}

/// Writes to standard output; a reader that has gone is no error.
fn print(text: &str) -> anyhow::Result<ExitCode> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("standard output"))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// One line on standard error, whatever the message looks like.
fn say(message: &str) {
    let parts = message.lines().map(str::trim).filter(|part| !part.is_empty());
    let line = parts.collect::<Vec<_>>().join("; ");
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "why401: {}", crate::text::visible(&line));
}

fn complain(message: &str) -> ExitCode {
    say(message);
    ExitCode::from(ERROR)
}

/// What `clap` says over several lines, in one.
fn usage_error(error: &clap::Error) -> String {
    if let Some(advice) = stray_word(error) {
        return format!("{advice} (see why401 --help)");
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let end =
        ["\n\nUsage:", "\n\nFor more information"].iter().filter_map(|mark| text.find(mark)).min();
    let text = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
    let parts = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let parts: Vec<&str> = parts.map(|line| line.strip_prefix("tip: ").unwrap_or(line)).collect();
    format!("{} (see why401 --help)", parts.join("; "))
}

/// What to do about a word that is no subcommand, and like none: other programs take files and filters without
/// an option before them.
fn stray_word(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    if Cli::command().find_subcommand(word).is_some() {
        return None;
    }
    let is_file = Path::new(word).exists();
    if !is_file && error.get(ContextKind::SuggestedSubcommand).is_some() {
        return None;
    }
    Some(if is_file {
        format!("'{word}' is no subcommand; a file is read with -r")
    } else if word.contains([':', '=', '~', '<', '>']) && word.parse::<Filter>().is_ok() {
        format!("'{word}' is no subcommand; a display filter is given with -Y")
    } else {
        format!(
            "'{word}' is no subcommand; a capture filter is given with -f ('tcp port 80'), a display filter \
             with -Y (status:401)"
        )
    })
}

fn terminal_width() -> usize {
    // What the terminal says, within what can be read with pleasure.
    terminal_columns().unwrap_or(80).clamp(40, 100)
}

#[cfg(unix)]
fn terminal_columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col.into())
}

fn use_color(when: Option<ColorWhen>) -> bool {
    match when.unwrap_or(ColorWhen::Auto) {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        // <https://no-color.org>: any value but the empty one.
        ColorWhen::Auto => {
            io::stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_usage_error_is_one_line_with_a_hint() {
        let error = Cli::try_parse_from(["why401", "--jsn"]).unwrap_err();
        let text = usage_error(&error);
        assert!(
            text.contains("--jsn") && text.contains("'--json'") && !text.contains('\n'),
            "{text}"
        );
    }
}
