//! What a browser says of itself, read as words of closed lists: no text of a stranger reaches a
//! page, a message or a phone.

use countersign_protocol::challenge::{Browser, System};

/// So many bytes of the header are read. Those of browsers have less than half of that.
const LONGEST: usize = 512;

/// A browser and its system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agent {
    /// The browser.
    pub(crate) browser: Browser,
    /// Its system.
    pub(crate) system: System,
}

/// Browsers with their stored names.
const BROWSERS: [(Browser, &str); 8] = [
    (Browser::Unknown, "unknown"),
    (Browser::Chrome, "chrome"),
    (Browser::Firefox, "firefox"),
    (Browser::Safari, "safari"),
    (Browser::Edge, "edge"),
    (Browser::Opera, "opera"),
    (Browser::SamsungInternet, "samsung"),
    (Browser::Program, "program"),
];

/// Systems with their stored names.
const SYSTEMS: [(System, &str); 7] = [
    (System::Unknown, "unknown"),
    (System::Windows, "windows"),
    (System::MacOs, "macos"),
    (System::Linux, "linux"),
    (System::Android, "android"),
    (System::Ios, "ios"),
    (System::ChromeOs, "chromeos"),
];

impl Agent {
    /// One that nothing is known of.
    pub(crate) const UNKNOWN: Self = Self {
        browser: Browser::Unknown,
        system: System::Unknown,
    };

    /// Reads the value of a `User-Agent`; empty where there is none.
    pub(crate) fn of(header: &[u8]) -> Self {
        let read = header.get(..LONGEST).unwrap_or(header);
        let has = |name: &str| read.windows(name.len()).any(|part| part == name.as_bytes());
        // Every browser also names those that it imitates, so the order matters.
        let browser = match () {
            () if has("SamsungBrowser/") => Browser::SamsungInternet,
            () if has("Edg") => Browser::Edge,
            () if has("OPR/") => Browser::Opera,
            () if has("Firefox/") || has("FxiOS/") => Browser::Firefox,
            () if has("Chrome/") || has("CriOS/") => Browser::Chrome,
            () if has("Safari/") => Browser::Safari,
            () if header.is_empty() => Browser::Unknown,
            () => Browser::Program,
        };
        let system = match () {
            () if has("iPhone") || has("iPad") => System::Ios,
            () if has("Android") => System::Android,
            () if has("CrOS") => System::ChromeOs,
            () if has("Windows") => System::Windows,
            () if has("Mac OS X") => System::MacOs,
            () if has("Linux") => System::Linux,
            () => System::Unknown,
        };
        Self { browser, system }
    }

    /// The stored name of the browser, which is part of a text key too.
    pub(crate) fn browser_name(self) -> &'static str {
        let found = BROWSERS
            .iter()
            .find(|(browser, _)| *browser == self.browser);
        found.map_or("unknown", |(_, name)| name)
    }

    /// The stored name of the system, which is part of a text key too.
    pub(crate) fn system_name(self) -> &'static str {
        let found = SYSTEMS.iter().find(|(system, _)| *system == self.system);
        found.map_or("unknown", |(_, name)| name)
    }

    /// As it is stored: `firefox/linux`.
    pub(crate) fn code(self) -> String {
        format!("{}/{}", self.browser_name(), self.system_name())
    }

    /// What [`Agent::code`] made.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        let (browser, system) = code.split_once('/')?;
        Some(Self {
            browser: BROWSERS.iter().find(|(_, name)| *name == browser)?.0,
            system: SYSTEMS.iter().find(|(_, name)| *name == system)?.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_by_our_words_and_a_hostile_header_adds_none() {
        for (header, code) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "firefox/linux",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                "chrome/android",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "edge/windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                "safari/ios",
            ),
            ("", "unknown/unknown"),
            ("curl/8.14.1", "program/unknown"),
            ("<script>alert(1)</script>\u{202e}", "program/unknown"),
        ] {
            assert_eq!(Agent::of(header.as_bytes()).code(), code, "{header}");
        }
        let mut long = "<b>".repeat(2700).into_bytes();
        long.extend(b"Firefox/1");
        assert_eq!(Agent::of(&long).code(), "program/unknown");
        assert_eq!(Agent::of(&[0xff; 9000]).code(), "program/unknown");
    }

    #[test]
    fn every_code_is_read_as_it_was_written_and_nothing_else_is() {
        for (browser, _) in BROWSERS {
            for (system, _) in SYSTEMS {
                let agent = Agent { browser, system };
                assert_eq!(Agent::from_code(&agent.code()), Some(agent));
            }
        }
        for bad in [
            "",
            "firefox",
            "firefox/",
            "Firefox/linux",
            "firefox/linux/x",
        ] {
            assert_eq!(Agent::from_code(bad), None, "{bad}");
        }
    }
}
