//! Archives that are damaged, or made to do harm.

use std::io::Write;
use std::path::Path;

use super::member::{Kind, Member};
use super::tests::Scratch;
use super::{Fault, Format};
use crate::error::{Error, Result};

fn member(path: &str, kind: Kind) -> Member {
    Member {
        path: path.into(),
        kind,
        mode: 0o755,
        uid: nix::unistd::getuid().as_raw(),
        gid: nix::unistd::getgid().as_raw(),
        mtime: (0, 0),
        xattrs: Vec::new(),
    }
}

fn symlink(path: &str, target: &Path) -> Member {
    let target = target.to_string_lossy().as_bytes().to_vec();
    member(path, Kind::Symlink(target))
}

/// An archive of these members, each file with four bytes in it.
fn write(scratch: &Scratch, members: &[Member]) -> Result<()> {
    let mut bytes = Vec::new();
    for member in members {
        bytes.extend(member.encode().map_err(Error::io("write", "header"))?);
        if let Kind::File { .. } = member.kind {
            bytes.extend(b"evil");
            bytes.resize(bytes.len().next_multiple_of(512), 0);
        }
    }
    bytes.extend([0; 1024]);
    fs_err::write(scratch.archive(), bytes).map_err(Error::io("write", "archive"))
}

/// Names in the scratch directory but the archive's, and below the root's neighbour.
fn outside(scratch: &Scratch) -> Vec<String> {
    let walk = walkdir::WalkDir::new(scratch.path("")).sort_by_file_name();
    walk.into_iter()
        .flatten()
        .map(|entry| entry.path().to_string_lossy().into_owned())
        .filter(|path| !path.starts_with(&*scratch.path("to/").to_string_lossy()))
        .collect()
}

#[test]
fn nothing_leaves_the_root() -> Result<()> {
    let file = || Kind::File { size: 4 };
    let scratch = Scratch::new();
    let neighbour = scratch.path("from");
    let secret = scratch.path("secret");
    fs_err::write(&secret, "secret").map_err(Error::io("write", "secret"))?;
    let absolute = neighbour.join("x").to_string_lossy().into_owned();
    let up = |path: &str| member(path, file());
    let cases: Vec<(&str, Vec<Member>)> = vec![
        ("up", vec![up("../x")]),
        (
            "up and down",
            vec![member("a", Kind::Directory), up("a/../../from/x")],
        ),
        ("through a link", vec![symlink("a", &neighbour), up("a/x")]),
        (
            "through a relative link",
            vec![symlink("a", Path::new("../from")), up("a/x")],
        ),
        (
            "a directory that became a link",
            vec![
                symlink("a", &neighbour),
                member("a", Kind::Directory),
                up("a/x"),
            ],
        ),
        (
            "the mode of a directory that is a link",
            vec![symlink("a", &neighbour), member("a", Kind::Directory)],
        ),
        (
            "a second name of what is outside",
            vec![member("a", Kind::Hardlink("../secret".into()))],
        ),
        (
            "a second name through a link",
            vec![
                symlink("up", &scratch.path("")),
                member("a", Kind::Hardlink("up/secret".into())),
            ],
        ),
    ];
    for (name, members) in cases {
        write(&scratch, &members)?;
        let before = outside(&scratch);
        let done = scratch.unpack();
        assert!(matches!(done, Err(Fault::Archive(_))), "{name}: {done:?}");
        assert_eq!(outside(&scratch), before, "{name}");
        scratch.inside("to").empty()?;
    }
    // The writer puts a dot in front of each name; here the header is made by hand.
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..absolute.len()].copy_from_slice(absolute.as_bytes());
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend([0; 1024]);
    fs_err::write(scratch.archive(), bytes).map_err(Error::io("write", "archive"))?;
    assert!(matches!(scratch.unpack(), Err(Fault::Archive(_))));
    assert!(!neighbour.join("x").exists());
    Ok(())
}

#[test]
fn a_file_replaces_a_link_and_does_not_follow_it() -> Result<()> {
    let scratch = Scratch::new();
    let secret = scratch.path("secret");
    fs_err::write(&secret, "secret").map_err(Error::io("write", "secret"))?;
    for kind in [Kind::File { size: 4 }, Kind::Fifo] {
        write(&scratch, &[symlink("a", &secret), member("a", kind)])?;
        assert!(scratch.unpack().is_ok());
        let now = fs_err::read_to_string(&secret).map_err(Error::io("read", "secret"))?;
        assert_eq!(now, "secret");
        assert!(!scratch.path("to/a").is_symlink());
        scratch.inside("to").empty()?;
    }
    Ok(())
}

#[test]
fn device_nodes_need_root() -> Result<()> {
    let scratch = Scratch::new();
    let device = Kind::Device {
        block: true,
        major: 8,
        minor: 0,
    };
    write(
        &scratch,
        &[
            member("disk", device),
            member("file", Kind::File { size: 4 }),
        ],
    )?;
    let file = fs_err::File::open(scratch.archive()).map_err(Error::io("open", "archive"))?;
    let path = scratch.path("to");
    let inside = crate::buildroot::inside::Inside::open(&path, crate::sandbox::Ids::Single)?;
    assert!(super::unpack(&inside, file, &|| Ok(())).is_ok());
    assert!(!scratch.path("to/disk").exists() && scratch.path("to/file").exists());
    Ok(())
}

#[test]
fn damage_is_seen() -> Result<()> {
    for format in [Format::Zstd, Format::Gzip] {
        let scratch = Scratch::new();
        // Not compressible, so that each byte of the archive counts.
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as u8
        })
        .take(300_000)
        .collect();
        let path = scratch.path("from/noise");
        fs_err::write(&path, noise).map_err(Error::io("write", "noise"))?;
        scratch.create(format, &[])?;
        let whole = fs_err::read(scratch.archive()).map_err(Error::io("read", "archive"))?;
        let broken = |bytes: &[u8], what: &str| -> Result<()> {
            let mut file =
                fs_err::File::create(scratch.archive()).map_err(Error::io("write", "archive"))?;
            file.write_all(bytes)
                .map_err(Error::io("write", "archive"))?;
            let done = scratch.unpack();
            assert!(matches!(done, Err(Fault::Archive(_))), "{what}: {done:?}");
            scratch.inside("to").empty()
        };
        for length in [0, 1, 3, 9, 100, whole.len() / 2, whole.len() - 1] {
            broken(&whole[..length], &format!("{format:?} cut at {length}"))?;
        }
        for place in [20, whole.len() / 3, whole.len() / 2, whole.len() - 6] {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x10;
            broken(&bytes, &format!("{format:?} flipped at {place}"))?;
        }
        broken(b"\xfd7zXZ\0 and more", "another program's")?;
    }
    Ok(())
}
