//! A program in a pseudo-terminal, and what stands on its screen.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use base64::Engine as _;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Printed by the shell around the program once that has ended.
const AFTER: &str = "AFTERWARDS";

/// Printed by a shell with job control once the program has stopped.
const STOPPED: &str = "STANDSSTILL";

pub fn is_root() -> bool {
    std::process::Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n")
}

/// The program under a shell, which then tells how the terminal was left.
pub struct Program {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    /// Tells the reader to let go of the terminal.
    closing: Arc<AtomicBool>,
    size: (u16, u16),
    /// Octets that were meant for an earlier size.
    before: usize,
    folder: tempfile::TempDir,
}

impl Program {
    pub fn start(columns: u16, rows: u16, arguments: &[&str]) -> Self {
        Self::run(Path::new(env!("CARGO_BIN_EXE_why401")), columns, rows, arguments)
    }

    /// Any program that uses the screen.
    pub fn run(program: &Path, columns: u16, rows: u16, arguments: &[&str]) -> Self {
        // The inner shell becomes the program, so that its number is the program's.
        let inner = r#"sh -c 'echo $$ >pid; exec "$0" "$@"' "$0" "$@""#;
        Self::script(
            &format!("{inner}; echo $? >code; echo {AFTER}; stty -a"),
            program,
            columns,
            rows,
            arguments,
        )
    }

    /// Under a shell with job control: where the program stops, the shell says so and how the
    /// terminal is, and waits for a line before it lets the program go on.
    pub fn with_job_control(columns: u16, rows: u16, arguments: &[&str]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_why401"));
        let script = format!(
            r#"set -m; "$0" "$@"; echo {STOPPED}; stty -a; read go; fg; echo {AFTER}; stty -a"#
        );
        Self::script(&script, program, columns, rows, arguments)
    }

    fn script(script: &str, program: &Path, columns: u16, rows: u16, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The recording under a name that tells nothing of this machine.
        std::os::unix::fs::symlink(crate::RECORDING, folder.path().join("demo.pcap")).unwrap();
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut command = CommandBuilder::new("sh");
        command.arg("-c");
        command.arg(script);
        command.arg(program);
        command.args(arguments);
        command.cwd(folder.path());
        for (name, value) in [("TERM", "xterm-256color"), ("LC_ALL", "C.UTF-8")] {
            command.env(name, value);
        }
        for name in ["TMUX", "STY", "NO_COLOR", "WHY401_CONFIG", "SUDO_USER"] {
            command.env_remove(name);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let output = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let seen = Arc::clone(&output);
        let closing = Arc::new(AtomicBool::new(false));
        let closed = Arc::clone(&closing);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer)
                && !closed.load(Ordering::Relaxed)
            {
                seen.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self {
            master: pair.master,
            keys,
            child,
            output,
            reader,
            closing,
            size: (columns, rows),
            before: 0,
            folder,
        }
    }

    /// Where the program was started.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn raw(&self) -> Vec<u8> {
        self.output.lock().unwrap().clone()
    }

    /// What stands on the screen.
    pub fn text(&self) -> String {
        self.parsed().screen().contents()
    }

    fn parsed(&self) -> vt100::Parser {
        let mut parser = vt100::Parser::new(self.size.1, self.size.0, 0);
        parser.process(&self.raw()[self.before..]);
        parser
    }

    /// What stands on the screen, line by line, with its colours as escape sequences.
    pub fn coloured(&self) -> String {
        let parser = self.parsed();
        let (columns, rows) = self.size;
        let mut out = String::new();
        for row in 0..rows {
            let mut before = String::new();
            let cells = (0..columns).filter_map(|column| parser.screen().cell(row, column));
            for cell in cells.filter(|cell| !cell.is_wide_continuation()) {
                let style = style(cell);
                if style != before {
                    out.push_str(&style);
                    before = style;
                }
                out.push_str(if cell.has_contents() { cell.contents() } else { " " });
            }
            out.push_str("\x1b[0m\n");
        }
        out
    }

