//! What each origin was seen to accept: tokens and session cookies.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::auth::{AuthFacts, AuthState, Jwt, Shape};
use crate::secret::Fingerprint;

/// Origins remembered; more are not described.
const ORIGINS: usize = 4096;

/// Different tokens and cookie names remembered for one origin.
const KINDS: usize = 8;

/// Different contents of accepted JWTs remembered for one origin.
const CONTENTS: usize = 64;

/// What was seen of an accepted JWT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedToken {
    /// The first one of its kind, and the latest.
    pub(super) samples: [Fingerprint; 2],
    /// Algorithm.
    pub alg: Option<Box<str>>,
    /// Key id.
    pub kid: Option<Box<str>>,
    /// Issuer.
    pub iss: Option<Box<str>>,
    /// Audiences.
    pub aud: Vec<Box<str>>,
}

impl AcceptedToken {
    fn of(credential: Fingerprint, jwt: &Jwt) -> Self {
        Self {
            samples: [credential; 2],
            alg: jwt.alg().map(Into::into),
            kid: jwt.kid().map(Into::into),
            iss: jwt.text("iss").map(Into::into),
            aud: jwt.audiences().into_iter().map(Into::into).collect(),
        }
    }

    fn like(&self, other: &Self) -> bool {
        (&self.alg, &self.kid, &self.iss, &self.aud)
            == (&other.alg, &other.kid, &other.iss, &other.aud)
    }
}

#[derive(Debug, Default)]
pub(super) struct Origin {
    /// Different kinds of accepted tokens, oldest first.
    pub tokens: Vec<AcceptedToken>,
    /// What tells header and claims of an accepted JWT from others, the exchange, and the whole token; oldest
    /// first.
    contents: VecDeque<(u64, u64, Fingerprint)>,
    /// Session-like cookies on accepted requests, and the exchange that showed it.
    pub cookies: Vec<(Arc<str>, u64)>,
}

/// What all origins were seen to accept.
#[derive(Debug, Default)]
pub(super) struct Origins(HashMap<u64, Origin, ahash::RandomState>);

impl Origins {
    pub fn get(&self, origin: u64) -> Option<&Origin> {
        self.0.get(&origin)
    }

    fn entry(&mut self, origin: u64) -> Option<&mut Origin> {
        if self.0.len() >= ORIGINS && !self.0.contains_key(&origin) {
            return None;
        }
        Some(self.0.entry(origin).or_default())
    }

    /// Tells header and claims of a JWT from others.
    fn content(&self, jwt: &Jwt) -> u64 {
        self.0.hasher().hash_one((
            serde_json::to_string(&jwt.header).unwrap_or_default(),
            serde_json::to_string(&jwt.claims).unwrap_or_default(),
        ))
    }

    /// The exchange before this one in which another token with this header and these claims was accepted, and
    /// that token.
    pub fn same_content(
        &self,
        origin: u64,
        jwt: &Jwt,
        before: u64,
        own: Option<Fingerprint>,
    ) -> Option<(u64, Fingerprint)> {
        let contents = &self.get(origin)?.contents;
        let content = self.content(jwt);
        contents
            .iter()
            .rev()
            .find(|(known, id, token)| *known == content && *id < before && Some(*token) != own)
            .map(|(_, id, token)| (*id, *token))
    }

    /// Learns from an accepted request with a credential not seen accepted here before.
    pub fn accept(&mut self, origin: u64, id: u64, auth: &AuthFacts, cookie: Option<&str>) {
        let jwt = match &auth.authorization.state {
            AuthState::Present { shape: Shape::Jws(jwt), .. } => Some(jwt),
            _ => None,
        };
        if jwt.is_none() && cookie.is_none() {
            return;
        }
        let content = jwt.map_or(0, |jwt| self.content(jwt));
        let Some(origin) = self.entry(origin) else { return };
        if let (Some(jwt), Some(credential)) = (jwt, auth.authorization.fingerprint) {
            if origin.contents.len() >= CONTENTS {
                origin.contents.pop_front();
            }
            origin.contents.push_back((content, id, credential));
            let token = AcceptedToken::of(credential, jwt);
            if let Some(known) = origin.tokens.iter_mut().find(|known| known.like(&token)) {
                let [_, latest] = &mut known.samples;
                *latest = credential;
            } else {
                if origin.tokens.len() >= KINDS {
                    origin.tokens.remove(0);
                }
                origin.tokens.push(token);
            }
        }
        if let Some(cookie) = cookie
            && origin.cookies.len() < KINDS
            && !origin.cookies.iter().any(|(name, _)| **name == *cookie)
        {
            origin.cookies.push((cookie.into(), id));
        }
    }
}
