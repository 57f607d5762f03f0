//! A filter of system calls (seccomp): what this program never does once its capture is open is refused,
//! so that whoever found a way into it finds none out of it.
//!
//! It names what is refused, not what is allowed: which calls the C library makes for memory, threads and
//! time differs between its versions. Refused calls fail with an error and end nothing.

use std::collections::BTreeMap;

use libc::{AF_NETLINK, AF_PACKET, AF_UNIX, CLONE_NEWUSER, EAFNOSUPPORT, ENOSYS, EPERM, c_int};
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// A call's number, and when it is meant: no rule is always.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Never needed, whatever the arguments.
const REFUSED: [i64; 48] = [
    // Other programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // The memory and files of other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Namespaces, and another view of the file system.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    // The kernel and the machine.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    // Large interfaces of the kernel through which it was attacked before.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Keys of the user.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_personality,
];

/// The x32 ABI of x86-64 has the same calls under numbers with this bit, where a kernel has it at all.
const X32_BIT: i64 = 0x4000_0000;

/// And these again under numbers of its own: execve, ptrace, kexec_load, process_vm_readv,
/// process_vm_writev, execveat.
const X32_OWN: [i64; 6] = [520, 521, 528, 539, 540, 545];

/// Puts the filter on this thread and on all that it starts from now on.
///
/// # Errors
/// In words: this processor is not one that the filter is written for, or the kernel has no seccomp.
pub(super) fn restrict() -> Result<(), String> {
    for (error, rules) in refusals().map_err(|error| error.to_string())? {
        let program = compile(error, rules).map_err(|error| error.to_string())?;
        seccompiler::apply_filter(&program).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn compile(error: c_int, rules: Rules) -> Result<BpfProgram, seccompiler::BackendError> {
    let refuse = SeccompAction::Errno(error.unsigned_abs());
    let processor = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, processor)?.try_into()
}

/// What is refused, by the error that it is refused with.
fn refusals() -> Result<[(c_int, Rules); 3], seccompiler::BackendError> {
    // A user namespace gives back, inside of it, every capability that was dropped.
    let namespace = when(&[(MaskedEq(CLONE_NEWUSER as u64), CLONE_NEWUSER)])?;
    let mut rules = Rules::from_iter(REFUSED.map(|call| (call, Vec::new())));
    rules.insert(libc::SYS_clone, vec![namespace]);
    // The same error as without the capability, which libpcap explains.
    rules.insert(libc::SYS_socket, vec![when(&[(Eq, AF_PACKET)])?]);
    if cfg!(target_arch = "x86_64") {
        let again = rules.iter().map(|(call, rule)| (call | X32_BIT, rule.clone()));
        let again = again.collect::<Vec<_>>();
        rules.extend(again);
        rules.extend(X32_OWN.map(|call| (call | X32_BIT, Vec::new())));
    }
    // Netlink and local sockets are how libpcap lists interfaces.
    let elsewhere = when(&[(Ne, AF_NETLINK), (Ne, AF_UNIX), (Ne, AF_PACKET)])?;
    Ok([
        (EPERM, rules),
        (EAFNOSUPPORT, Rules::from([(libc::SYS_socket, vec![elsewhere])])),
        // Its flags are in memory, where no filter can look; every C library falls back to clone.
        (ENOSYS, Rules::from([(libc::SYS_clone3, Vec::new())])),
    ])
}

/// When the first argument is all of this.
fn when(conditions: &[(SeccompCmpOp, c_int)]) -> Result<SeccompRule, seccompiler::BackendError> {
    let length = SeccompCmpArgLen::Dword;
    let conditions = conditions.iter().map(|(compare, value)| {
        SeccompCondition::new(0, length.clone(), compare.clone(), *value as u64)
    });
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use std::io::{IoSlice, IoSliceMut};

    use nix::errno::Errno;
    use nix::sched::{CloneFlags, unshare};
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
    use nix::sys::uio::{RemoteIoVec, process_vm_readv, process_vm_writev};
    use nix::unistd::getpid;

    use super::*;

    /// Everything here can be done by anybody, root or not, so that it is the filter that refuses it.
    fn attempts() -> Vec<(&'static str, Result<(), Errno>)> {
        let datagrams = |family| socket(family, SockType::Datagram, SockFlag::empty(), None);
        let mut here = *b"here";
        let remote = [RemoteIoVec { base: here.as_ptr() as usize, len: here.len() }];
        let mut there = [0; 4];
        let read = process_vm_readv(getpid(), &mut [IoSliceMut::new(&mut there)], &remote);
        let write = process_vm_writev(getpid(), &[IoSlice::new(&there)], &remote);
        here.reverse();
        vec![
            ("read memory", read.map(drop)),
            ("write memory", write.map(drop)),
            ("leave what threads share", unshare(CloneFlags::CLONE_FS)),
            ("internet", datagrams(AddressFamily::Inet).map(drop)),
            ("internet 6", datagrams(AddressFamily::Inet6).map(drop)),
            ("local", datagrams(AddressFamily::Unix).map(drop)),
            ("netlink", datagrams(AddressFamily::Netlink).map(drop)),
        ]
    }

    #[test]
    fn what_is_never_needed_is_refused_and_the_rest_is_not() {
        // The filter is a thread's own, and stays on it.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for (what, result) in attempts() {
                    // Systems without IPv6 exist.
                    assert!(result.is_ok() || what == "internet 6", "before: {what}: {result:?}");
                }
                restrict().unwrap();
                let found = attempts();
                let refused = |error| Err(error);
                let expected = [
                    ("read memory", refused(Errno::EPERM)),
                    ("write memory", refused(Errno::EPERM)),
                    ("leave what threads share", refused(Errno::EPERM)),
                    ("internet", refused(Errno::EAFNOSUPPORT)),
                    ("internet 6", refused(Errno::EAFNOSUPPORT)),
                    ("local", Ok(())),
                    ("netlink", Ok(())),
                ];
                assert_eq!(found, expected);
                let error = std::process::Command::new("/bin/true").status().unwrap_err();
                assert_eq!(error.raw_os_error(), Some(EPERM));
                // Threads can still be started, and have the filter from their start.
                let inherited = std::thread::spawn(|| unshare(CloneFlags::CLONE_FS));
                assert_eq!(inherited.join().unwrap(), Err(Errno::EPERM));
            });
        });
    }

    #[test]
    fn packets_cannot_be_captured_anew() {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                restrict().unwrap();
                let packets = socket(AddressFamily::Packet, SockType::Raw, SockFlag::empty(), None);
                assert_eq!(packets.map(drop), Err(Errno::EPERM));
            });
        });
    }
}
