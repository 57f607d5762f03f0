//! What happens in the shop: normal traffic all the time, and beside it one small story after the
//! other that ends in a 401, always in the same order, at an uneven but repeatable pace.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::sleep;

use super::client::{Client, Failure};
use super::digest;
use super::servers::Addresses;
use super::token::Claims;

/// Passwords are guessed in every so manieth round only.
const ROUNDS_A_BURST: u64 = 2;

/// One story. Each has a client machine of its own, so that one's history is not another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    NobodyToldIt,
    MistypedPassword,
    AsksFirst,
    TokenRanOut,
    PageBuiltItsHeaderTooEarly,
    Preflight,
    TemplateWasNotFilledIn,
    RenewsByItself,
    MeantForBilling,
    SchemeTwice,
    NoScheme,
    GatewayForgets,
    FromStaging,
    NotEncoded,
    OldNonce,
    CopiedWithoutItsEnd,
    KeyForgotten,
    Redirected,
    TwoLogins,
    PasswordForATokenApi,
    SessionOver,
    ClockAhead,
    RefreshTokenSent,
    NewlineInPassword,
    Revoked,
    LacksScope,
    EmptyVariable,
    RetriesForEver,
    Guesses,
}

const ROUND: [Scene; 29] = [
    Scene::TokenRanOut,
    Scene::AsksFirst,
    Scene::MistypedPassword,
    Scene::PageBuiltItsHeaderTooEarly,
    Scene::NobodyToldIt,
    Scene::RenewsByItself,
    Scene::GatewayForgets,
    Scene::Preflight,
    Scene::TemplateWasNotFilledIn,
    Scene::MeantForBilling,
    Scene::OldNonce,
    Scene::SchemeTwice,
    Scene::NoScheme,
    Scene::SessionOver,
    Scene::FromStaging,
    Scene::NotEncoded,
    Scene::KeyForgotten,
    Scene::Redirected,
    Scene::CopiedWithoutItsEnd,
    Scene::TwoLogins,
    Scene::RetriesForEver,
    Scene::PasswordForATokenApi,
    Scene::Revoked,
    Scene::ClockAhead,
    Scene::RefreshTokenSent,
    Scene::NewlineInPassword,
    Scene::LacksScope,
    Scene::EmptyVariable,
    Scene::Guesses,
];

/// Time for a capture to be opened before the first story, so that it is seen from its start.
const CURTAIN: Duration = Duration::from_millis(400);

/// Normal traffic and the stories, for ever.
pub async fn play_for_ever(addresses: Addresses) {
    sleep(CURTAIN).await;
    tokio::join!(shoppers(addresses), stories(addresses));
}

/// Customers who look around and an app whose token is good.
async fn shoppers(at: Addresses) {
    let mut pace = Pace::new(7);
    let mut visitor = Client::new(machine(2)).named("Mozilla/5.0 (demo shopper)");
    let mut app = Client::new(machine(3)).named("ShopApp/3.2");
    let mut monitor = Client::new(machine(4)).named("monitor/1.1");
    for step in 0_u64.. {
        let target = ["/", "/products", "/products/7", "/cart", "/style.css"][step as usize % 5];
        // A failure here means that the system is out of something: the next step may work.
        let _ = visitor.send(at.shop, "GET", &format!("www.shop.test{target}"), &[]).await;
        sleep(pace.next(350, 500)).await;
        if let Ok(token) = Claims::of("bob", step / 40).sign() {
            let bearer = format!("Bearer {token}");
            let path = ["orders", "orders/17", "profile"][step as usize % 3];
            let to = if step % 2 == 0 { at.gateway } else { at.api };
            let url = format!("api.shop.test/v1/{path}");
            let _ = app.send(to, "GET", &url, &[("authorization", &bearer)]).await;
        }
        sleep(pace.next(250, 400)).await;
        if step % 5 == 0 {
            let _ = monitor.send(at.api, "GET", "api.shop.test/health", &[]).await;
        }
    }
}

async fn stories(at: Addresses) {
    let mut pace = Pace::new(11);
    for round in 0_u64.. {
        for (index, scene) in ROUND.into_iter().enumerate() {
            if scene == Scene::Guesses && !round.is_multiple_of(ROUNDS_A_BURST) {
                continue;
            }
            let address = machine(20 + index as u8);
            // A story that fails (the system is out of something) must not end the others.
            let _ = Story { at, address, round }.play(scene).await;
            sleep(pace.next(500, 900)).await;
        }
    }
}

fn machine(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, number))
}

struct Story {
    at: Addresses,
    address: IpAddr,
    round: u64,
}

