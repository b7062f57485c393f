//! `/v1/users`: logging in and signing up, as the Hub had it.

use std::sync::Arc;

use http::{Response, StatusCode};
use serde::Deserialize;

use super::error::{Refusal, Result};
use super::text;
use crate::auth;
use crate::auth::accounts::{Directory, LONGEST_PASSWORD};
use crate::error::Code;
use crate::server::body::Body;
use crate::server::request::blocking;
use crate::server::router::Asked;

const LONGEST: usize = 16 * 1024;

#[derive(Deserialize)]
struct NewUser {
    username: String,
    password: String,
    email: String,
}

#[derive(Deserialize)]
struct Change {
    password: Option<String>,
    #[expect(dead_code, reason = "clients send it; accounts here have none")]
    email: Option<String>,
}

/// Whether name and password are good.
pub(super) async fn login(asked: Asked) -> Result<Response<Body>> {
    owner(&asked).await?;
    Ok(text(StatusCode::OK, "OK"))
}

/// Makes an account.
pub(super) async fn sign_up(asked: Asked) -> Result<Response<Body>> {
    if !asked.state.v1.sign_up {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "nobody can sign up here",
        ));
    }
    let directory = accounts(&asked)?;
    let body = asked.body.whole(LONGEST, Code::Unsupported).await?;
    let user: NewUser = serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad(format!("Invalid JSON: {error}")))?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(4..=30).contains(&user.username.len()) || !user.username.bytes().all(plain) {
        return Err(Refusal::bad(
            "Invalid username: 4 to 30 of a to z, 0 to 9 and _",
        ));
    }
    check_password(&user.password)?;
    if !user.email.contains('@') {
        return Err(Refusal::bad("Invalid email"));
    }
    let made = blocking(move || directory.add(&user.username, &user.password)).await?;
    match made {
        true => Ok(text(StatusCode::CREATED, "User Created")),
        false => Err(Refusal::bad("Username already exists")),
    }
}

/// Gives an account another password.
pub(super) async fn change(asked: Asked, name: &str) -> Result<Response<Body>> {
    if owner(&asked).await? != name {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "this is somebody else's account",
        ));
    }
    let directory = accounts(&asked)?;
    let body = asked.body.whole(LONGEST, Code::Unsupported).await?;
    let change: Change = serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad(format!("Invalid JSON: {error}")))?;
    if let Some(password) = change.password {
        check_password(&password)?;
        let name = name.to_owned();
        blocking(move || directory.set(&name, &password)).await?;
    }
    Ok(crate::server::body::empty(StatusCode::NO_CONTENT))
}

/// The account whose name and password the request has.
async fn owner(asked: &Asked) -> Result<String> {
    let refused = || Refusal::who("Basic realm=\"Longshore Registry\"");
    let (name, password) = auth::basic(&asked.parts.headers).ok_or_else(refused)?;
    match accounts(asked)?.login(&name, &password).await? {
        true => Ok(name),
        false => Err(refused()),
    }
}

fn accounts(asked: &Asked) -> Result<Arc<Directory>> {
    asked
        .state
        .v1
        .accounts
        .clone()
        .ok_or_else(Refusal::not_found)
}

fn check_password(password: &str) -> Result<()> {
    match (5..=LONGEST_PASSWORD).contains(&password.len()) && !password.contains('\0') {
        true => Ok(()),
        false => Err(Refusal::bad("Invalid password: 5 to 72 characters")),
    }
}
