//! The configuration file: what a user wants every time. Flags win over the environment
//! (`WHY401_…`), the environment over the file. `docs/CONFIG.md` shows all of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

use crate::auth::masking::OwnNames;
use crate::filter::Filter;
use crate::text;

/// Nobody writes a longer one; a device or a capture file named by mistake is.
const LONGEST: u64 = 1 << 20;

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Interfaces to capture on (`--interface`).
    pub interface: OneOrMore,
    /// Capture filter (`--bpf`).
    pub bpf: Option<String>,
    /// Display filter (`--filter`).
    pub filter: Option<String>,
    /// Bound of all buffers and tables (`--limit-memory`).
    pub limit_memory: Option<String>,
    /// Exchanges that the screen keeps (`--history`).
    pub history: Option<NonZeroUsize>,
    /// Theme of the screen (`--theme`).
    pub theme: Option<String>,
    /// When to use colour (`--color`).
    pub color: Option<String>,
    /// How the screen behaves.
    pub ui: Ui,
    /// Display filters by name.
    pub filters: BTreeMap<String, String>,
    /// Keys of actions by name, instead of the usual ones.
    pub keys: BTreeMap<String, OneOrMore>,
    /// What to mask beside what is masked always.
    pub redact: Redact,
}

/// How the screen behaves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ui {
    /// Follow new rows from the start.
    pub follow: Option<bool>,
    /// Take mouse events.
    pub mouse: Option<bool>,
    /// Draw with ASCII characters only.
    pub ascii: Option<bool>,
}

/// What to mask beside what is masked always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Redact {
    /// Names of header fields.
    pub headers: Vec<String>,
    /// Names of parameters in queries, forms and JSON.
    pub parameters: Vec<String>,
}

/// One text, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
pub enum OneOrMore {
    /// `"j"`
    One(String),
    /// `["j", "down"]`
    More(Vec<String>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

impl OneOrMore {
    /// As a list.
    pub fn to_vec(&self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one.clone()],
            Self::More(more) => more.clone(),
        }
    }
}

/// Why a configuration cannot be used, in one line that says where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// A variable of the environment holds what is no value of its setting.
    #[error("{name}={value}: {reason}")]
    Environment {
        /// Which.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        reason: String,
    },
    /// Something in it is wrong.
    #[error("{path}:{line}: {message}")]
    Invalid {
        /// Which.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What, and what to write instead.
        message: String,
    },
}

