//! Least privilege: what the capture needed rights for is done once it is open. From then on only
//! octets from strangers are read, and that needs none.
//!
//! On Linux, in this order: another user and its groups (when root), no capabilities, no new
//! privileges, no core dumps and no debugger (the memory holds credentials), Landlock: no TCP, no
//! programs, and no files but those named in the [`Sandbox`]; and a filter of system calls. All of it is
//! for the calling thread and the threads that it starts later, so it is done before there are any others.

#[cfg(target_os = "linux")]
mod system_calls;

use std::path::PathBuf;

/// What stays allowed.
#[derive(Debug, Clone, Default)]
pub struct Sandbox {
    /// Files and folders below which may be read.
    pub readable: Vec<PathBuf>,
    /// Files and folders below which may be read and written.
    pub writable: Vec<PathBuf>,
}

/// What is in force.
#[derive(Debug, Clone, Default)]
pub struct Rights {
    /// In words, for the screen.
    pub words: String,
    /// Whether another interface can be opened.
    pub can_reopen: bool,
}

/// Who to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Name, for the screen and for its groups.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Whether the user asked for it: then it must succeed.
    pub wanted: bool,
}

/// Why rights could not be given up.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// There is no such user.
    #[error("no user named {0:?} (--user)")]
    NoSuchUser(String),
    /// Only root can become another user.
    #[error("only root can become user {0:?}: leave out --user, or start with sudo")]
    NotRoot(String),
    /// The system refused.
    #[error("cannot {action}: {reason}; --user root keeps all rights")]
    Refused {
        /// What was tried.
        action: String,
        /// What the system said.
        reason: String,
    },
}

#[cfg(target_os = "linux")]
pub use linux::{account, give_up, outlook};
#[cfg(not(target_os = "linux"))]
pub use others::{account, give_up, outlook};

/// Elsewhere rights come from the capture devices' permissions, not from root.
#[cfg(not(target_os = "linux"))]
mod others {
    use super::{Account, PrivilegeError, Rights, Sandbox};

    /// `--user` is for Linux.
    pub fn account(wanted: Option<&str>) -> Result<Option<Account>, PrivilegeError> {
        wanted.map_or(Ok(None), |name| Err(PrivilegeError::NotRoot(name.to_owned())))
    }

    /// Keeps everything.
    pub fn give_up(_: Option<&Account>, _: &Sandbox) -> Result<Rights, PrivilegeError> {
        Ok(Rights { words: String::new(), can_reopen: true })
    }

