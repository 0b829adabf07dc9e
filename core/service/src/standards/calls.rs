//! Tells services what they are to be told, from a table: each until it is taken or given up. Each
//! host has a lane of its own, so that one that is slow or gone holds up no other.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet, time::timeout};

use super::{cas, oidc};
use crate::{
    app::App,
    clients,
    store::{Call, CallKind, StoreError},
};

/// Calls that are under way at once, at most: one for each host.
const AT_ONCE: usize = 16;
/// How long a stop waits for them.
const LONGEST_STOP: Duration = Duration::from_secs(4);

/// Makes calls until the service stops, looking once a second.
pub(crate) async fn run(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut busy = HashSet::new();
    let mut under_way = JoinSet::new();
    loop {
        if let Err(error) = begin(&app, &mut busy, &mut under_way).await {
            tracing::error!(%error, "services are not told of sign-outs; it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            Some(done) = under_way.join_next() => if let Ok(lane) = done {
                busy.remove(&lane);
            },
            _ = stopping.wait_for(|stopping| *stopping) => break,
        }
    }
    let all = async { while under_way.join_next().await.is_some() {} };
    let _ = timeout(LONGEST_STOP, all).await;
    under_way.shutdown().await;
}

/// Begins the oldest call of every host that has none under way.
async fn begin(
    app: &Arc<App>,
    busy: &mut HashSet<String>,
    under_way: &mut JoinSet<String>,
) -> Result<(), StoreError> {
    for call in app.store.calls_due(app.clock.now()).await? {
        let lane = clients::origin(&call.address);
        if under_way.len() >= AT_ONCE || !busy.insert(lane.clone()) {
            continue;
        }
        let app = Arc::clone(app);
        under_way.spawn(async move {
            if let Err(error) = make(&app, &call).await {
                tracing::error!(%error, "what came of a call was not noted: it may come twice");
            }
            lane
        });
    }
    Ok(())
}

/// Makes a call once, and notes what came of it.
async fn make(app: &App, call: &Call) -> Result<(), StoreError> {
    let Err(why) = tell(app, call).await else {
        return app.store.end_call(call.number).await;
    };
    let again = app.clock.now() + (5_u64 << call.tries.min(9));
    let client = call.client.as_str();
    if again >= call.gives_up_at {
        tracing::error!(
            client,
            why,
            "a service was not told of a sign-out; it is given up"
        );
        return app.store.end_call(call.number).await;
    }
    tracing::warn!(
        client,
        why,
        "a service was not told of a sign-out; it is tried again"
    );
    app.store.delay_call(call.number, again).await
}

async fn tell(app: &App, call: &Call) -> Result<(), String> {
    // The entry as it is now: it may lead nowhere any more.
    let client = app.clients.now().of(&call.client);
    let Some(client) = client else {
        return Ok(());
    };
    let now = app.clock.now();
    let (known, field, text) = match call.kind {
        CallKind::CasLogout => {
            let mut services = client.cas.iter().flat_map(|cas| &cas.services);
            let known = services.any(|address| address.covers(&call.address));
            (known, "logoutRequest", cas::logout_request(&call.name, now))
        }
        CallKind::OidcLogout => {
            let mut known = client
                .oidc
                .iter()
                .filter_map(|it| it.backchannel_logout.as_ref());
            let known = known.any(|address| address.covers(&call.address));
            (
                known,
                oidc::LOGOUT_TOKEN,
                oidc::logout_token(app, &client, &call.name),
            )
        }
    };
    if !known {
        return Ok(());
    }
    let text = text.ok_or("there is no randomness, or no key that signs")?;
    let fields = [(field, text.as_str())];
    let sent = app
        .outgoing
        .post(&call.address, client.private_network, &fields);
    match sent.await? {
        // A redirect is how many clients answer, once they have ended the session.
        200..=399 => Ok(()),
        status => Err(format!("it answered {status}")),
    }
}
