//! The wording of real servers, by category.
//!
//! Rows are tried from the top; the first that matches a text names its category. A category may
//! have several rows where one of its wordings must be tried before another category. Matching
//! ignores case.

use std::sync::LazyLock;

use super::Category::{
    self, Alg, Ambiguous, ApiKeyInvalid, ApiKeyMissing, BadAudience, BadCredentials, BadIssuer,
    BadSignature, Certificate, Clock, Csrf, Expired, Generic, Insufficient, Locked, Malformed, Mfa,
    Missing, Network, NoKey, NotYetValid, Other, Proof, Rate, Revoked, Session, UserGone,
    WrongType,
};
use super::rows::Rows;
use super::{claims, languages};

#[rustfmt::skip]
const TABLE: &[(Category, &str)] = &[
    // Standard pages say the same whatever the reason: Apache and Werkzeug, IIS, HAProxy, Squid,
    // Artifactory's word for a token it refuses.
    (Ambiguous, r"could not verify that you are authorized|either (you )?supplied the wrong credentials"),
    (Ambiguous, r"denied due to invalid credentials|using the credentials (that )?you supplied"),
    (Ambiguous, r"you need a valid user and password|authenticated yourself|props auth\w* token"),
    // A warning before a lockout, and a list of several backends' words (Nextcloud).
    (BadCredentials, r"attempts? (before|left|remain)|remaining attempts|username or password was incorrect"),
    (Insufficient, r"insufficient[_ ](scope|user_authentication|permission|privilege|right|access|role)"),
    (Insufficient, r"rest_(forbidden|cannot_\w+)|not authorized to access this db|_reader access is required"),
    (Insufficient, r"not (management|administrator|monitor) user|user not authori[sz]ed to access (virtual host|object)|sufficient (permission|privilege|right)s?|requires higher privileges"),
    (Insufficient, r"(do(es)?|is|are) ?(not|n[’']t) (have|allowed|permitted).{0,30}\b(permission|privilege|right|authority|role|scope)"),
    (Insufficient, r"missing (the )?(required )?(scope|role|permission)|not enough (permission|privilege|right)s?"),
    (Insufficient, r"lacks? (the )?(required |necessary )?(scope|role|permission)|is unauthorized for (user|api key)|not a server admin|(requires?|required) (the )?(scope|role|permission)\b"),
    (Insufficient, r"\b(plan|subscription|tier) (does not|doesn.t|do not) (include|allow|support|cover)|not (included|available) (in|on|with) your (current )?(plan|subscription|tier)"),
    (Locked, r"account (is |has been |was )?(temporarily |currently )?(locked|blocked|suspended)|locked out|(user|login) (is |has been |was )?(temporarily )?(locked|blocked)\b"),
    (Locked, r"too many (failed |invalid |unsuccessful |wrong )?(login |log-?in |sign-?in |password |authentication )?(attempts|failures|tries)|illegal login|(maximum|max) (number of )?(login |log-?in |failed |password )*(attempts|tries)|attempts exceeded|recurrent login failures|brute.?force|captcha_challenge"),
    (Rate, r"rate.?limit|too many requests|throttl|slow down|quota exceeded"),
    (Csrf, r"csrf|xsrf|anti-?forgery|\bcrumb\b|authenticity token"),
    (Network, r"\bip( address)?\b.{0,45}\b(black|block|deny|ban)-?listed|only log ?in via localhost|\bip( address)?\b.{0,20}(not allowed|blocked|denied|not permitted|forbidden|banned|not authorized|rejected)"),
    (Network, r"not (in|on) (the |your )?(ip )?(allow|white) ?list|\bip\b.{0,30}not (been )?(allow|white)-?listed|(denied|forbidden|blocked|allowed).{0,12} from (your|this) (ip|network|address|location|country)|(requests?|connections?|access|traffic|log-?ins?) from (your|this) (ip|network|address|location|country|region)\b.{0,24}\b(not|denied|blocked|forbidden|refused|rejected)"),
    (Network, r"wordfence|ithemes|solid security|\bfirewall\b|mod_security|modsecurity|request (was |has been )?blocked"),
    (Mfa, r"password login forbidden|two.?factor|multi.?factor|\b2fa\b|\bmfa\b|\bt?otp\b|one.?time (password|code)|verification code|app(lication)?.specific password"),
    (Ambiguous, r"\b(invalid|not valid|missing|expired|malformed|revoked|incorrect|absent|inactive|wrong|bad|empty)( or | and/or | ?/ ?|, (or )?|\|)(is |was |has |been |an |a |the )*(invalid|not valid|missing|expired|malformed|revoked|incorrect|absent|inactive|wrong|bad|empty|not (yet|provided|found|sent|present))"),
    // Of something else than the credentials: nothing is known of those.
    (Other, r"\b(certificate|cert|subscription|licen[sc]e|trial|period|membership|plan|contract|nonce|link|invitation|version|signing key)s? ((has|have|is|was|are|been|already) )*(expired|revoked|not yet valid|not active|no longer valid)|\b(expired|revoked) (ssl |tls |client |server )?(certificate|cert|subscription|licen[sc]e|trial|membership|nonce)"),
    // RFC 9449 §5, §7.1 and the words of its implementations; "ath" alone is part of other words.
    (Proof, r"invalid_dpop_proof|use_dpop_nonce|\bdpop.{0,16}(proof|nonce|key|binding|header|jwt|jkt|thumbprint)|\b(proof|nonce|bound|binding)\b.{0,24}\bdpop\b|\b(htu|htm)\b|\bath (claim|value|mismatch)"),
    (Ambiguous, r"not yet valid or|token (is )?(not active|inactive)|token isn.t active|no longer active|token is either"),
    (Ambiguous, r"\bclaims?[ _]validation[ _]failed"),
    // The tail of these messages speaks of the allowed clock skew (jjwt).
    (Expired, r"(jwt|token|signature) (is |has |was )?(been )?expired (at|on|by|\d)"),
    (NotYetValid, r"jwt early by|must not be accepted before"),
    (Clock, r"\bclock\b|time window|stale timestamp|timestamp_refused|not valid at the current time|RequestTimeTooSkewed|valid date or x-date header|time.?skew"),
    (Clock, r"signature expired:|is now (earlier|later) than|signature not yet current|\btimestamp\b.{0,20}\b(out|outside|invalid|expired|old|range|stale|too)\b|(expired|invalid|bad) timestamp|date header.{0,20}(invalid|expired|not current|old)"),
    (Session, r"session.{0,12}(expired|timed out|timeout|invalid|not[ _]found|terminated|not active|no longer|doesn|does not)|session\.token|(invalid|expired|unknown|no active) session|no session information|invalid (pve|pbs|pmg) ticket|need to sign in or sign up"),
    (Session, r"\b(logged|signed|login|sign-?in)\b.{0,12} (in |on |from )*(elsewhere|(on |from |at |in )?(an)?(other|different|new) (device|browser|computer|location|place|client|machine))"),
    (UserGone, r"\b(user|account|client|customer|member|tenant|organi[sz]ation)\b.{0,12} (not|n.t|no longer) active"),
    (UserGone, r"(password|account|user|user credentials?) (has |have |is |are |was )?(been )?expired|user account.{0,12}(inactive|disabled|expired)"),
    (Malformed, r#"missing (the |an? )?["']?(exp|iat|sub|jti|nbf|kid)["']?( claim|\b)|IDX10225|has no expiration|missing.?required.?claim|expiration (claim|time) is (missing|required)"#),
    (NotYetValid, r#"not yet (valid|active)|not valid (yet|before)|\bjwt\b.{0,12}not active|^not active|can.t be used before|used before|ImmatureSignature|\bnbf\b|\(iat\)|["']iat["'] (claim|not)|invalid ["']?iat\b|iat validation|in the future|IDX10222|will be active|cannot handle token (prior|with)|issued in the future|NotBeforeError"#),
    (Expired, r#"expired|["']exp["']? (claim|not|value)|\bexp claim|IDX10223|lifetime validation|no longer valid|max(imum)? ?age exceeded|token.{0,12}too old|past its expir|expiration (date|time) (has )?pass"#),
    (BadAudience, r#"audience|["']aud["']|\baud (claim|is|value)|\binvalid[ _]aud\b|IDX10214|IDX10206"#),
    (BadIssuer, r#"issuer|["']iss["']|\biss (claim|is|value)|\binvalid[ _]iss\b|wrong ISS|IDX10205|IDX10204|issued by a different provider"#),
    (NoKey, r#"signature key was not found|no (matching|applicable|suitable|verification|public|signing) (public |signing |verification )?key|^key not found|(public|signing|verification) key not found|match kid|unable to (match|find|get|lookup|look up).{0,30}\bkey|IDX1050\d|IDX10511|Jwks (doesn|remote)|jwk ?set|["']?kid["']? (invalid|not found|unknown)|(unknown|invalid|missing) kid|match any of the keys"#),
    (BadSignature, r"token signature is invalid"),
    (BadSignature, r"signature.{0,20}(invalid|not match|fail|mismatch|verif|cannot be|tampered|error|incorrect|wrong|not valid)|(invalid|bad|wrong|incorrect).{0,10}signature|(verify|validate|check|verifying|validating).{0,20}signature|SignatureDoesNotMatch"),
    (BadSignature, r"signature_invalid|(bad|invalid|wrong) (h?mac|digest)\b|hmac.{0,20}(invalid|mismatch|not match)|Jwt verification fails|crypto padding|wrong key is being used|(rsa|ecdsa|ed25519): verification error|cryptographic primitive|using any of the signatures|verification: signature"),
    (Alg, r"algorithm|\balg\b|signature is required|signing method|unsigned (claims )?jwt|key type"),
    (WrongType, r"wrong (token )?type|only (non-)?refresh tokens|only access tokens?|not an access token|(invalid|unexpected|incorrect|bad) token[ _]?(type|use)\b|got (an? )?(refresh|id)[ _]token|token[ _]?(type|use) (is |was )?(invalid|not|mismatch|incorrect)|(expected|requires?|must be) (an )?access token|refresh tokens? (cannot|can.t|are not|is not|may not|not)"),
    (Revoked, r"revoked|blacklisted|blocklisted|denylisted|logged out|token_revoked|token.{0,12}invalidated"),
    (Malformed, r"\bmissing.{0,24}\bclaims?\b|\bclaims? (is |are |was |were )?(missing|absent|not (present|found|provided))|malformed|segments?\b|Format is Authorization|Header\.Payload\.Signature|two space-delimited|Invalid Compact JWS|not well.?formed|IDX12741|IDX14100|should not contain spaces|base64|(3|three) parts|number of parts|two dots|2 period|dot delimiter"),
    (Malformed, r"Bad Authorization header|bad_authorization_header|unable to (parse|decode|read)|could not be (parsed|decoded)|(can.?not|can.t|failed to|error|could not|parsing|decoding) ?(parse|parsing|decode|decoding|failed)|invalid (authorization |auth |basic |bearer )?(header|format|payload|encoding|serialization)|(bad|wrong|incorrect) (header )?format|header format|credentials?[ _](structure|format|bad_format)|credentials_bad_format"),
    (Malformed, r"(must|should) (be (in|of) the form|start with|begin with|be of type|use the)|invalid.{0,20}(jws|jwe|jwt) header|not a (valid )?jwt|unrecognizable token|unexpected end of (json|input)|unsupported (auth\w*|token) (scheme|type|method|header)|(wrong|invalid|unknown) auth\w* (scheme|type|method)|subject must be a string"),
    (Malformed, r"api keys are not supported"),
    (ApiKeyMissing, r"\b(no|missing|empty) api.?(key|token)|api.?(key|token).{0,16}(required|missing|not (found|provided|present|supplied|specified|sent)|empty)|(not|n.t) provide an? api.?key|(subscription|consumer|application|client).?key (parameter )?(is )?(missing|required)|missing (subscription|consumer|application|client).?key"),
    (ApiKeyMissing, r#"(provide|send|supply|include|pass|specify|set) (your|an?|the) (valid )?(service|access|application|app|client|license|account|integration|partner|project) key|key (is )?(required|expected|missing) in (the )?(header )?["']?x-"#),
    (ApiKeyInvalid, r"provide (a |an )?valid api.?key|(invalid|wrong|unknown|incorrect|bad|unrecognized|unauthorized|duplicate|no such)[ _](api|subscription|consumer|application|app|auth|service|client|licen[sc]e|account|integration|partner|project).?key|api.?key[ .:_-]*(\S+ )?(is |was |has )?(been )?(invalid|not valid|incorrect|unknown|disabled|not (authorized|recognized|allowed|accepted))|consumer key is invalid|invalid.?access.?key|credentials for api key"),
    (ApiKeyInvalid, r"(test|live|sandbox|production) (api )?(key|token|credential)s?\b.{0,20}\b(in|with|for) (the )?(test|live|sandbox|production)\b"),
    (BadCredentials, r"(unknown|invalid) (user(name)?|email|login) (or|and|/) ?passw"),
    (UserGone, r"user.{0,12}(not.?found|inactive|disabled|deleted|deactivated|does ?n.t exist|does not exist|doesn.t exist)|account (is |has been |was )?(pending|awaiting|not (yet )?(approved|verified)|inactive|disabled|deactivated|not activated|not active|deleted)|error loading the user|email (address )?(is )?not (confirmed|verified)|confirm your email"),
    (Certificate, r"(client|ssl|tls|x\.?509).?cert(ificate)?s?\b.{0,24}\b(required|missing|needed|not (provided|sent|presented|supplied|found|present)|was sent)\b|(\bno|\bmissing|requires? (an? )?(valid )?|must (present|provide|send) (an? )?(valid )?) ?(client|ssl|tls|x\.?509).?cert|mutual tls|\bmtls\b"),
    (BadCredentials, r"(invalid|wrong|incorrect|bad) .{0,16}(user|login|passw|credential|e-?mail).{0,80}captcha"),
    (Other, r"captcha"),
    // A parameter of the call is missing, and nothing said of the credentials, unless it is theirs.
    (Malformed, r"\b(token|jwt) (is )?missing (the |an? |required |mandatory )*(payload|user|claim|field|subject|sub|scope|exp|iat|nbf|jti|id|e-?mail|role)"),
    (Generic, r"\b(token|jwt|key) (is |was )?not (found|present) (in|on) (the |our )*(database|db|whitelist|allow.?list|store|storage|redis|cache|list|table|system|registry)"),
    (Missing, DENIAL),
    (Missing, r"missing .{0,40}(auth|token|credential|jwt|bearer|key|cookie|passw)"),
    // What to do is said of every cause: "Invalid token. Please log in again!"
    (Generic, r"\binvalid[_ -](\w+[_ -])?(token|jwt|signature)\b.{0,40}\b(log|sign)[ -]?in again"),
    (BadCredentials, r"\b(invalid|incorrect|wrong|bad) (credentials?|user ?name|user|e-?mail|passw\w*|login)\b.{0,40}\b(log|sign)[ -]?in again"),
    (Session, r"\b(log|sign)[ -]?in again"),
    (Other, r"missing (the |an? |required |mandatory |request |query |form |body |path |url )*(parameter|param|field|argument|property|attribute|tenant)s?\b|\b(parameter|param|field|argument|property|attribute|tenant)s? (is |are |was |were )?missing"),
    (Missing, r"(^|[^a-z])no[ _-](valid )?(mandatory|user token|org id)|must (provide|supply|include|send)"),
    (Missing, r"Full authentication is required|unauthenticated|not authenticated|not (currently )?(logged|signed) in|only signed in|(token|credentials?|cookie) (was |is |were )?(not (found|present|sent)|required|absent|empty|missing)|tokens? required|auth(entication)? (is )?required|requires? (user )?authentication|authentication is required|(login|log in|sign in) (is )?required|Fresh token required|anonymous access|(please|must) (be )?(log(ged)?|sign(ed)?) in"),
    (Other, r"not (provided|supplied|present|specified|included)|headers? (is |was |are )?(not (found|sent)|required|absent|empty)|\bmissing(\b|_)|did not (provide|send|include)"),
    // The server itself, or one that it asks.
    (Other, r"\b(unavailable|unreachable|out of service|maintenance)\b|(could not|couldn.t|unable to|can.?not|can.t|failed to|failure to|error) (connect|reach|contact|communicate)|connection\b.{0,24}\b(failed|refused|timed? ?out|reset|lost)|\b(server|service|backend|provider|directory|database|ldap|radius) (is |was |has |are )?(down|offline|not (available|responding|reachable)|timed? ?out)"),
    (BadCredentials, r"(invalid|wrong|incorrect|bad|mistyped|unknown|unrecognized)([ _:-]|\b).{0,16}(user|login|passw|credential|e-?mail)|(user ?name|name|user|e-?mail|login),? (or|and|/) ?passw"),
    (BadCredentials, r"(could not|couldn.t) authenticate|enter (a |the |your )?(valid|correct) (e-?mail|user ?name)\b.{0,24}passw"),
    (BadCredentials, r"security token could not be authenticated|failedauthentication\b"),
    (BadCredentials, r"passw\w* (is |was )?(incorrect|wrong|invalid|mismatch|not (correct|valid|match))|log ?in (has )?failed|(could not|unable to|can ?not|failed to) (log|sign) (you )?in\b|log ?on failed|sign ?in failed|authenticat(ion|ed)[ _](finally[ _])?(failed|failure|denied)|failed to authenticate|unable to authenticate|incorrect_password|authorization failed|no active account|do(es)? not match our records|credentials do(es)? not match|not registered|invalid.?credentials|invalid_client|client authentication failed"),
    (BadCredentials, r"\b(passwords?|passcodes?|passphrase|pin|credentials?|user ?names?|user ?ids?|e-?mails?( address)?|logins?)\b.{0,40}(\b(wrong|incorrect|invalid|mismatch|unknown|not match|not (valid|correct|right|recogni[sz]ed|accepted|known|exist)\b)|n['’]t (match|exist))"),
    (BadCredentials, r"(invalid|incorrect|wrong|bad|non-existent|unknown) (authentication|account) (information|data|details)|(not|n['’]t) (recogni[sz]e|find|know) .{0,24}\b(user|account|e-?mail|login|password|credential)|\bno (such )?(user|account)\b|unknown (user|account)"),
    (Generic, r"unauthori[sz]ed|not_authori[sz]ed|invalid[_ -]?(bearer[_ -]|jwt[_ -]|access[_ -]|auth\w*[_ -]|security[_ -])?(token|jwt)|(token|jwt).{0,4}invalid|token_not_valid|(token|jwt).{0,20}(not valid|rejected|not accepted|could not be verified|verification fail)|access (is |was |has been )?denied|authorization (required|has been denied)|not authori[sz]ed|could not validate|lacks valid authentication"),
    // It stands before all kinds of reasons: "permission denied - invalid PVE ticket" (Proxmox VE).
    (Insufficient, r"permission denied"),
];

pub(super) static ROWS: Rows = Rows::new(TABLE);

/// What servers say most often, which names no cause: no pattern need be compiled for it.
const USUAL: [&str; 13] = [
    "401 Authorization Required",
    "401 Unauthorized",
    "Unauthorized",
    "unauthorized",
    "UNAUTHORIZED",
    "Not authorized",
    "Access denied",
    "Access Denied",
    "invalid_token",
    "Invalid token",
    "Authorization Required",
    "Authorization required",
    "401 - Unauthorized",
];

/// What one text is about.
pub fn categorise(text: &str) -> Option<Category> {
    if USUAL.contains(&text) {
        return Some(Generic);
    }
    let category = about(text)?;
    Some(if category.is_informative() { claims::claimed(text, category, about) } else { category })
}

/// What the words of a text are about, whatever it says of that.
fn about(text: &str) -> Option<Category> {
    let category = ROWS.categorise(text);
    // A word such as "Unauthorized" may stand before a sentence in the language of the site.
    match category {
        Some(category) if category.is_informative() => Some(category),
        _ => {
            let other = languages::categorise(text);
            if category.is_none() || other.is_some_and(Category::is_informative) {
                other
            } else {
                category
            }
        }
    }
}

/// Words that say in so many words that the server received no credentials, unlike
/// "Unauthenticated", which is often said of refused ones too, and unlike those that miss something else:
/// "X-Tenant-Id header is missing".
const DENIAL: &str = concat!(
    r"\bmissing[\W_]{1,3}(\w+[\W_]{1,3}){0,2}?(authori[sz]ation|auth|(access[\W_])?tokens?|jwt|bearer|credentials?|api.?key)",
    r"|\b(authori[sz]ation|authentication|auth|tokens?|jwt|bearer|credentials?|api.?key)([\W_]{1,3}\w+){0,2}?[\W_]{1,3}(is |was |were |has |have )?(been )?(missing\b|absent\b|empty\b|not[ _](been )?(provided|supplied|present|included|sent|found|specified))",
    r"|_(missing|not_(provided|found|present))_(authori[sz]ation|auth|token|jwt|bearer|credentials?)|(authori[sz]ation|auth|token|jwt|bearer|credentials?)_(missing|not_(provided|found|present))\b",
    r"|(^|[^a-z])no[ _-](valid )?(authori[sz]ation|authentication|auth|jwt|tokens?|credentials?|access token|bearer)|no 'authori[sz]ation|no_auth_header|rest_not_logged_in",
    r"|authori[sz]ation[\W_]+header (is |was )?required|(did ?not|didn.t) (provide|send|include|supply)[\W_]+(\w+[\W_]+){0,3}?(authori[sz]ation|auth|token|jwt|bearer|credentials?)",
);

static DENIES: LazyLock<Option<regex::Regex>> =
    LazyLock::new(|| regex::RegexBuilder::new(DENIAL).case_insensitive(true).build().ok());

/// Whether a text of the category [`Category::Missing`] denies that credentials arrived.
pub fn denies_credentials(text: &str) -> bool {
    DENIES.as_ref().is_some_and(|denial| denial.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_of_denials_compiles() {
        assert!(DENIES.is_some());
    }

    #[test]
    fn what_servers_say_most_often_is_what_the_patterns_make_of_it() {
        for text in USUAL {
            assert_eq!(ROWS.categorise(text), Some(Generic), "{text}");
            assert!(!languages::ROWS.categorise(text).is_some_and(Category::is_informative));
        }
    }

    #[test]
    fn a_denial_names_what_is_absent() {
        assert!(denies_credentials("Authentication credentials were not provided."));
        assert!(denies_credentials("Missing Authorization Header"));
        assert!(denies_credentials("No authorization included in request"));
        assert!(denies_credentials("Missing required parameter: access_token"));
        assert!(denies_credentials("jwt_auth_no_auth_header"));
        assert!(denies_credentials("AUTH_TOKEN_MISSING"));
        assert!(denies_credentials("You did not send a bearer token"));
        assert!(!denies_credentials("Unauthenticated."));
        assert!(!denies_credentials("Authentication required"));
        assert!(!denies_credentials("X-Tenant-Id header is missing"));
        assert!(!denies_credentials("Authentication failed: X-Tenant-Id header is missing"));
        assert!(!denies_credentials("Missing claim: sub"));
    }
}
