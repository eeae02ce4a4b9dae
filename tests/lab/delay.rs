//! A line with a delay: two TUN devices, in two network namespaces, and threads that carry packets across.
//!
//! The kernel's own way is netem, which many kernels of build machines lack.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use tun_rs::{DeviceBuilder, SyncDevice};

/// Both ends are called so. Chromium takes no notice of devices whose names begin with `tun`, and would believe
/// itself offline.
pub const NAME: &str = "line";

/// Bytes of a packet: Ethernet's usual ones.
pub const MTU: u16 = 1500;

/// One end of a line.
pub struct End(SyncDevice);

impl End {
    /// Makes a device [`NAME`] in the network of this thread, without an address.
    pub fn open() -> io::Result<Self> {
        let device = DeviceBuilder::new().name(NAME).mtu(MTU).offload(false).enable(true).build_sync()?;
        Ok(Self(device))
    }
}

/// Carries every packet from each end to the other, so much later. It goes on until both devices are deleted.
pub fn join(one: End, other: End, one_way: Duration) -> io::Result<()> {
    let (one, other) = (Arc::new(one.0), Arc::new(other.0));
    carry(Arc::clone(&one), Arc::clone(&other), one_way)?;
    carry(other, one, one_way)
}

fn carry(from: Arc<SyncDevice>, to: Arc<SyncDevice>, delay: Duration) -> io::Result<()> {
    let (sender, receiver) = channel();
    thread::Builder::new().name("line, in".to_owned()).spawn(move || {
        let mut buffer = vec![0; usize::from(MTU) + 100];
        // An error is the end of the device.
        while let Ok(length) = from.recv(&mut buffer) {
            if sender.send((Instant::now() + delay, buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    })?;
    thread::Builder::new().name("line, out".to_owned()).spawn(move || deliver(&receiver, &to))?;
    Ok(())
}

fn deliver(packets: &Receiver<(Instant, Vec<u8>)>, to: &SyncDevice) {
    for (due, packet) in packets {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        // A packet that the other end does not take is lost, as on any line.
        let _lost = to.send(&packet);
    }
}