impl Story {
    async fn play(&self, scene: Scene) -> Result<(), Failure> {
        let orders = "api.shop.test/v1/orders";
        match scene {
            Scene::NobodyToldIt => self.shop("GET", "/admin/stock", &[]).await,
            Scene::MistypedPassword => self.mistypes_password().await,
            Scene::AsksFirst => self.asks_first().await,
            Scene::TokenRanOut => {
                self.bearer(orders, &self.claims("alice").expired().sign()?).await
            }
            Scene::PageBuiltItsHeaderTooEarly => self.bearer(orders, "undefined").await,
            Scene::Preflight => self.preflight().await,
            Scene::TemplateWasNotFilledIn => self.bearer(orders, "${API_TOKEN}").await,
            Scene::RenewsByItself => self.renews_by_itself().await,
            Scene::MeantForBilling => {
                let claims = self.claims("carol").meant_for("billing-api");
                self.bearer(orders, &claims.sign()?).await
            }
            Scene::SchemeTwice => {
                self.bearer(orders, &format!("Bearer {}", self.claims("dave").sign()?)).await
            }
            Scene::NoScheme => self.authorize(orders, &self.claims("erin").sign()?).await,
            Scene::GatewayForgets => self.gateway_forgets().await,
            Scene::FromStaging => {
                self.bearer(orders, &self.claims("frank").sign_elsewhere()?).await
            }
            Scene::NotEncoded => {
                self.shop("GET", "/admin/stock", &[("authorization", "Basic alice:wonderland")])
                    .await
            }
            Scene::OldNonce => self.old_nonce().await,
            Scene::CopiedWithoutItsEnd => {
                let token = self.claims("grace").sign()?;
                let (head, _signature) = token.rsplit_once('.').unwrap_or((&token, ""));
                self.bearer(orders, head).await
            }
            Scene::KeyForgotten => self.api("api.shop.test/v1/exchange-rates", &[]).await,
            Scene::Redirected => self.redirected().await,
            Scene::TwoLogins => {
                let bearer = format!("Bearer {}", self.claims("heidi").sign()?);
                let both =
                    [("authorization", bearer.as_str()), ("authorization", "Basic aGVpZGk6eA==")];
                self.api(orders, &both).await
            }
            Scene::PasswordForATokenApi => {
                self.authorize(orders, &basic("ivan", "correct horse")).await
            }
            Scene::SessionOver => self.session_over().await,
            Scene::ClockAhead => {
                let claims = self.claims("judy").valid_in(240);
                self.bearer(orders, &claims.sign()?).await
            }
            Scene::RefreshTokenSent => {
                let claims = self.claims("kim").of_kind("refresh");
                self.bearer(orders, &claims.sign()?).await
            }
            Scene::NewlineInPassword => {
                let login = basic("alice", "wonderland\n");
                self.shop("GET", "/admin/report", &[("authorization", &login)]).await
            }
            Scene::Revoked => self.revoked().await,
            Scene::LacksScope => {
                let token = self.claims("mallory").sign()?;
                self.bearer("api.shop.test/v1/profile", &token).await?;
                self.bearer("api.shop.test/v1/refunds", &token).await
            }
            Scene::EmptyVariable => self.authorize(orders, "Bearer").await,
            Scene::RetriesForEver => self.retries_for_ever().await,
            Scene::Guesses => self.guesses().await,
        }
    }

    fn client(&self, name: &'static str) -> Client {
        Client::new(self.address).named(name)
    }

    fn claims(&self, user: &str) -> Claims {
        Claims::of(user, self.round)
    }