impl Config {
    /// The environment over the file that is named (there or by the caller), else over the one in
    /// the platform's place.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let from_environment = variable("WHY401_CONFIG").map(PathBuf::from);
        let named = named.map(Path::to_path_buf).or(from_environment);
        let usual = || place(|name| std::env::var_os(name).map(PathBuf::from));
        let mut config = Self::read(named.as_deref(), usual())?;
        config.overlay(|name| Some(variable(name)?.to_string_lossy().into_owned()))?;
        Ok(config)
    }

    fn read(named: Option<&Path>, usual: Option<PathBuf>) -> Result<Self, ConfigError> {
        let Some(path) = named.map(Path::to_path_buf).or(usual) else {
            return Ok(Self::default());
        };
        let text = match read(&path) {
            Ok(text) => text,
            Err(reason)
                if named.is_none()
                    && (reason.kind() == io::ErrorKind::NotFound || is_hidden(&path)) =>
            {
                return Ok(Self::default());
            }
            Err(reason) => return Err(ConfigError::Unreadable { path, reason }),
        };
        Self::parse(&text).map_err(|(line, message)| ConfigError::Invalid { path, line, message })
    }

    /// Settings from the environment replace those of the file.
    fn overlay(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        for (name, setting) in [
            ("WHY401_BPF", &mut self.bpf),
            ("WHY401_LIMIT_MEMORY", &mut self.limit_memory),
            ("WHY401_THEME", &mut self.theme),
            ("WHY401_COLOR", &mut self.color),
        ] {
            if let Some(value) = variable(name) {
                *setting = Some(value);
            }
        }
        if let Some(value) = variable("WHY401_FILTER") {
            if let Err(error) = Filter::parse(&value) {
                let reason = error.located(&value);
                return Err(ConfigError::Environment { name: "WHY401_FILTER", value, reason });
            }
            self.filter = Some(value);
        }
        if let Some(names) = variable("WHY401_INTERFACE") {
            self.interface = OneOrMore::More(names.split(',').map(str::to_owned).collect());
        }
        if let Some(value) = variable("WHY401_HISTORY") {
            let reason = "must be a number from 1 on".to_owned();
            self.history = Some(value.parse().map_err(|_| ConfigError::Environment {
                name: "WHY401_HISTORY",
                value,
                reason,
            })?);
        }
        Ok(())
    }

    /// Reads a text; an error is a line and a message.
    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let failed = |error: &toml::de::Error| {
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            (line, error.message().trim().replace('\n', "; "))
        };
        let table = DeTable::parse(text).map_err(|error| failed(&error))?;
        let (root, at) = (table.get_ref(), |offset| line_of(text, offset));
        known_keys(root, &Self::default(), "").map_err(|(offset, why)| (at(offset), why))?;
        for (section, known) in
            [("ui", to_json(&Ui::default())), ("redact", to_json(&Redact::default()))]
        {
            if let Some(DeValue::Table(inner)) = root.get(section).map(toml::Spanned::get_ref) {
                known_keys(inner, &known, &format!("{section}."))
                    .map_err(|(offset, why)| (at(offset), why))?;
            }
        }
        let config: Self = toml::from_str(text).map_err(|error| failed(&error))?;
        config.check_filters(root).map_err(|(offset, why)| (at(offset), why))?;
        Ok(config)
    }

    /// A filter that does not compile is said at start, not when it is used.
    fn check_filters(&self, root: &DeTable<'_>) -> Result<(), (usize, String)> {
        let failed = |value: Option<&toml::Spanned<DeValue<'_>>>, name: &str, text: &str| {
            let error = Filter::parse(text).err()?;
            let offset = value.map_or(0, |value| value.span().start);
            Some((offset, format!("{name}: {}", error.located(text))))
        };
        let named = root.get("filters").and_then(|value| value.get_ref().as_table());
        let own = self.filter.iter().map(|text| (root.get("filter"), "filter".to_owned(), text));
        let others = self.filters.iter().map(|(name, text)| {
            let value = named.and_then(|table| table.get(name.as_str()));
            (value, format!("filters.{name}"), text)
        });
        match own.chain(others).find_map(|(value, name, text)| failed(value, &name, text)) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// The keys as the screen takes them.
    pub fn key_lists(&self) -> BTreeMap<String, Vec<String>> {
        self.keys.iter().map(|(action, keys)| (action.clone(), keys.to_vec())).collect()
    }

    /// What to mask beside what is masked always.
    pub fn own_names(&self) -> OwnNames {
        OwnNames::new(&self.redact.headers, &self.redact.parameters)
    }
}

/// Fails at the first key that is none, naming the nearest that is.
fn known_keys(
    table: &DeTable<'_>,
    known: &impl Serialize,
    section: &str,
) -> Result<(), (usize, String)> {
    let known = to_json(known);
    let known: Vec<&str> =
        known.as_object().map(|keys| keys.keys().map(String::as_str).collect()).unwrap_or_default();
    for key in table.keys() {
        let name = key.get_ref();
        if known.contains(&name.as_ref()) {
            continue;
        }
        let mut message = format!("there is no setting {:?}", format!("{section}{name}"));
        let _ = match text::nearest(name, known.iter().copied()) {
            Some(nearest) => write!(message, "; did you mean {:?}?", format!("{section}{nearest}")),
            None => write!(message, "; there are: {}", known.join(", ")),
        };
        return Err((key.span().start, message));
    }
    Ok(())
}

/// The keys that a structure has are those that it is written with.
fn to_json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    1 + memchr::memchr_iter(b'\n', before).count()
}

/// Whether it stands in a folder of somebody else's, where this user may not even look: `sudo -u` and `su` may
/// leave `HOME` as it is.
fn is_hidden(path: &Path) -> bool {
    path.metadata().is_err_and(|reason| reason.kind() == io::ErrorKind::PermissionDenied)
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other("larger than 1 MiB: this is no configuration file"));
    }
    Ok(text)
}

