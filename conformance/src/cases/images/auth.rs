//! `POST /auth`.

use serde_json::{Value, json};

use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::{Answer, Session};
use crate::stub::Told;

pub(in crate::cases) const ROWS: &[Row] = &[
    (Must, "login", "SystemAuth: Login Succeeded", login),
    (
        Must,
        "wrong-password",
        "SystemAuth: the registry's no",
        wrong,
    ),
    (
        Must,
        "open-registry",
        "SystemAuth: who asks nobody lets everybody in",
        open,
    ),
    (
        Must,
        "identity-token",
        "SystemAuth: the refresh token of a token service",
        token,
    ),
    (
        Must,
        "nobody-there",
        "SystemAuth: a registry that does not answer is 500",
        nobody,
    ),
    (Quirk, "bad-address", "SystemAuth: 400", address),
];

fn auth(s: &Session, body: &Value) -> Outcome<Answer> {
    s.post_json("/auth", body)
}

fn login(s: &Session) -> Outcome {
    let private = s.private_registry()?;
    let at = &private.address;
    for address in [
        at.clone(),
        format!("http://{at}"),
        format!("http://{at}/v2/"),
    ] {
        let body = json!({
            "username": private.user,
            "password": private.password,
            "email": "",
            "serveraddress": address,
        });
        let answer = auth(s, &body)?.expect(200)?.json()?;
        equal!(
            answer,
            json!({"IdentityToken": "", "Status": "Login Succeeded"}),
            "the answer for {address}"
        );
    }
    Ok(())
}

fn wrong(s: &Session) -> Outcome {
    let private = s.private_registry()?;
    let body = json!({
        "username": private.user,
        "password": "wrong",
        "serveraddress": private.address,
    });
    let answer = auth(s, &body)?;
    // 20.10 had no class for it, newer ones say 401.
    ensure!(
        [401, 500].contains(&answer.head.status),
        "status {}",
        answer.head.status
    );
    answer.expect_text("401 Unauthorized")?;
    Ok(())
}

fn open(s: &Session) -> Outcome {
    let body = json!({"username": "x", "password": "y", "serveraddress": s.registry()?});
    let answer = auth(s, &body)?.expect(200)?.json()?;
    equal!(answer["Status"], "Login Succeeded", "Status");
    Ok(())
}

fn token(s: &Session) -> Outcome {
    // The realm is the server itself, whose address it learns by being asked.
    let stub = s.stub(|asked| {
        let path = asked.path.split('?').next().unwrap_or_default();
        match (path, asked.header("Authorization")) {
            ("/token", _) => {
                let body = json!({
                    "token": "t", "access_token": "t", "refresh_token": "again",
                    "expires_in": 300,
                });
                Told::new(200, "application/json", body.to_string())
            }
            (_, Some("Bearer t")) => Told::new(200, "application/json", "{}"),
            _ => {
                let host = asked.header("Host").unwrap_or_default();
                let ask = format!("Bearer realm=\"http://{host}/token\",service=\"s\"");
                Told::new(401, "application/json", "{}").header("WWW-Authenticate", ask)
            }
        }
    })?;
    let body = json!({"username": "me", "password": "secret", "serveraddress": stub.address});
    let answer = auth(s, &body)?.expect(200)?.json()?;
    equal!(
        answer,
        json!({"IdentityToken": "again", "Status": "Login Succeeded"}),
        "the answer"
    );
    let asked = stub.asked();
    let question = asked.iter().find(|a| a.path.starts_with("/token"));
    ensure!(
        question.is_some(),
        "the token service was not asked: {asked:?}"
    );
    Ok(())
}

fn nobody(s: &Session) -> Outcome {
    let body = json!({"username": "x", "password": "y", "serveraddress": "127.0.0.1:1"});
    auth(s, &body)?.expect_error(500, "connection refused")?;
    Ok(())
}

fn address(s: &Session) -> Outcome {
    let body = json!({"username": "x", "password": "y", "serveraddress": "bad host"});
    auth(s, &body)?.expect_error(400, "unable to parse server address")?;
    Ok(())
}
