//! The core's closed lists, as Kotlin and Swift see them. The core's own types: a list that grows
//! there does not build until it grows here.

use countersign::qr::scan::Diagnosis;
// Named otherwise than what every Kotlin file has as `System`.
use countersign::System as OperatingSystem;
use countersign::{
    AccountState, Browser, EventKind, FieldKind, Guessable, Purpose, Source, Unlock,
};

/// The operation that a request is for.
#[uniffi::remote(Enum)]
pub enum Purpose {
    /// Signing in.
    SignIn,
    /// Adding a device.
    AddDevice,
    /// Changing the PIN.
    ChangePin,
    /// Lifting a block, or setting a new PIN for a forgotten one.
    Unblock,
    /// Removing a device or another factor.
    Remove,
    /// Changing the password.
    ChangePassword,
    /// A transaction: data that are typed, or shown online.
    Transaction,
    /// Changing the e-mail address.
    ChangeEmail,
    /// Adding a factor that is no device.
    AddFactor,
    /// Deleting the account.
    DeleteAccount,
    /// An export of the person's data.
    ExportData,
}

/// The browser that asked.
#[uniffi::remote(Enum)]
pub enum Browser {
    /// Not known.
    Unknown,
    /// Google Chrome or Chromium.
    Chrome,
    /// Mozilla Firefox.
    Firefox,
    /// Apple Safari.
    Safari,
    /// Microsoft Edge.
    Edge,
    /// Opera.
    Opera,
    /// Samsung Internet.
    SamsungInternet,
    /// A program that is no browser.
    Program,
}

/// The operating system that asked.
#[uniffi::remote(Enum)]
pub enum OperatingSystem {
    /// Not known.
    Unknown,
    /// Microsoft Windows.
    Windows,
    /// Apple macOS.
    MacOs,
    /// Linux.
    Linux,
    /// Android.
    Android,
    /// Apple iOS or iPadOS.
    Ios,
    /// ChromeOS.
    ChromeOs,
}

/// The unlock method that a code asks for.
#[uniffi::remote(Enum)]
pub enum Unlock {
    /// Nothing but the phone's own lock, which the core asks for by itself.
    Nothing,
    /// The PIN.
    Pin,
    /// The PIN or biometrics.
    PinOrBiometrics,
}

/// The kind of a transaction's field, by which an app chooses the keyboard.
#[uniffi::remote(Enum)]
pub enum FieldKind {
    /// Digits 0-9, leading zeros kept.
    Digits,
    /// An amount of money, signed as `1234.50`.
    Amount,
    /// An international bank account number.
    Iban,
    /// Capital letters A-Z and digits.
    Code,
    /// A calendar date, signed as `2026-11-23`.
    Date,
    /// Any text that can be seen.
    Text,
}

/// How a link or the text of a QR code reached the phone. Say the truth: what may come which way is
/// part of the protection.
#[uniffi::remote(Enum)]
pub enum Source {
    /// The scanner's camera, or an image that the person chose.
    Camera,
    /// An image that another app passed on, by the system's way to share one.
    SharedImage,
    /// Typed or pasted text.
    Paste,
    /// A link that the operating system verified to belong to this app.
    VerifiedLink,
    /// The scheme `countersign:`, which any app can claim.
    CustomScheme,
}

/// How an account stands, as last reported by the service.
#[uniffi::remote(Enum)]
pub enum AccountState {
    /// The enrolment is not finished: `resume` finishes or drops it.
    Unfinished,
    /// In use.
    Active,
    /// No PIN tries are left.
    Blocked,
    /// This phone and the service no longer have the same PIN, because one of them was restored
    /// from a backup: a new PIN is set with `setForgottenPin`.
    NewPinNeeded,
    /// A copy of this phone was seen: remove the device on the service's page, and the account
    /// here, and initialise it again.
    Suspended,
}

/// A kind of event on this phone.
#[uniffi::remote(Enum)]
pub enum EventKind {
    /// An account was initialised.
    AccountAdded,
    /// An account was removed from this phone.
    AccountRemoved,
    /// An account was given another name here.
    AccountRenamed,
    /// A request was approved.
    Approved,
    /// A request was declined.
    Declined,
    /// A request was reported as fraud.
    Reported,
    /// The service said that the PIN was wrong.
    WrongPin,
    /// The service said that the number was wrong.
    WrongNumber,
    /// The service blocked this phone.
    Blocked,
    /// The service suspended this phone.
    Suspended,
    /// A sign-in code was made.
    CodeMade,
    /// A transaction was signed.
    TransactionSigned,
    /// A service changed its keys, signed by those before.
    ServiceKeysChanged,
    /// The PIN was changed.
    PinChanged,
    /// The keys that the PIN protects were renewed, and the PIN is the same.
    PinRenewed,
    /// A new PIN was set in the place of one that was forgotten or blocked.
    PinSetAnew,
    /// This phone has new keys for an account.
    KeysRotated,
    /// Biometrics were turned on.
    BiometricsOn,
    /// Biometrics were turned off, or are off because of a new PIN.
    BiometricsOff,
    /// The fingers or faces that the phone knows have changed, so biometrics are off.
    BiometricsGone,
    /// The service did not take a change of the PIN, the keys or biometrics.
    ChangeRefused,
    /// The app was here before and its data are gone: every account has to be initialised again.
    Reinstalled,
    /// An event of a newer version of the app.
    Other,
}

/// Why a PIN is too easy to guess.
#[uniffi::remote(Enum)]
pub enum Guessable {
    /// Four equal digits, such as 7777.
    FourEqual,
    /// Digits in a row, up or down, such as 2345, 4321 or 7890.
    Run,
    /// 1900 to 2099, which somebody who knows the person's age tries first.
    Year,
    /// A day and a month, in either order.
    Date,
    /// Among the PINs that people choose most often.
    Common,
}

/// Why a picture seems to show no code.
#[uniffi::remote(Enum)]
pub enum Diagnosis {
    /// Too few pixels for any code.
    TooSmall,
    /// Hardly anything is brighter than dark.
    TooDark,
    /// Hardly anything is darker than bright.
    TooBright,
    /// No contrast between dark and light.
    Flat,
    /// No sharp edge anywhere.
    Blurred,
    /// The time was over before all of it was looked at.
    Unfinished,
    /// Nothing wrong with the picture: perhaps there is no code, or it is cut off or covered.
    None,
}
