//! The closed lists of a challenge (§6): operations, ways to unlock, and where a request comes
//! from.

use ciborium::Value;

macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant = $number),+
        }

        impl $name {
            /// From its number on the wire.
            pub fn from_number(number: u64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use closed_list;

closed_list!(
    /// The operation that a challenge is for; it is usable by no other.
    Purpose {
        /// Signing in.
        SignIn = 1,
        /// Adding a device.
        AddDevice = 2,
        /// Changing the PIN.
        ChangePin = 3,
        /// Lifting a block, or replacing a forgotten PIN.
        Unblock = 4,
        /// Removing a device or another factor.
        Remove = 5,
        /// Changing the password.
        ChangePassword = 6,
        /// A transaction: data that are typed, or shown online.
        Transaction = 7,
        /// Changing the e-mail address.
        ChangeEmail = 8,
        /// Adding a factor that is no device.
        AddFactor = 9,
        /// Deleting the account.
        DeleteAccount = 10,
        /// An export of the person's data.
        ExportData = 11,
    }
);

closed_list!(
    /// The way in which the phone's answer must be unlocked.
    Unlock {
        /// Nothing.
        Nothing = 0,
        /// The PIN.
        Pin = 1,
        /// The PIN or biometrics.
        PinOrBiometrics = 2,
    }
);

closed_list!(
    /// How a sign-in code is written.
    CodeForm {
        /// Eight characters of Crockford's base32.
        Characters = 1,
        /// Eight digits.
        Digits = 2,
    }
);

closed_list!(
    /// The browser that asked.
    Browser {
        /// Not known.
        Unknown = 0,
        /// Google Chrome or Chromium.
        Chrome = 1,
        /// Mozilla Firefox.
        Firefox = 2,
        /// Apple Safari.
        Safari = 3,
        /// Microsoft Edge.
        Edge = 4,
        /// Opera.
        Opera = 5,
        /// Samsung Internet.
        SamsungInternet = 6,
        /// A program that is no browser.
        Program = 7,
    }
);

closed_list!(
    /// The operating system that asked.
    System {
        /// Not known.
        Unknown = 0,
        /// Microsoft Windows.
        Windows = 1,
        /// Apple macOS.
        MacOs = 2,
        /// Linux.
        Linux = 3,
        /// Android.
        Android = 4,
        /// Apple iOS or iPadOS.
        Ios = 5,
        /// ChromeOS.
        ChromeOs = 6,
    }
);

/// Where a request comes from, coarsely: from closed lists, so that no text of a stranger reaches
/// the person's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The browser.
    pub browser: Browser,
    /// Its system.
    pub system: System,
    /// ISO 3166-1 alpha-2 in upper case; `ZZ` unknown.
    pub place: [u8; 2],
}

impl Context {
    /// The place as text.
    pub fn place(&self) -> &str {
        core::str::from_utf8(&self.place).unwrap_or("ZZ")
    }
}

pub(super) fn context_of(items: Vec<Value>) -> Option<Context> {
    let [browser, system, place] = <[Value; 3]>::try_from(items).ok()?;
    let number = |value: Value| u64::try_from(value.as_integer()?).ok();
    let place: [u8; 2] = place.as_text()?.as_bytes().try_into().ok()?;
    place.iter().all(u8::is_ascii_uppercase).then_some(())?;
    Some(Context {
        browser: Browser::from_number(number(browser)?)?,
        system: System::from_number(number(system)?)?,
        place,
    })
}
