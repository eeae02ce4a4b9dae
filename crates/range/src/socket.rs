//! Listening, refusing and dropping: the sockets below a server.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted: more than any browser opens at once.
const BACKLOG: i32 = 1024;

/// Why a server of the range could not be set up.
#[derive(Debug)]
pub struct BindError {
    /// Where it was to listen.
    pub at: SocketAddr,
    /// What the system said.
    pub error: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, error } = self;
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                write!(f, "{at}: ports below 1024 need more rights here")?;
                if cfg!(target_os = "linux") {
                    write!(f, " (root, or: sudo sysctl net.ipv4.ip_unprivileged_port_start=80)")?;
                }
                Ok(())
            }
            io::ErrorKind::AddrInUse => write!(f, "{at}: another program has this port"),
            io::ErrorKind::AddrNotAvailable => {
                write!(f, "{at}: this machine does not have the address")?;
                if cfg!(target_os = "macos") {
                    write!(f, " (sudo ifconfig lo0 alias {})", at.ip())?;
                }
                Ok(())
            }
            _ => write!(f, "{at}: {error}"),
        }
    }
}

impl std::error::Error for BindError {}

/// A socket that is bound and does not listen: the port is taken, and whoever connects is refused.
pub(crate) fn bound(at: SocketAddr) -> Result<Socket, BindError> {
    let bind = || {
        let socket = Socket::new(Domain::for_address(at), Type::STREAM, Some(Protocol::TCP))?;
        // On Windows the option would let two programs share a port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&at.into())?;
        Ok(socket)
    };
    bind().map_err(|error| BindError { at, error })
}

/// A socket that listens, ready for the runtime.
pub(crate) fn listening(at: SocketAddr) -> Result<tokio::net::TcpListener, BindError> {
    let socket = bound(at)?;
    let listen = || {
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(socket.into())
    };
    listen().map_err(|error| BindError { at, error })
}

/// A port whose SYNs nobody answers, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Dropping {
    _listener: Socket,
    _waiting: Vec<std::net::TcpStream>,
}

/// How often the queue is tried before the system is taken not to drop. One or two connections fill a queue
/// of length 0; a system that completes four has another rule.
#[cfg(target_os = "linux")]
const FILL_TRIES: usize = 4;

/// A connection over loopback takes microseconds; one that takes this long was dropped.
#[cfg(target_os = "linux")]
const FILL_WAIT: std::time::Duration = std::time::Duration::from_millis(60);

/// Listens with the shortest queue there is and fills it: Linux drops every SYN for a full queue (listen(2),
/// `tcp_abort_on_overflow` at its default). `None` where that cannot be had.
#[cfg(target_os = "linux")]
pub(crate) fn dropping(at: SocketAddr) -> Result<Option<Dropping>, BindError> {
    let listener = bound(at)?;
    listener.listen(0).map_err(|error| BindError { at, error })?;
    let mut waiting = Vec::new();
    for _ in 0..FILL_TRIES {
        match std::net::TcpStream::connect_timeout(&at, FILL_WAIT) {
            Ok(stream) => waiting.push(stream),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return Ok(Some(Dropping { _listener: listener, _waiting: waiting }));
            }
            Err(error) => return Err(BindError { at, error }),
        }
    }
    Ok(None)
}

/// Other systems answer SYNs for a full queue, or refuse them.
#[cfg(not(target_os = "linux"))]
pub(crate) fn dropping(_at: SocketAddr) -> Result<Option<Dropping>, BindError> {
    Ok(None)
}
