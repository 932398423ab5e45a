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

/// Takes them from everything that is started from here on.
pub(super) fn withhold(sandbox: &Sandbox) {
    let of_a_root = matches!(sandbox.view, View::Inside | View::Tools { .. });
    if sandbox.ids != Ids::Host || !of_a_root {
        return;
    }
    for capability in WITHHELD {
        // One that this kernel does not know, or that mock does not have itself, needs no taking.
        let _ = caps::drop(None, CapSet::Bounding, capability);
    }
}
