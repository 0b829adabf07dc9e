//! A device's chain here follows the phone's (PROTOCOL.md, section 12).

use countersign_protocol::{
    Step, id::DeviceId, keys::Chain, secret::Secret, verify::chain_moved_to,
};

use super::Failed;
use crate::{
    app::App,
    keys::seal::{Place, SealError},
    store::{Device, DeviceState, NewChain},
};

/// Where the chain of a PIN epoch is sealed.
fn place(dev: DeviceId, epoch: u32) -> Place {
    Place {
        owner: dev.0,
        field: "chain",
        epoch,
    }
}

/// A chain of a device's PIN epoch, opened. `None`: the value is damaged.
pub(crate) fn open(
    app: &App,
    dev: DeviceId,
    epoch: u32,
    step: Step,
    sealed: &[u8],
) -> Result<Option<Chain>, SealError> {
    let value = app.root.sealing.open(place(dev, epoch), sealed)?;
    Ok(Secret::from_slice(&value).map(|value| Chain::new(step, value)))
}

/// A chain's value sealed for the store.
pub(crate) fn seal(
    app: &App,
    dev: DeviceId,
    epoch: u32,
    chain: &Chain,
) -> Result<NewChain, SealError> {
    Ok(NewChain {
        dev,
        epoch,
        to: chain.next(),
        chain: app
            .root
            .sealing
            .seal(place(dev, epoch), chain.value().expose())?,
    })
}

/// A phone reports `last` as spent: its device's chain here follows. `restored`: does the request's
/// state token show a restored service? `None` where there is no token.
pub(crate) async fn follow(
    app: &App,
    device: &Device,
    last: Step,
    restored: Option<bool>,
) -> Result<(), Failed> {
    if last < device.chain_step || device.state != DeviceState::Active {
        return Ok(());
    }
    // 12.10 to 12.12
    let now = app.clock.now();
    let to = app
        .store
        .adopt_last(device.dev, last, restored, now)
        .await?;
    let (step, sealed) = (device.chain_step, &device.keys.chain);
    let chain = open(app, device.dev, device.epoch, step, sealed)?
        .ok_or_else(|| Failed::Unavailable("a chain value is damaged".into()))?;
    if let Some(moved) = to
        .checked_sub(1)
        .and_then(|last| chain_moved_to(&chain, last))
    {
        let moved = seal(app, device.dev, device.epoch, &moved)?;
        app.store.advance_chain(moved).await?;
    }
    Ok(())
}
