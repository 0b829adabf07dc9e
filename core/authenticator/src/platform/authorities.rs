//! TLS by the platform's certificate authorities, which an app leaves out: it has them built in.

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;
#[cfg(not(target_os = "android"))]
use rustls_platform_verifier::Verifier;

/// The platform's authorities and these.
pub(crate) fn config(
    authorities: &[CertificateDer<'static>],
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let config = if authorities.is_empty() {
        builder.and_then(BuilderVerifierExt::with_platform_verifier)
    } else {
        with_more(builder, authorities, provider)
    };
    Ok(config?.with_no_client_auth())
}

#[cfg(not(target_os = "android"))]
fn with_more(
    builder: Result<ConfigBuilder<ClientConfig, WantsVerifier>, rustls::Error>,
    authorities: &[CertificateDer<'static>],
    provider: Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, rustls::Error> {
    let verifier = Verifier::new_with_extra_roots(authorities.iter().cloned(), provider)?;
    // "Dangerous" is the name for setting any verifier; this one is the platform's own.
    Ok(builder?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier)))
}

/// On Android an app names further authorities in its network security configuration, and nowhere
/// else.
#[cfg(target_os = "android")]
fn with_more(
    _: Result<ConfigBuilder<ClientConfig, WantsVerifier>, rustls::Error>,
    _: &[CertificateDer<'static>],
    _: Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, rustls::Error> {
    Err(rustls::Error::General(
        "on Android, authorities are named in the app's network security configuration".into(),
    ))
}