/// Where this platform keeps configuration files.
fn place(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|path| path.is_absolute());
    let folder = if cfg!(target_os = "macos") {
        set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join("Library/Application Support")))
    } else if cfg!(windows) {
        set("APPDATA")
    } else {
        set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))
    };
    Some(folder?.join("why401").join("config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> (usize, String) {
        Config::parse(text).unwrap_err()
    }

    #[test]
    fn the_documented_example_is_complete_and_valid() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/CONFIG.md"))
            .unwrap();
        let start = page.find("```toml\n").unwrap() + 8;
        let example = &page[start..start + page[start..].find("```").unwrap()];
        let config = Config::parse(example).unwrap_or_else(|(line, why)| panic!("{line}: {why}"));
        let empty = to_json(&Config::default());
        let shown = to_json(&config);
        for (name, value) in empty.as_object().unwrap() {
            assert_ne!(&shown[name], value, "{name} is not in the example");
            for (inner, value) in value.as_object().into_iter().flatten() {
                assert_ne!(&shown[name][inner], value, "{name}.{inner} is not in the example");
            }
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line_and_the_nearest_name() {
        let (line, message) = error("theme = \"dark\"\n\nfliter = \"status:401\"\n");
        assert_eq!(line, 3);
        assert!(message.contains("\"fliter\"") && message.contains("did you mean \"filter\""));
        let (line, message) = error("[ui]\nfollow = true\nmuose = false\n");
        assert_eq!(line, 3);
        assert!(message.contains("\"ui.mouse\""), "{message}");
        let (line, message) = error("\n[redact]\nzzzzzz = []\n");
        assert_eq!(line, 3);
        assert!(message.contains("there are: headers, parameters"), "{message}");
    }

    #[test]
    fn a_wrong_type_or_syntax_is_an_error_with_its_line() {
        let (line, message) = error("theme = \"dark\"\nhistory = \"many\"\n");
        assert_eq!(line, 2);
        assert!(message.contains("invalid type"), "{message}");
        assert_eq!(error("theme = \"dark\"\nfilter = \n").0, 2);
        assert_eq!(error("history = 0").0, 1);
        assert!(error("[keys]\nquit = 1\n").1.contains("a text or a list of texts"));
    }

    #[test]
    fn a_filter_that_does_not_compile_is_an_error_with_its_line() {
        let (line, message) = error("[filters]\nfine = \"status:401\"\nbad = \"staus:401\"\n");
        assert_eq!(line, 3);
        assert!(message.starts_with("filters.bad: at \"staus\""), "{message}");
        assert_eq!(error("filter = \"host:\"").0, 1);
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_only_when_it_was_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let error = Config::load(Some(&path)).unwrap_err().to_string();
        assert!(error.starts_with(path.to_str().unwrap()), "{error}");
        std::fs::write(&path, "theme = 'dark'\n[keys]\nquit = 'x'\nmark = ['m', 'f9']\n").unwrap();
        let config = Config::load(Some(&path)).unwrap();
        assert_eq!(config.theme.as_deref(), Some("dark"));
        assert_eq!(config.key_lists()["mark"], ["m", "f9"]);
        std::fs::write(&path, "\ntheem = 'dark'\n").unwrap();
        let error = Config::load(Some(&path)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}:2: there is no", path.display())), "{error}");
        assert!(read(Path::new("/dev/zero")).is_err());
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let mut config = Config::parse("filter = 'status:401'\ntheme = 'dark'\n").unwrap();
        let set = |name: &str| match name {
            "WHY401_FILTER" => Some("status:403".to_owned()),
            "WHY401_INTERFACE" => Some("lo,eth0".to_owned()),
            "WHY401_HISTORY" => Some("7".to_owned()),
            _ => None,
        };
        config.overlay(set).unwrap();
        assert_eq!(config.filter.as_deref(), Some("status:403"));
        assert_eq!(config.theme.as_deref(), Some("dark"));
        assert_eq!(config.interface.to_vec(), ["lo", "eth0"]);
        assert_eq!(config.history, NonZeroUsize::new(7));
        let many = |name: &str| (name == "WHY401_HISTORY").then(|| "many".to_owned());
        let error = config.overlay(many).unwrap_err().to_string();
        assert_eq!(error, "WHY401_HISTORY=many: must be a number from 1 on");
    }

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn the_file_is_looked_for_where_the_platform_keeps_such_files() {
        let set = |variables: &'static [(&str, &str)]| {
            place(move |name| {
                variables.iter().find(|(own, _)| *own == name).map(|(_, value)| value.into())
            })
        };
        let home = Some(PathBuf::from("/home/a/.config/why401/config.toml"));
        assert_eq!(set(&[("HOME", "/home/a")]), home);
        assert_eq!(set(&[("HOME", "/home/a"), ("XDG_CONFIG_HOME", "relative")]), home);
        let xdg = Some(PathBuf::from("/x/why401/config.toml"));
        assert_eq!(set(&[("HOME", "/home/a"), ("XDG_CONFIG_HOME", "/x")]), xdg);
        assert_eq!(set(&[]), None);
    }
}
