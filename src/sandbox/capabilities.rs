//! What even a real root may not do inside: change the machine instead of the build root.
//!
//! In a user namespace the kernel sees to this itself. A real root in the sandbox could load
//! modules, set the clock or talk to hardware, which no package build needs. Mounting and making
//! device nodes stay: image builds are made that way.

use caps::{CapSet, Capability};

use super::{Ids, Sandbox, View};

const WITHHELD: [Capability; 11] = [
    Capability::CAP_SYS_MODULE,
    Capability::CAP_SYS_RAWIO,
    Capability::CAP_SYS_BOOT,
    Capability::CAP_SYS_TIME,
    Capability::CAP_SYSLOG,
    Capability::CAP_MAC_ADMIN,
    Capability::CAP_MAC_OVERRIDE,
    Capability::CAP_WAKE_ALARM,
    Capability::CAP_BLOCK_SUSPEND,
    Capability::CAP_PERFMON,
    Capability::CAP_BPF,
];

/// Takes them from everything that is started from here on, but for those that were asked for, and
/// with them those that are to go.
pub(super) fn withhold(sandbox: &Sandbox) {
    // systemd-nspawn has rules of its own, and can hand on only what it has.
    let of_a_root = matches!(sandbox.view, View::Inside | View::Tools { .. });
    if !of_a_root || sandbox.nspawn.is_some() {
        return;
    }
    let kept = named(&sandbox.rights.keep);
    let withheld = WITHHELD
        .into_iter()
        .filter(|capability| sandbox.ids == Ids::Host && !kept.contains(capability));
    for capability in withheld.chain(named(&sandbox.rights.drop)) {
        // One that this kernel does not know, or that mock does not have itself, needs no taking.
        let _ = caps::drop(None, CapSet::Bounding, capability);
    }
}

fn named(names: &[String]) -> Vec<Capability> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

/// The names of all that there are.
pub(crate) fn all() -> Vec<String> {
    caps::all().iter().map(ToString::to_string).collect()
}