    /// Nothing will be done.
    pub fn outlook() -> String {
        "why401 keeps the rights that it is started with.".to_owned()
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::CString;

    use caps::CapSet;
    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr,
        RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
    };
    use nix::unistd::{Gid, Uid, User, initgroups, setgid, setuid};
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};

    use super::{Account, PrivilegeError, Rights, Sandbox, system_calls};

    /// The newest Landlock that is asked for; an older kernel does what it can.
    const LANDLOCK: ABI = ABI::V6;

    /// Who to become once the capture is open: `--user`, the user behind sudo, else nobody. `None`
    /// without root's rights.
    pub fn account(wanted: Option<&str>) -> Result<Option<Account>, PrivilegeError> {
        let find = |name: &str| User::from_name(name).ok().flatten();
        let is_root = Uid::effective().is_root();
        if let Some(name) = wanted {
            let user = find(name).ok_or_else(|| PrivilegeError::NoSuchUser(name.to_owned()))?;
            return match (is_root, user.uid == Uid::effective()) {
                (false, true) => Ok(None),
                (false, false) => Err(PrivilegeError::NotRoot(name.to_owned())),
                (true, _) => Ok(Some(Account::new(user, true))),
            };
        }
        if !is_root {
            return Ok(None);
        }
        let behind_sudo = std::env::var("SUDO_USER").ok().as_deref().and_then(find);
        let user = behind_sudo.filter(|user| !user.uid.is_root()).or_else(|| find("nobody"));
        Ok(user.map(|user| Account::new(user, false)))
    }

    impl Account {
        fn new(user: User, wanted: bool) -> Self {
            Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw(), wanted }
        }

        /// Whether it is root itself: the user wants to keep all rights.
        pub fn is_root(&self) -> bool {
            self.uid == 0
        }

        fn assume(&self) -> nix::Result<()> {
            let name = CString::new(self.name.as_str()).unwrap_or_default();
            let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
            initgroups(&name, gid).and_then(|()| setgid(gid)).and_then(|()| setuid(uid))
        }
    }

    /// Gives up all rights but those of `sandbox`.
    pub fn give_up(account: Option<&Account>, sandbox: &Sandbox) -> Result<Rights, PrivilegeError> {
        forbid_dumps()?;
        if account.is_some_and(Account::is_root) {
            return Ok(Rights { words: "all of root's rights kept".to_owned(), can_reopen: true });
        }
        let mut words = Vec::new();
        if let Some(account) = account {
            match account.assume() {
                Ok(()) => words.push(format!("as {}", account.name)),
                // In a user namespace there may be nobody to become; the capabilities go all the same.
                Err(_) if !account.wanted => words.push("as root of a namespace".to_owned()),
                Err(error) => {
                    return Err(refused(&format!("become user {:?}", account.name), error));
                }
            }
        }
        // Another user id sets the attribute to fs.suid_dumpable, which may allow dumps again.
        forbid_dumps()?;
        let could_capture = caps::has_cap(None, CapSet::Permitted, caps::Capability::CAP_NET_RAW);
        for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
            caps::clear(None, set).map_err(|error| refused("drop capabilities", error))?;
        }
        words.push("no capabilities".to_owned());
        rustix::thread::set_no_new_privs(true)
            .map_err(|error| refused("set no-new-privs", error))?;
        words.push(confine(sandbox).to_owned());
        // Last: nothing above may need what it refuses.
        words.push(match system_calls::restrict() {
            Ok(()) => "seccomp".to_owned(),
            Err(reason) => format!("no seccomp: {reason}"),
        });
        let can_reopen = account.is_none() && !could_capture.unwrap_or(true);
        Ok(Rights { words: words.join(", "), can_reopen })
    }

    /// The memory holds credentials: no core dump, and no debugger but root's.
    fn forbid_dumps() -> Result<(), PrivilegeError> {
        set_dumpable_behavior(DumpableBehavior::NotDumpable)
            .map_err(|error| refused("forbid core dumps", error))
    }

    /// What `give_up` will do, for a user who asks beforehand.
    pub fn outlook() -> String {
        let who = match account(None) {
            Ok(Some(account)) => format!("become user {}, ", account.name),
            _ => String::new(),
        };
        format!(
            "Once the capture is open, why401 will {who}drop all capabilities and confine itself (Landlock, seccomp)."
        )
    }

    fn refused(action: &str, reason: impl std::fmt::Display) -> PrivilegeError {
        PrivilegeError::Refused { action: action.to_owned(), reason: reason.to_string() }
    }

    /// Landlock, as far as this kernel has it.
    fn confine(sandbox: &Sandbox) -> &'static str {
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let write = read | AccessFs::from_write(LANDLOCK);
        match restrict(sandbox, read, write) {
            Ok(RulesetStatus::FullyEnforced) => "confined by Landlock",
            Ok(RulesetStatus::PartiallyEnforced) => "partly confined by Landlock",
            Ok(RulesetStatus::NotEnforced) | Err(_) => "not confined: this kernel has no Landlock",
        }
    }

    fn restrict(
        sandbox: &Sandbox,
        read: BitFlags<AccessFs>,
        write: BitFlags<AccessFs>,
    ) -> Result<RulesetStatus, landlock::RulesetError> {
        let ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(LANDLOCK))?
            .handle_access(AccessNet::from_all(LANDLOCK))?
            .scope(Scope::AbstractUnixSocket)?;
        let status = ruleset
            .create()?
            .add_rules(path_beneath_rules(&sandbox.readable, read))?
            .add_rules(path_beneath_rules(&sandbox.writable, write))?
            .restrict_self()?;
        Ok(status.ruleset)
    }

    #[cfg(test)]
    mod tests {
        use std::fs::File;
        use std::net::{TcpListener, TcpStream};

        use super::*;

        /// Capabilities and Landlock are a thread's own: what one gives up, the others keep.
        fn in_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
            std::thread::scope(|scope| scope.spawn(work).join().unwrap())
        }

        #[test]
        fn afterwards_only_the_named_files_can_be_used() {
            let folder = tempfile::tempdir().unwrap();
            let (open, closed) = (folder.path().join("open"), folder.path().join("closed"));
            for name in [&open, &closed] {
                std::fs::create_dir(name).unwrap();
                std::fs::write(name.join("before"), "x").unwrap();
            }
            let sandbox = Sandbox { writable: vec![open.clone()], ..Sandbox::default() };
            let rights = in_a_thread(|| {
                let rights = give_up(None, &sandbox).unwrap();
                std::fs::write(open.join("after"), "x").unwrap();
                assert!(File::open(open.join("before")).is_ok());
                if rights.words.contains("confined by Landlock") {
                    assert!(File::open(closed.join("before")).is_err());
                    assert!(File::create(closed.join("after")).is_err());
                    assert!(File::open("/etc/passwd").is_err());
                }
                rights
            });
            // A kernel without Landlock is said to be one.
            assert!(rights.words.contains("Landlock"), "{}", rights.words);
            assert!(File::open(closed.join("before")).is_ok(), "other threads are not affected");
        }

        #[test]
        fn afterwards_there_are_no_connections_and_no_capabilities() {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            in_a_thread(|| {
                let rights = give_up(None, &Sandbox::default()).unwrap();
                assert!(caps::read(None, CapSet::Permitted).unwrap().is_empty());
                assert!(caps::read(None, CapSet::Effective).unwrap().is_empty());
                if rights.words.contains(", confined by Landlock") {
                    assert!(TcpStream::connect(address).is_err());
                    assert!(TcpListener::bind("127.0.0.1:0").is_err());
                }
            });
            assert!(TcpStream::connect(address).is_ok(), "other threads are not affected");
        }

        #[test]
        fn a_user_who_does_not_exist_is_an_error() {
            let error = account(Some("no-such-user-here")).unwrap_err().to_string();
            assert!(error.contains("no-such-user-here"), "{error}");
        }
    }
}
