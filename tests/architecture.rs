//! Keeps the map in docs/ARCHITECTURE.md true: who may know whom, and which crates and which
//! parts of the standard library belong where.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// From the wire to the screen. A module may use those before it, and what everyone may use.
const ORDER: [&str; 15] = [
    "capture",
    "decode",
    "tcp",
    "http",
    "exchange",
    "auth",
    "diagnosis",
    "engine",
    "filter",
    "export",
    "session",
    "config",
    "tui",
    "demo",
    "cli",
];

/// Small vocabularies without behaviour of their own; they may use each other.
const EVERYWHERE: [&str; 6] = ["time", "secret", "text", "limits", "counters", "cache"];

/// What is used only here: the wire's crates in their layer, the terminal in the screen, and
/// threads, channels and clocks outside the core, which sees packet time only.
const CONFINED: [(&str, &[&str]); 13] = [
    ("pcap::", &["capture"]),
    ("pcap_parser", &["capture"]),
    ("etherparse", &["decode"]),
    ("httparse", &["http/h1"]),
    ("safe_arch", &["cache"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("hyper::", &["demo"]),
    ("std::thread", &["session", "demo", "tui/keyboard"]),
    ("mpsc", &["session", "demo", "tui/keyboard"]),
    ("tokio", &["session", "tui", "demo", "cli"]),
    ("SystemTime", &["session", "tui", "demo"]),
    ("Instant", &["session", "tui", "demo"]),
];

struct Source {
    /// As `tcp/flow.rs`.
    path: String,
    /// Its code: no comments, no tests.
    code: String,
}

impl Source {
    /// `tcp` for `tcp/flow.rs`, `engine` for `engine.rs`.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn is_within(&self, place: &str) -> bool {
        self.path.strip_prefix(place).is_some_and(|rest| rest.starts_with(['/', '.']))
    }

    /// The modules of this crate that it names.
    fn knows(&self) -> Vec<&str> {
        let mut known = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            let rest = &self.code[at + "crate::".len()..];
            if let Some(group) = rest.strip_prefix('{') {
                known.extend(members(group));
            } else {
                known.push(name(rest));
            }
        }
        known
    }
}

/// The first path segment of each member of `a::{b, c}, d}`.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, octet) in group.bytes().enumerate() {
        match octet {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b',' | b'}' if depth == 0 => {
                found.push(name(group[start..at].trim_start()));
                start = at + 1;
                if octet == b'}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn name(path: &str) -> &str {
    path.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let read = |file: &PathBuf| {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        // What `#[cfg(test)] mod tests;` names is for tests only, whole.
        let for_tests = path.ends_with("/tests.rs") || path.contains("/tests/");
        let text = fs::read_to_string(file).unwrap();
        Source { path, code: if for_tests { String::new() } else { code(&text) } }
    };
    // Modules of tests are named so everywhere.
    let is_test = |path: &str| path.ends_with("tests.rs") || path.ends_with("testing.rs");
    files.iter().map(read).filter(|source| !is_test(&source.path)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Without comments, and without what is compiled for tests only: the indented block or the one
/// line that follows `#[cfg(test)]`.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start() == "#[cfg(test)]" {
            let indent = line.len() - line.trim_start().len();
            let item = lines.by_ref().find(|line| !line.trim_start().starts_with("#["));
            if item.is_some_and(|item| item.trim_end().ends_with('{')) {
                let end = format!("{}}}", " ".repeat(indent));
                lines.by_ref().find(|line| *line == end);
            }
            continue;
        }
        let line = line.split("//").next().unwrap_or_default();
        let _ = writeln!(code, "{line}");
    }
    code
}

#[test]
fn every_module_knows_only_those_before_it() {
    let rank = |module: &str| ORDER.iter().position(|known| *known == module);
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module();
        for known in source.knows() {
            let allowed = match (rank(module), rank(known)) {
                _ if module == known || matches!(module, "main" | "lib") => true,
                _ if EVERYWHERE.contains(&known) => true,
                (Some(own), Some(other)) => other < own,
                _ => false,
            };
            if !allowed {
                wrong.push(format!("{}: uses crate::{known}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "against the order {ORDER:?}:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_place_in_the_order() {
    for source in sources() {
        let module = source.module();
        let placed = ORDER.contains(&module) || EVERYWHERE.contains(&module);
        assert!(placed || matches!(module, "main" | "lib"), "{} is not on the map", source.path);
    }
}

#[test]
fn crates_threads_and_clocks_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (what, places) in CONFINED {
            let uses = source.code.match_indices(what).any(|(at, _)| {
                let before = source.code[..at].chars().next_back();
                !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
            });
            if uses && !places.iter().any(|place| source.is_within(place)) {
                wrong.push(format!("{}: {what} belongs in {}", source.path, places.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_readable() {
    for source in sources() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(&source.path);
        let lines = fs::read_to_string(path).unwrap().lines().count();
        assert!(lines <= 700, "{} has {lines} lines: split it", source.path);
    }
}

#[test]
fn the_reader_of_sources_sees_uses_but_not_comments_or_tests() {
    let text = "use crate::{auth::{A, b}, tcp};\n// crate::demo\nfn f() { crate::time::now() }\n\
                #[cfg(test)]\nmod tests {\n    use crate::cli;\n}\n#[cfg(test)]\nmod testing;\nuse crate::http;\n";
    let source = Source { path: "engine.rs".to_owned(), code: code(text) };
    assert_eq!(source.knows(), ["auth", "tcp", "time", "http"]);
    assert_eq!(source.module(), "engine");
    assert!(source.is_within("engine"));
}
