//! Tasks that run beside the requests: messages, keys, deletion.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{app::App, messages::Composer, store::Over, web};

/// Writes the messages that are due, looking once a second: a look costs microseconds, and each
/// event is due from its own transaction on, so that none is lost between the two.
pub(crate) async fn write_mail(
    app: Arc<App>,
    composer: Composer,
    mut stopping: watch::Receiver<bool>,
) {
    let mut pause = Duration::from_secs(1);
    loop {
        let failed = app.failures.take();
        if !failed.is_empty()
            && let Err(error) = app.store.note_failed(failed, app.clock.now()).await
        {
            tracing::warn!(%error, "wrong passwords were not noted");
        }
        pause = match composer.compose_due().await {
            Ok(()) => Duration::from_secs(1),
            Err(error) => {
                tracing::error!(%error, "a message was not written; it is tried again");
                (pause * 2).min(Duration::from_secs(60))
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // After a failure the pause is kept.
            () = app.mail.notified(), if pause == Duration::from_secs(1) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// Takes up rotated keys, looking once a second: a look is one read of the page cache.
pub(crate) async fn renew_keys(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        let renewed = app
            .keys
            .renew(&app.store, &app.root, app.about(), app.clock.now());
        if let Err(error) = renewed.await {
            tracing::error!(%error, "the service's keys were not renewed");
        }
    }
}

/// Deletes accounts whose time has come, looking once a second, and drops what has expired, every
/// half minute.
pub(crate) async fn sweep(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut since = 0;
    loop {
        let deleted = web::delete_due(&app).await.unwrap_or_else(|error| {
            tracing::warn!(?error, "accounts whose time has come were not deleted");
            false
        });
        if deleted || since == 0 {
            drop_expired(&app).await;
        }
        since = (since + 1) % 30;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

async fn drop_expired(app: &App) {
    let over = Over {
        now: app.clock.now(),
        kept: app.kept,
        backups: app.backup_seconds,
    };
    if let Err(error) = app.store.sweep(over).await {
        tracing::warn!(%error, "expired data were not dropped");
    }
}
