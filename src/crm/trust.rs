//! Whom this machine trusts, for connections to CRMs: read once, however many clients there are.

use std::sync::{Arc, OnceLock};

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, Error};
use rustls_platform_verifier::BuilderVerifierExt as _;

static TRUST: OnceLock<ClientConfig> = OnceLock::new();

/// The machine's trust store, as reqwest itself would set it up.
///
/// # Errors
/// When the machine has none.
pub(super) fn trust() -> Result<ClientConfig, Error> {
    if let Some(trust) = TRUST.get() {
        return Ok(trust.clone());
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?.with_platform_verifier()?;
    let mut trust = builder.with_no_client_auth();
    trust.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TRUST.get_or_init(|| trust).clone())
}
