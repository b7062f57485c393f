//! What a registry is told when it is opened.

use std::path::PathBuf;
use std::time::Duration;

/// The settings of a registry; [`Config::new`] gives an open one, over plain
/// HTTP, with deletion and without the legacy routes.
#[derive(Debug, Clone)]
pub struct Config {
    /// Directory of everything that is kept. It is made when it is missing, and
    /// one process at a time may have it.
    pub data: PathBuf,
    /// Who may do what.
    pub access: Access,
    /// Certificate and key, if the registry speaks TLS.
    pub tls: Option<Tls>,
    /// Whether the routes of Registry v1 and of the Hub's index are served.
    /// Search and `/v1/_ping` always are.
    pub legacy: bool,
    /// Whether `POST /v1/users` may make accounts (legacy routes only).
    pub sign_up: bool,
    /// Whether everything that would change the content is refused.
    pub read_only: bool,
    /// How long what nobody refers to is spared by garbage collection: as long
    /// as the longest push takes from its first blob to its manifest.
    pub grace: Duration,
    /// How long a client may keep silent in the middle of a request.
    pub patience: Duration,
}

/// Who may use a registry.
#[derive(Debug, Clone, Default)]
pub enum Access {
    /// Everybody may do everything.
    #[default]
    Open,
    /// Accounts, named with each request (HTTP Basic).
    Basic(Accounts),
    /// Accounts, exchanged for short-lived bearer tokens at `/token`.
    Token(Accounts, TokenService),
}

/// The accounts and what they may do.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// A file of `user:bcrypt` lines as `htpasswd -B` writes them. It is read
    /// again when it changes.
    pub htpasswd: PathBuf,
    /// Whether pulling needs no account.
    pub anonymous_pull: bool,
    /// Who may do what in which repositories. Without a grant every account
    /// may do everything.
    pub grants: Vec<Grant>,
}

/// One rule: an account, repositories, actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The account, or `*` for each.
    pub account: String,
    /// A repository's name; a `*` at the end stands for any rest.
    pub repositories: String,
    /// Any of `pull`, `push`, `delete`.
    pub actions: Vec<String>,
}

/// How tokens are made.
#[derive(Debug, Clone)]
pub struct TokenService {
    /// The address of the token service as clients reach it; `None`: `/token`
    /// at the address the client used.
    pub realm: Option<String>,
    /// The name of the registry in its tokens.
    pub service: String,
    /// How long a token is good.
    pub lifetime: Duration,
}

/// Where certificate and key are.
#[derive(Debug, Clone)]
pub struct Tls {
    /// PEM file of the certificate and what leads to its root.
    pub cert: PathBuf,
    /// PEM file of the private key.
    pub key: PathBuf,
}

impl Config {
    /// An open registry with its content in `data`.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            access: Access::Open,
            tls: None,
            legacy: false,
            sign_up: false,
            read_only: false,
            grace: Duration::from_secs(60 * 60),
            patience: Duration::from_secs(60),
        }
    }
}

impl Default for TokenService {
    fn default() -> Self {
        Self {
            realm: None,
            service: "longshore-registry".to_owned(),
            lifetime: Duration::from_secs(300),
        }
    }
}

impl std::str::FromStr for Grant {
    type Err = String;

    /// Reads `account:repositories:action[,action…]`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ':');
        let (Some(account), Some(repositories), Some(actions)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err("expected account:repositories:action[,action...]".to_owned());
        };
        let actions: Vec<String> = actions.split(',').map(str::to_owned).collect();
        match actions
            .iter()
            .find(|action| !["pull", "push", "delete"].contains(&action.as_str()))
        {
            Some(action) => Err(format!(
                "{action:?} is no action: there are pull, push, delete"
            )),
            None => Ok(Self {
                account: account.to_owned(),
                repositories: repositories.to_owned(),
                actions,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_names_account_repositories_and_actions() {
        let grant: Grant = "ann:team/*:pull,push".parse().unwrap();
        assert_eq!(grant.account, "ann");
        assert_eq!(grant.repositories, "team/*");
        assert_eq!(grant.actions, ["pull", "push"]);
        assert!("ann:team".parse::<Grant>().is_err());
        assert!("ann:team:fly".parse::<Grant>().is_err());
    }
}
