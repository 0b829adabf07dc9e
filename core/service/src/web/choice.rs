//! The devices of an account that a person can choose from.

use countersign_protocol::{
    challenge::Subject,
    id::{AccountId, DeviceId},
};
use minijinja::{Value, context};

use super::error::{NotDone, PageError, Refusal};
use crate::{
    app::App,
    base::hex::FromHex,
    store::{Device, DeviceState},
};

/// The account's active devices, blocked ones included.
pub(super) async fn usable(app: &App, account: AccountId) -> Result<Vec<Device>, PageError> {
    let mut devices = app.store.devices(account).await?;
    devices.retain(|device| device.state == DeviceState::Active);
    Ok(devices)
}

/// Those of them that can approve.
pub(super) fn approving(devices: &[Device]) -> Vec<&Device> {
    devices
        .iter()
        .filter(|device| can_approve(device))
        .collect()
}

/// Active, and not blocked.
fn can_approve(device: &Device) -> bool {
    device.state == DeviceState::Active && !device.is_blocked()
}

/// This device, if it can approve.
pub(super) async fn able(app: &App, dev: DeviceId) -> Result<Option<Device>, PageError> {
    let device = app.store.device(dev).await?;
    Ok(device.filter(can_approve))
}

/// Whether an approval by this device can grant a new PIN to `subject`.
pub(super) fn may_grant(app: &App, device: &Device, subject: DeviceId) -> bool {
    device.dev != subject || (app.own_biometrics && device.bio_key.is_some())
}

/// Those of the able devices that can confirm that `subject` is removed: another one, where there
/// is one. A phone that is to go is the one that its owner may not have any more.
pub(super) fn removing<'a>(able: &[&'a Device], subject: DeviceId) -> Vec<&'a Device> {
    let others = able.iter().copied();
    let others: Vec<_> = others.filter(|device| device.dev != subject).collect();
    match others.is_empty() {
        true => able.to_vec(),
        false => others,
    }
}

/// Devices as a template's list.
pub(super) fn listed(devices: &[&Device]) -> Vec<Value> {
    devices
        .iter()
        .map(|device| {
            context! {
                dev => device.dev.to_string(), name => device.name, model => device.model,
            }
        })
        .collect()
}

/// The device that was chosen in a form, or the only one. Forms send an empty field for no choice.
pub(super) fn pick(devices: &[&Device], chosen: Option<&str>) -> Option<DeviceId> {
    let chosen = chosen
        .filter(|chosen| !chosen.is_empty())
        .map(DeviceId::from_hex);
    match (chosen, devices) {
        (None, [only]) => Some(only.dev),
        (Some(Some(dev)), _) => devices
            .iter()
            .map(|device| device.dev)
            .find(|known| *known == dev),
        _ => None,
    }
}

/// The device that was chosen to approve a change.
pub(super) async fn approver(
    app: &App,
    account: AccountId,
    chosen: Option<&str>,
) -> Result<DeviceId, NotDone> {
    let devices = usable(app, account).await?;
    let dev = pick(&approving(&devices), chosen);
    Ok(dev.ok_or(Refusal::conflict("devices_error_with"))?)
}

/// A device of the account, as the phone that is asked about it shows it. `None` for another
/// account's device and for one whose enrolment is not finished.
pub(super) async fn subject(
    app: &App,
    account: AccountId,
    dev: DeviceId,
) -> Result<Option<Subject>, PageError> {
    let device = app.store.device(dev).await?;
    Ok(device
        .filter(|device| device.account == account && device.state != DeviceState::Pending)
        .map(|device| Subject::Device {
            dev,
            name: device.name,
        }))
}
