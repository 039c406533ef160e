//! The token that a key is exchanged for.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use secrecy::{ExposeSecret, SecretString};

use super::{Auth, Http};
use crate::crm::answer::{message, message_alone, shown};
use crate::crm::grants::{Entry, Grants, NoGrant};
use crate::crm::pace::StopAsked;
use crate::crm::transport::Attempt;
use crate::record::{Method, Request};

impl Http {
    /// Sends a request once; with an exchanged token, once more under a fresh one where the first was refused.
    pub(super) async fn attempt(&self, request: &Request, counter: &AtomicU64) -> Result<Attempt, StopAsked> {
        let key = match &self.auth {
            Auth::Exchanged(key) => key,
            Auth::Granted(grants) => return self.attempt_granted(grants.as_ref(), request, counter).await,
            Auth::QueryKey(_) | Auth::Bearer(_) => return self.send(request, None, counter).await,
        };
        let token = match self.token(key, None).await? {
            Ok(token) => token,
            Err(attempt) => return Ok(attempt),
        };
        let first = self.send(request, Some(&token), counter).await?;
        if !self.is_outlived(request, &first) {
            return Ok(first);
        }
        match self.token(key, Some(&token)).await? {
            // The same again: it was not the token.
            Ok(fresh) if fresh.expose_secret() == token.expose_secret() => Ok(first),
            Ok(fresh) => self.send(request, Some(&fresh), counter).await,
            Err(attempt) => Ok(attempt),
        }
    }

    /// Whether an answer may refuse an exchanged token, which lives for minutes: in whatever form the CRM refuses a key.
    fn is_outlived(&self, request: &Request, attempt: &Attempt) -> bool {
        let Attempt::Answered { status, body, .. } = attempt else { return false };
        let body = body.as_deref().unwrap_or_default();
        // By its words alone, as a 200 would be judged.
        let speaks_of_it = |said: &str| (self.dialect.refuses_credentials)(200, said);
        match status {
            401 => true,
            200..300 => message_alone(body).is_some_and(|said| speaks_of_it(&said)),
            300..400 => request.method == Method::Get,
            400..500 => speaks_of_it(&message(body)),
            _ => false,
        }
    }

    /// Sends a request once under the granted token, and once more under a renewed one where it was refused.
    async fn attempt_granted(
        &self,
        grants: &dyn Grants,
        request: &Request,
        counter: &AtomicU64,
    ) -> Result<Attempt, StopAsked> {
        let token = match self.granted(grants, None).await {
            Ok(token) => token,
            Err(attempt) => return Ok(attempt),
        };
        let first = self.send(request, Some(&token), counter).await?;
        if !self.is_refused(&first, &token) {
            return Ok(first);
        }
        match self.granted(grants, Some(&token)).await {
            Ok(fresh) if fresh.expose_secret() == token.expose_secret() => Ok(first),
            Ok(fresh) => {
                let second = self.send(request, Some(&fresh), counter).await?;
                self.is_refused(&second, &fresh);
                Ok(second)
            }
            Err(attempt) => Ok(attempt),
        }
    }

    /// Whether an answer refuses the token, and not what it may: one that was never taken is renewed once at most.
    fn is_refused(&self, attempt: &Attempt, token: &SecretString) -> bool {
        let Attempt::Answered { status, body, .. } = attempt else { return false };
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        if *status != 401 {
            *accepted = Some(token.clone());
            return false;
        }
        let said = body.as_deref().unwrap_or_default();
        let was_taken = accepted.as_ref().is_none_or(|taken| taken.expose_secret() == token.expose_secret());
        // What is not the token's fault costs no renewal.
        was_taken && !said.contains("scope") && !said.contains("timed out")
    }

    async fn granted(&self, grants: &dyn Grants, refused: Option<&SecretString>) -> Result<SecretString, Attempt> {
        let Entry { token, behind_it } = grants.token(refused).await.map_err(|why| match why {
            NoGrant::Person { why, remedy } => Attempt::NoGrant { why, remedy },
            NoGrant::NotNow(why) => Attempt::not_sent(why),
            NoGrant::Hopeless(why) => Attempt::Hopeless(why),
        })?;
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::iter::once(&token).chain(&behind_it);
        let fresh: Vec<_> = all.filter(|secret| !secrets.has(secret.expose_secret())).collect();
        if !fresh.is_empty() {
            *secrets = secrets.with(fresh);
        }
        Ok(token)
    }

    /// The exchanged token; a new one where the one in use is `refused`. One exchange at a time.
    async fn token(
        &self,
        key: &SecretString,
        refused: Option<&SecretString>,
    ) -> Result<Result<SecretString, Attempt>, StopAsked> {
        let mut held = self.token.lock().await;
        let same = |held: &SecretString| refused.is_some_and(|old| old.expose_secret() == held.expose_secret());
        if let Some(token) = held.as_ref().filter(|held| !same(held)) {
            return Ok(Ok(token.clone()));
        }
        let turn = self.pace.turn().await?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        let url = match self.url("/jwt", Some(key)) {
            Ok(url) => url,
            Err(attempt) => return Ok(Err(attempt)),
        };
        // As it came: a token that is given once more is a known secret already.
        let answered = self.receive(self.client.get(url)).await;
        drop(turn);
        let Attempt::Answered { status, body, .. } = answered else {
            return Ok(Err(Attempt::not_sent("no token could be had")));
        };
        let body = body.unwrap_or_default();
        let token = serde_json::from_str::<serde_json::Value>(&body)
            .ok()
            .and_then(|body| body.get("jwt")?.as_str().map(SecretString::from));
        Ok(match token {
            Some(token) if status == 200 => {
                *held = Some(token.clone());
                let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
                *secrets = secrets.with([&token]);
                Ok(token)
            }
            _ if matches!(status, 400..=404) => Err(Attempt::NoToken(shown(&self.clean(status, &body)))),
            _ => Err(Attempt::not_sent(format!("asking for a token was answered {status}"))),
        })
    }
}