    /// Whether this text stands on the screen in the terminal's red.
    pub fn is_red(&self, text: &str) -> bool {
        let parser = self.parsed();
        let screen = parser.screen();
        screen.rows(0, self.size.0).enumerate().any(|(row, line)| {
            line.find(text).is_some_and(|at| {
                let column = line[..at].chars().count();
                let cell = screen.cell(row as u16, column as u16);
                cell.is_some_and(|cell| cell.fgcolor() == vt100::Color::Idx(1))
            })
        })
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until the text stands on the screen.
    pub fn wait_for(&mut self, text: &str) {
        let start = Instant::now();
        while !self.text().contains(text) {
            assert!(start.elapsed() < PATIENCE, "no {text:?} on the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses a key that changes the screen, and waits until it has come to rest.
    pub fn press_and_settle(&mut self, key: &str) {
        let before = self.raw().len();
        let start = Instant::now();
        self.press(key);
        while self.raw().len() == before {
            assert!(start.elapsed() < PATIENCE, "{key:?} does nothing:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.settle();
    }

    /// Waits until nothing more is drawn.
    pub fn settle(&self) {
        let start = Instant::now();
        let (mut seen, mut since) = (self.raw().len(), start);
        while since.elapsed() < Duration::from_millis(400) {
            assert!(start.elapsed() < PATIENCE, "never at rest:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
            let now = self.raw().len();
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
        }
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.before = self.raw().len();
        self.size = (columns, rows);
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// What was last put into the terminal's clipboard.
    pub fn clipboard(&self) -> Option<String> {
        let raw = String::from_utf8_lossy(&self.raw()).into_owned();
        let (_, rest) = raw.rsplit_once("\x1b]52;c;")?;
        let (encoded, _) = rest.split_once('\x07')?;
        let octets = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
        String::from_utf8(octets).ok()
    }

    /// Presses the key that leaves; says how long that took.
    pub fn quit(&mut self, key: &str) -> Duration {
        let start = Instant::now();
        self.press(key);
        self.left();
        start.elapsed()
    }

    /// The program's number.
    pub fn process(&self) -> i32 {
        let number = std::fs::read_to_string(self.folder.path().join("pid")).unwrap();
        number.trim().parse().unwrap()
    }

    /// Sends the program a signal, as `kill` does.
    pub fn signal(&mut self, signal: Signal) {
        let pid = Pid::from_raw(self.process()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Closes the terminal, as one closes a window; answers the folder with what was left behind.
    pub fn close(mut self) -> tempfile::TempDir {
        self.nobody_looks();
        self.let_go()
    }

    /// Closes the terminal while the program still takes in what was typed into its filter.
    pub fn close_while_typing(mut self) -> tempfile::TempDir {
        self.press("/");
        self.nobody_looks();
        self.press(&"host:a ".repeat(400));
        std::thread::sleep(Duration::from_millis(5));
        self.let_go()
    }

    fn nobody_looks(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        // Something to read, so that the reader looks up.
        self.press("?");
        while !self.reader.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn let_go(mut self) -> tempfile::TempDir {
        drop((self.master, self.keys));
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "the shell around it goes on without a terminal");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.folder
    }

    /// Waits for the end; the terminal must be as it was before.
    pub fn left(&mut self) {
        self.wait_for(AFTER);
        let _ = self.child.wait();
        self.restored(AFTER);
    }

    /// The exit code, after the end.
    pub fn exit_code(&self) -> i32 {
        let code = std::fs::read_to_string(self.folder.path().join("code")).unwrap();
        code.trim().parse().unwrap()
    }

    /// Waits until the shell has the terminal back, which must be as it was before; the program has
    /// only stopped.
    pub fn stopped(&mut self) {
        self.wait_for(STOPPED);
        self.restored(STOPPED);
    }

    /// The terminal was put back before the shell printed this word.
    fn restored(&self, word: &str) {
        let raw = String::from_utf8_lossy(&self.raw()).into_owned();
        let (before, after) = raw.rsplit_once(word).unwrap();
        for (entered, undone) in [
            ("\x1b[?1049h", "\x1b[?1049l"),
            ("\x1b[?25l", "\x1b[?25h"),
            ("\x1b[?2004h", "\x1b[?2004l"),
            ("\x1b[?1000h", "\x1b[?1000l"),
        ] {
            let (on, off) = (before.rfind(entered), before.rfind(undone));
            assert!(on.is_some() && off > on, "{entered:?} was not undone");
        }
        // The last word that stty prints on Linux; elsewhere the wait below is short.
        let start = Instant::now();
        let mut after = after.to_owned();
        while !after.contains("extproc") && start.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(20));
            let raw = String::from_utf8_lossy(&self.raw()).into_owned();
            raw.rsplit_once(word).unwrap().1.clone_into(&mut after);
        }
        for setting in ["icanon", "echo", "isig"] {
            let on = after.split_whitespace().any(|word| word == setting);
            assert!(on, "{setting} is off: {after}");
        }
    }
}

/// The escape sequence that makes what follows look like this cell.
fn style(cell: &vt100::Cell) -> String {
    let colour = |colour: vt100::Color, base: u8| match colour {
        vt100::Color::Default => String::new(),
        vt100::Color::Idx(index) => format!(";{};5;{index}", base + 8),
        vt100::Color::Rgb(red, green, blue) => format!(";{};2;{red};{green};{blue}", base + 8),
    };
    let mut out = "\x1b[0".to_owned();
    for (is, code) in [
        (cell.bold(), ";1"),
        (cell.dim(), ";2"),
        (cell.italic(), ";3"),
        (cell.underline(), ";4"),
        (cell.inverse(), ";7"),
    ] {
        out.push_str(if is { code } else { "" });
    }
    out + &colour(cell.fgcolor(), 30) + &colour(cell.bgcolor(), 40) + "m"
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}
