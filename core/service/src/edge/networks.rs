//! Networks whose addresses have larger budgets: institutions behind one address.

use std::{
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use ipnet::IpNet;

use super::Source;

/// The largest factor.
const MOST: u32 = 10_000;

/// A network whose addresses have larger budgets each, because many people share one: written
/// `192.0.2.0/24=20` for twenty times as much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LargeNetwork {
    network: IpNet,
    factor: u32,
}

/// Why a large network can't be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} names no large network: write it as 192.0.2.0/24=20, an address or network (IPv6: of \
     at most 64 bits) and how many times the usual budgets each of its addresses has, 1 to {MOST}"
)]
pub struct BadNetwork(String);

impl LargeNetwork {
    /// This computer, as if thousands of people shared it.
    pub(crate) fn loopback() -> Vec<Self> {
        let networks = [
            IpAddr::from([127, 0, 0, 0]),
            IpAddr::from(Ipv6Addr::LOCALHOST),
        ];
        let networks =
            networks.map(|address| IpNet::new(address, if address.is_ipv4() { 8 } else { 64 }));
        let networks = networks.into_iter().flatten();
        networks
            .map(|network| Self {
                network,
                factor: MOST,
            })
            .collect()
    }
}

impl FromStr for LargeNetwork {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let parse = || {
            let (network, factor) = text.split_once('=')?;
            let network = match network.parse::<IpAddr>() {
                Ok(address) => IpNet::from(Source::new(address).address()),
                Err(_) => network.parse::<IpNet>().ok()?,
            };
            let network = match network {
                IpNet::V6(net) if net.prefix_len() == 128 => IpNet::new(network.addr(), 64).ok()?,
                network => network,
            };
            let factor = factor.parse().ok()?;
            let whole_sources = match network {
                IpNet::V4(_) => true,
                IpNet::V6(network) => network.prefix_len() <= 64,
            };
            (whole_sources && (1..=MOST).contains(&factor)).then_some(Self { network, factor })
        };
        parse().ok_or_else(|| BadNetwork(text.to_owned()))
    }
}

/// The large networks of the configuration.
#[derive(Debug, Default)]
pub(crate) struct Networks(Vec<LargeNetwork>);

impl Networks {
    pub(crate) fn new(networks: Vec<LargeNetwork>) -> Self {
        Self(networks)
    }

    /// How many times the usual budgets a source has: the largest where several networks have it.
    pub(crate) fn factor(&self, source: Source) -> u32 {
        let has = self.0.iter();
        has.filter(|large| large.network.contains(&source.address()))
            .map(|large| large.factor)
            .max()
            .unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_factor_that_was_given_and_others_have_one() {
        let networks = [
            "192.0.2.0/24=20",
            "192.0.2.7=50",
            "2001:db8::/48=3",
            "2001:db8:1::5=4",
        ];
        let networks = networks.map(|text| text.parse().unwrap()).to_vec();
        let networks = Networks::new(networks);
        for (address, factor) in [
            ("192.0.2.1", 20),
            ("192.0.2.7", 50),
            ("::ffff:192.0.2.1", 20),
            ("192.0.3.1", 1),
            ("2001:db8:0:9::1", 3),
            ("2001:db8:1::6", 4),
            ("2001:db8:2::1", 1),
        ] {
            let source = Source::new(address.parse().unwrap());
            assert_eq!(networks.factor(source), factor, "{address}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "192.0.2.0/24",
            "192.0.2.0/24=",
            "192.0.2.0/24=0",
            "192.0.2.0/24=10001",
            "192.0.2.0/33=2",
            "2001:db8::/65=2",
            "example.eu=2",
        ] {
            assert!(text.parse::<LargeNetwork>().is_err(), "{text}");
        }
    }
}
