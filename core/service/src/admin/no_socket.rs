//! Where there are no Unix sockets, the service takes no commands.

use std::{io, path::Path, sync::Arc};

use tokio::sync::watch;

use crate::app::App;

/// No socket.
pub(crate) struct Socket;

impl Socket {
    /// Does nothing.
    ///
    /// # Errors
    /// None.
    pub(crate) fn bind(_folder: &Path) -> io::Result<Self> {
        Ok(Self)
    }

    /// Does nothing.
    pub(crate) async fn serve(self, _app: Arc<App>, _stopping: watch::Receiver<bool>) {}
}
