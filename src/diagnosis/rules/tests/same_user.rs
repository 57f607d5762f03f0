//! Logins that do not show their password: what others of the same user tell.

use crate::diagnosis::testing::{Talk, diagnose, get, why};

const CHALLENGE: &str = "Digest realm=\"cam\", nonce=\"{n}\", qop=\"auth\"";

fn digest(path: &str, nonce: &str, nc: u32) -> Talk {
    get(path).auth(&format!(
        "Digest username=\"admin\", realm=\"cam\", nonce=\"{nonce}\", uri=\"{path}\", qop=auth, nc={nc:08x}, \
         cnonce=\"abcdef\", response=\"ee44660a996002d6d6780c7a90a2e880\""
    ))
}

fn asks(talk: Talk, nonce: &str) -> Talk {
    talk.answer(401).asks(&CHALLENGE.replace("{n}", nonce))
}

/// A login that is accepted after its challenge.
fn login(path: &str, nonce: &str, at: f64) -> [Talk; 2] {
    [asks(get(path).at(at), nonce), digest(path, nonce, 1).at(at + 0.1).answer(200)]
}

/// The verdict on the last of these that was refused, and its explanation.
fn last(talks: impl IntoIterator<Item = Talk>) -> (String, String) {
    let cases = diagnose(talks);
    let refused = cases.iter().rev().find(|case| case.verdict.is_some()).unwrap();
    (why(refused), refused.verdict.as_ref().unwrap().diagnosis.explanation())
}

#[test]
fn a_digest_user_who_is_accepted_with_the_next_nonce_had_no_wrong_password() {
    let old = || asks(digest("/snap.jpg", "old", 42), "n1");
    let next = |at: f64| digest("/snap.jpg", "n1", 1).at(at).answer(200);
    let (verdict, text) = last([old(), next(0.1)]);
    assert_eq!(verdict, "unexplained possible");
    assert!(text.contains("accepted with a new nonce 100 ms later"), "{text}");
    // A person types another one.
    assert_eq!(last([old(), next(9.0)]).0, "wrong-password likely");
    assert_eq!(last([old()]).0, "wrong-password likely");
}

#[test]
fn a_digest_user_who_was_accepted_before_need_not_have_a_wrong_password() {
    let again = |path: &str| asks(digest(path, "n1", 2).at(30.0), "n2");
    for path in ["/snap.jpg", "/other"] {
        let (verdict, text) = last(login("/snap.jpg", "n1", 0.0).into_iter().chain([again(path)]));
        assert_eq!(verdict, "unexplained possible");
        assert!(text.contains("accepted here 29 s before"), "{text}");
    }
    // The server's own words are about this login.
    let said = again("/snap.jpg").body("{\"error\":\"Invalid username or password\"}");
    let talks = login("/snap.jpg", "n1", 0.0).into_iter().chain([said]);
    assert_eq!(last(talks).0, "wrong-password likely");
    // What another program was let in with is its own.
    let other = again("/snap.jpg").header("User-Agent", "other/1");
    let talks = login("/snap.jpg", "n1", 0.0).into_iter().chain([other]);
    assert_eq!(last(talks).0, "wrong-password likely");
}

#[test]
fn a_digest_user_who_logs_in_anew_where_he_was_let_in_has_another_password() {
    let anew =
        |path: &str| [asks(get(path).at(20.0), "n5"), asks(digest(path, "n5", 1).at(20.1), "n6")];
    let talks = |path: &str| login("/a", "n1", 0.0).into_iter().chain(anew(path));
    assert_eq!(last(talks("/a")).0, "wrong-password likely");
    assert_eq!(last(talks("/b")).0, "unexplained possible");
    // It was let in afterwards, too, as it is by programs that ask again and again.
    let later = login("/a", "n7", 22.0);
    let cases = diagnose(talks("/a").chain(later));
    assert_eq!(why(&cases[3]), "unexplained possible");
}

#[test]
fn credentials_of_another_scheme_do_not_show_another_password() {
    let basic = || get("/v").auth("Basic YWRtaW46c2VjcmV0").at(2.0).answer(200);
    let both = |nonce: &str| {
        asks(digest("/v", nonce, 1), "n2").with("WWW-Authenticate", "Basic realm=\"cam\"")
    };
    assert_eq!(last([both("n1"), basic()]).0, "wrong-password likely");
    assert_eq!(last([both("n1"), basic().at(0.2)]).0, "unexplained possible");
    // Two of Basic do.
    let wrong = get("/v").auth("Basic YWRtaW46d3Jvbmc=").answer(401).asks("Basic realm=\"cam\"");
    assert_eq!(last([wrong, basic()]).0, "wrong-password certain");
}
