//! Brings the loopback interface of a fresh network namespace up.
//!
//! One netlink message, written out here: a netlink crate would bring an asynchronous runtime or
//! thousands of lines for these 32 bytes. Format: linux/rtnetlink.h, rtnetlink(7).

use std::io;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};
use std::os::fd::AsRawFd;

const RTM_NEWLINK: u16 = 16;
const NLM_F_REQUEST_ACK: u16 = 0x1 | 0x4;
const IFF_UP: u32 = 0x1;
/// Loopback is the first interface of every network namespace.
const LOOPBACK_INDEX: i32 = 1;

/// struct nlmsghdr followed by struct ifinfomsg, in the host's byte order.
fn link_up_request() -> Vec<u8> {
    let mut message = Vec::with_capacity(32);
    message.extend(32u32.to_ne_bytes()); // nlmsg_len
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend(NLM_F_REQUEST_ACK.to_ne_bytes());
    message.extend(1u32.to_ne_bytes()); // nlmsg_seq
    message.extend(0u32.to_ne_bytes()); // nlmsg_pid: the kernel fills it in
    message.extend([0u8, 0]); // ifi_family AF_UNSPEC, padding
    message.extend(0u16.to_ne_bytes()); // ifi_type
    message.extend(LOOPBACK_INDEX.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes()); // ifi_flags
    message.extend(IFF_UP.to_ne_bytes()); // ifi_change
    message
}

pub(super) fn up() -> io::Result<()> {
    let netlink = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    let raw = netlink.as_raw_fd();
    sendto(
        raw,
        &link_up_request(),
        &NetlinkAddr::new(0, 0),
        MsgFlags::empty(),
    )?;
    let mut answer = [0u8; 256];
    let length = recv(raw, &mut answer, MsgFlags::empty())?;
    // struct nlmsgerr: the header's 16 bytes, then a negative errno or 0.
    match answer.get(16..20).filter(|_| length >= 20) {
        Some(&[a, b, c, d]) => match i32::from_ne_bytes([a, b, c, d]) {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(-error)),
        },
        _ => Err(io::Error::other("short answer from rtnetlink")),
    }
}

#[cfg(test)]
mod tests {
    use super::link_up_request;

    #[test]
    fn the_request_is_as_long_as_its_header_says() {
        let request = link_up_request();
        assert_eq!(request.len(), 32);
        assert_eq!(request[..4], 32u32.to_ne_bytes());
    }
}
