//! JSON web tokens under one key of ours. What a token's head says of its
//! algorithm or key decides nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// `{"alg":"HS256","typ":"JWT"}`
const HEAD: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// Makes and reads tokens.
pub(super) struct Key(hmac::Key);

impl Key {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Signs `claims`.
    pub(super) fn sign(&self, claims: &impl Serialize) -> serde_json::Result<String> {
        let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?);
        let signed = format!("{HEAD}.{claims}");
        let signature = hmac::sign(&self.0, signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token that this key has signed.
    pub(super) fn open<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.0, signed.as_bytes(), &signature).ok()?;
        let (head, claims) = signed.split_once('.')?;
        if head != HEAD {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    /// A short mark of `text` that only this key can make.
    pub(super) fn mark(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(&hmac::sign(&self.0, text.as_bytes()).as_ref()[..16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_signed_here_opens() {
        let key = Key::new(b"one");
        let token = key.sign(&[1, 2]).unwrap();
        assert_eq!(key.open::<Vec<u8>>(&token), Some(vec![1, 2]));
        assert_eq!(Key::new(b"two").open::<Vec<u8>>(&token), None);
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(
            URL_SAFE_NO_PAD.decode(parts[0]).unwrap(),
            br#"{"alg":"HS256","typ":"JWT"}"#
        );
        let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none"}"#);
        let other = URL_SAFE_NO_PAD.encode(b"[9]");
        for forged in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{}.{other}.{}", parts[0], parts[2]),
            format!("{}.{}", parts[0], parts[1]),
            format!("{token}x"),
        ] {
            assert_eq!(key.open::<Vec<u8>>(&forged), None, "{forged}");
        }
    }
}