    async fn shop(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(), Failure> {
        let url = format!("www.shop.test{path}");
        self.client("backoffice/2.0").send(self.at.shop, method, &url, headers).await?;
        Ok(())
    }

    async fn api(&self, url: &str, headers: &[(&'static str, &str)]) -> Result<(), Failure> {
        self.client("ShopApp/3.2").send(self.at.api, "GET", url, headers).await?;
        Ok(())
    }

    async fn authorize(&self, url: &str, value: &str) -> Result<(), Failure> {
        self.api(url, &[("authorization", value)]).await
    }

    async fn bearer(&self, url: &str, token: &str) -> Result<(), Failure> {
        self.authorize(url, &format!("Bearer {token}")).await
    }

    async fn mistypes_password(&self) -> Result<(), Failure> {
        let wrong = basic("alice", "wonderlnad");
        self.shop("GET", "/admin/orders", &[("authorization", &wrong)]).await
    }

    /// As curl --anyauth, git and wget do: ask, be challenged, answer.
    async fn asks_first(&self) -> Result<(), Failure> {
        let (mut client, url) = (self.client("sync-tool/1.9"), "www.shop.test/admin/export");
        client.send(self.at.shop, "GET", url, &[]).await?;
        let right = basic("alice", "wonderland");
        client.send(self.at.shop, "GET", url, &[("authorization", &right)]).await?;
        Ok(())
    }

    async fn preflight(&self) -> Result<(), Failure> {
        let headers = [
            ("origin", "http://www.shop.test"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type"),
            ("sec-fetch-mode", "cors"),
        ];
        let mut browser = self.client("Mozilla/5.0 (demo browser)");
        browser.send(self.at.api, "OPTIONS", "api.shop.test/v1/checkout", &headers).await?;
        Ok(())
    }

    async fn renews_by_itself(&self) -> Result<(), Failure> {
        let (mut app, url) = (self.client("ShopApp/3.2"), "api.shop.test/v1/orders");
        let old = format!("Bearer {}", self.claims("alice").expired().sign()?);
        app.send(self.at.api, "GET", url, &[("authorization", &old)]).await?;
        sleep(Duration::from_millis(60)).await;
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let grant = "grant_type=refresh_token&refresh_token=demo-refresh-5d1c";
        let renewed =
            app.post(self.at.api, "POST", "api.shop.test/oauth/token", &form, grant).await?;
        let new = format!("Bearer {}", renewed.member("access_token").unwrap_or_default());
        app.send(self.at.api, "GET", url, &[("authorization", &new)]).await?;
        Ok(())
    }

    async fn gateway_forgets(&self) -> Result<(), Failure> {
        let bearer = format!("Bearer {}", self.claims("laura").sign()?);
        let id = format!("req-{:04}", self.round);
        let headers = [("authorization", bearer.as_str()), ("x-request-id", id.as_str())];
        let url = "api.shop.test/v1/invoices/2291";
        self.client("ShopApp/3.2").send(self.at.gateway, "GET", url, &headers).await?;
        Ok(())
    }

    /// Uses a Digest nonce until the server calls it stale, then the new one.
    async fn old_nonce(&self) -> Result<(), Failure> {
        let (mut client, path) = (self.client("report-fetcher/0.8"), "/files/orders.csv");
        let url = format!("www.shop.test{path}");
        let mut answer = client.send(self.at.shop, "GET", &url, &[]).await?;
        for uses in [3, 2] {
            let nonce = digest::parameter(answer.header("www-authenticate"), "nonce");
            let nonce = nonce.unwrap_or_default().to_owned();
            for count in 1..=uses {
                let value = digest::authorization("GET", path, &nonce, count);
                let headers = [("authorization", value.as_str())];
                answer = client.send(self.at.shop, "GET", &url, &headers).await?;
                if answer.status() == 401 {
                    break;
                }
                sleep(Duration::from_millis(120)).await;
            }
        }
        Ok(())
    }

    /// A redirect to another port of the same machine: clients drop `Authorization` there.
    async fn redirected(&self) -> Result<(), Failure> {
        let bearer = format!("Bearer {}", self.claims("niaj").sign()?);
        let mut app = self.client("ShopApp/3.2");
        let url = "api.shop.test/v1/archive/2019";
        app.send(self.at.api, "GET", url, &[("authorization", &bearer)]).await?;
        app.send(self.at.archive, "GET", "archive.shop.test/2019", &[]).await?;
        Ok(())
    }

    async fn session_over(&self) -> Result<(), Failure> {
        let mut browser = self.client("Mozilla/5.0 (demo browser)");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let login = browser
            .post(self.at.shop, "POST", "www.shop.test/login", &form, "user=olivia&password=demo")
            .await?;
        let cookie = login.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        let (url, cookie) = ("www.shop.test/account", [("cookie", cookie.as_str())]);
        browser.send(self.at.shop, "GET", url, &cookie).await?;
        sleep(Duration::from_millis(3_200)).await;
        browser.send(self.at.shop, "GET", url, &cookie).await?;
        Ok(())
    }

    async fn revoked(&self) -> Result<(), Failure> {
        let (mut app, url) = (self.client("ShopApp/3.2"), "api.shop.test/v1/orders");
        let bearer = format!("Bearer {}", self.claims("peggy").sign()?);
        let bearer = [("authorization", bearer.as_str())];
        app.send(self.at.api, "GET", url, &bearer).await?;
        app.send(self.at.api, "POST", "api.shop.test/v1/logout", &bearer).await?;
        sleep(Duration::from_millis(400)).await;
        app.send(self.at.api, "GET", url, &bearer).await?;
        Ok(())
    }

    async fn retries_for_ever(&self) -> Result<(), Failure> {
        let mut job = self.client("nightly-report/2.0");
        for _ in 0..12 {
            let headers = [("x-api-key", "demo-withdrawn")];
            job.send(self.at.api, "GET", "api.shop.test/v1/exchange-rates", &headers).await?;
            sleep(Duration::from_millis(110)).await;
        }
        Ok(())
    }

    async fn guesses(&self) -> Result<(), Failure> {
        let mut guesser = self.client("python-requests/2.32");
        for guess in 0..14_u32 {
            let login = basic("root", &format!("letmein{guess}"));
            let headers = [("authorization", login.as_str())];
            guesser.send(self.at.shop, "GET", "www.shop.test/admin/", &headers).await?;
            sleep(Duration::from_millis(90)).await;
        }
        Ok(())
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Uneven waits that are the same in every run (Knuth's MMIX linear congruence).
struct Pace(u64);

impl Pace {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Between so many milliseconds and so many.
    fn next(&mut self, least: u64, most: u64) -> Duration {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis(least + (self.0 >> 33) % (most - least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_uneven_but_repeats() {
        let waits = |seed| {
            let mut pace = Pace::new(seed);
            (0..8).map(|_| pace.next(100, 200).as_millis()).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
        assert!(waits(1).iter().all(|wait| (100..200).contains(wait)));
    }
}
