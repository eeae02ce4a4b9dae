//! Files of the system, covered by files of the lab.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use nix::mount::{MsFlags, mount};

/// In a mount namespace of this thread's own: asks this name server for names, and nobody else.
///
/// # Panics
/// Where a mount is refused.
pub fn cover_names(dir: &Path, server: Ipv4Addr) {
    // Mounts made here must not show outside.
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .expect("mounts of a new namespace can be made private");
    cover(dir, "/etc/resolv.conf", &format!("nameserver {server}\noptions timeout:2 attempts:2\n"));
    // Names must not be asked of services outside, such as systemd-resolved.
    cover(dir, "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
    cover(dir, "/etc/hosts", "127.0.0.1 localhost\n");
    for cache in ["/run/nscd", "/var/run/nscd"] {
        if Path::new(cache).is_dir() {
            mount(Some("none"), cache, Some("tmpfs"), MsFlags::empty(), None::<&str>)
                .expect("a folder can be covered in a namespace of one's own");
        }
    }
}

/// Lays a file of the lab's over one of the system's, for this namespace only.
fn cover(dir: &Path, path: &str, text: &str) {
    if !Path::new(path).exists() {
        return;
    }
    let own = dir.join(path.replace('/', "_"));
    fs::write(&own, text).expect("the lab's folder is there");
    mount(Some(&own), path, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .unwrap_or_else(|error| panic!("covering {path}: {error}"));
}
