//! Real strings, and the category each must fall into.

use super::Category::{
    self, Alg, Ambiguous, ApiKeyInvalid, ApiKeyMissing, BadAudience, BadCredentials, BadIssuer,
    BadSignature, Certificate, Clock, Csrf, Expired, Generic, Insufficient, Locked, Malformed, Mfa,
    Missing, Network, NoKey, NotYetValid, Other, Proof, Rate, Revoked, Session, UserGone,
    WrongType,
};
use super::patterns::categorise;

/// Category, and what servers and libraries write.
#[rustfmt::skip]
const SAMPLES: &[(Category, &[&str])] = &[
    (Insufficient, &[
        "Your plan does not include this endpoint", "Not available on your current plan",
        "insufficient_scope", "insufficient_user_authentication", "rest_forbidden",
        "Sorry rest_cannot_create", "You are not authorized to access this db.",
        "_reader access is required for this request", "Not management user",
        "You do not have sufficient permissions", "The request requires higher privileges than provided by the access token.",
        "Missing or insufficient permissions.", "User (role: guests) missing scope (account)",
        "action [indices:data/read/search] is unauthorized for user [bob]", "You are not a server admin.",
        "you don't have permission to access this resource", "permission denied",
        "Not administrator user", "Not monitor user", "User not authorised to access virtual host",
    ]),
    (Locked, &[
        "Your account is locked.", "Too many login attempts. Retry later.", "Too many failed login attempts",
        "Account is temporarily locked due to multiple authentication failures.",
        "Too many login attempts. Please try again in 58 seconds.", "x authentication denied reason: CAPTCHA_CHALLENGE; login-url=/",
        "User is locked", "Blocked due to recurrent login failures, please try again in 30 seconds",
        "User account has been temporarily locked out", "Maximum number of login attempts exceeded",
    ]),
    (Rate, &["Rate limit exceeded", "Too Many Requests", "Request was throttled. Expected available in 50 seconds."]),
    (Csrf, &[
        "CSRF token invalid/missing", "Missing CSRF token", "CSRF Failed: CSRF token missing",
        "No valid crumb was included in the request", "The required anti-forgery cookie \"__RequestVerificationToken\" is not present.",
        "CSRF double submit tokens do not match", "Can't verify CSRF token authenticity.",
    ]),
    (Network, &[
        "IP 10.1.0.5 is blacklisted", "IP address 2001:db8::1234:5678 has been blocklisted",
        "Your IP 10.0.0.1 is not whitelisted",
        "User can only log in via localhost", "Your IP address is blocked", "IP address 10.0.0.9 is not allowed",
        "Client is not in the allow list", "Access denied from your IP", "Blocked by Wordfence",
        "Requests from your network are not permitted", "Logins from this country are blocked",
    ]),
    (Mfa, &[
        "password login forbidden", "Must specify two-factor authentication OTP code.",
        "x github otp: required; app", "HTTP Basic: Access denied. You must use a personal access token, 2FA is on",
    ]),
    (Ambiguous, &[
        "Invalid or missing authentication token", "Token is invalid or expired", "Expired or invalid JWT token",
        "invalid or expired jwt", "missing or malformed jwt", "Missing or invalid credentials",
        "The access token provided is expired, revoked, malformed, or invalid for other reasons.",
        "The access token is invalid or has expired", "Access token has expired or is not yet valid.",
        "Token is not active", "Provided token isn't active", "Invalid/missing token",
        "This server could not verify that you are authorized to access the document requested. Either you supplied the wrong credentials (e.g., bad password), or your browser doesn't understand how to supply the credentials required.",
        "The server could not verify that you are authorized to access the URL requested. You either supplied the wrong credentials (e.g. a bad password), or your browser doesn't understand how to supply the credentials required.",
        "401 - Unauthorized: Access is denied due to invalid credentials.",
        "You do not have permission to view this directory or page using the credentials that you supplied.",
        "You need a valid user and password to access this content.", "Props Authentication Token not found",
    ]),
    (Other, &[
        "Trial period expired", "The link has expired", "token signing key expired", "API version no longer valid",
        "Missing required parameter: foo", "Invalid request: missing field name", "The tenant parameter is missing",
        "X-Tenant-Id header is missing", "Missing User-Agent", "Missing header: X-Device-Id", "Organization id is missing",
        "Missing X-Timestamp header", "Missing signature", "Captcha required", "Invalid captcha", "reCAPTCHA verification failed",
        "LDAP server unavailable", "Could not reach identity provider", "Connection to database failed", "Maintenance mode",
        "Login is disabled during maintenance", "Authentication failed: LDAP server unavailable",
    ]),
    (Proof, &[
        "invalid_dpop_proof", "use_dpop_nonce", "htu mismatch", "Invalid DPoP proof signature", "Invalid DPoP key binding",
        "DPoP proof is invalid", "Authorization server requires nonce in DPoP proof", "DPoP proof has expired", "Missing DPoP header",
    ]),
    (Clock, &[
        "Stale timestamp", "Signed request date outside acceptable time window",
        "HMAC signature cannot be verified, a valid date or x-date header is required for HMAC Authentication",
        "The authorization token is not valid at the current time.", "RequestTimeTooSkewed", "timestamp_refused",
        "Signature expired: 20250601T114500Z is now earlier than 20250601T115500Z (20250601T120000Z - 5 min.)",
        "Request timestamp is too old", "timestamp out of range", "x-ms-date header is invalid: clock difference too large",
    ]),
    (Session, &[
        "Please log in again", "Please sign in again to continue.",
        "permission denied - invalid PVE ticket", "You have signed in on another device", "Your account was logged in elsewhere",
        "Session terminated: you logged in from another device", "Login from a different browser",
        "Session expired", "401 Unauthorized: Session expired", "invalid session: token signature is invalid",
        "no session information", "session.token.rotate", "You need to sign in or sign up before continuing.",
        "Your session expired. Please sign in again to continue.", "Session not active",
        "User session not found or doesn't have client attached on it", "session_expired", "Session timed out",
        "user_session_not_found",
    ]),
    (NotYetValid, &[
        "NotBeforeError",
        "jwt not active", "The token is not yet valid (nbf)", "The token is not valid before '01/01/2030 00:00:00'",
        "The token is not valid yet", "The token is not yet valid (iat)", "Token used before issued",
        "\"nbf\" claim timestamp check failed", "\"iat\" claim timestamp check failed (it should be in the past)",
        "Signature nbf has not been reached", "IDX10222: Lifetime validation failed. The token is not yet valid.",
        "Jwt used before 2025-06-01T12:02:00Z", "token nbf validation failed", "token iat validation failed",
        "Cannot handle token prior to 2025-06-01T12:02:00+0000", "The Token can't be used before Sun Jun 01 12:02:00 UTC 2025.",
        "\"nbf\" not satisfied", "Jwt not yet valid", "ImmatureSignature",
        "JWT early by 120000 milliseconds before 2025-06-01T12:02:00.000Z. Current time: x. Allowed clock skew: 0 milliseconds.",
        "go-jose/go-jose/jwt: validation field, token issued in the future (iat)", "The token will be active at 2025-06-01T12:02:00.000Z.",
        "token (x) is being used before it's valid",
    ]),
    (Expired, &[
        "Your token has expired! Please log in again.", "jwt expired, please log in again", "Token maximum age exceeded",
        "invalid JWT: unable to parse or verify signature, token is expired by 5m0s",
        "The token expired at '06/01/2025 11:00:00'", "The token is expired", "Token has expired", "jwt expired", "Token is expired",
        "token is expired by 5m", "Signature has expired", "Signature has expired.", "\"exp\" claim timestamp check failed",
        "ERR_JWT_EXPIRED", "The access token expired", "Jwt is expired", "Expired JWT Token", "ExpiredSignature", "ExpiredToken",
        "token has invalid claims: token is expired", "An error occurred while attempting to decode the Jwt: Jwt expired at 2025-06-01T11:00:00Z",
        "JWT expired 3600000 milliseconds ago at 2025-06-01T11:00:00.000Z. Current time: 2025-06-01T12:00:00.000Z. Allowed clock skew: 0 milliseconds.",
        "JWT expired at 2025-06-01T11:00:00Z. Current time: 2025-06-01T12:00:00Z, a difference of 3600000 milliseconds.  Allowed clock skew: 0 milliseconds.",
        "\"exp\" not satisfied", "oidc: token is expired (Token Expiry: 2025-06-01 11:00:00 +0000 UTC)", "Authorization token expired",
        "The incoming token has expired", "token expired", "token expired: true", "IDX10223: Lifetime validation failed. The token is expired.",
        "Lifetime validation failed, the token is expired.", "TOKEN_EXPIRED", "FST_JWT_AUTHORIZATION_TOKEN_EXPIRED", "JWTExpired",
        "maxAge exceeded", "Token failed verification: expired", "Expired API key", "The DPoP-bound access token has expired", "api key is expired",
        "Token is expired. You can either do re-authorization or token refresh.", "go-jose/go-jose/jwt: validation failed, token is expired (exp)",
        "The token violates some mandatory constraints, details: - The token is expired", "Access Token expired", "Expired JWT token: exp <= now",
    ]),
    (BadAudience, &[
        "The audience 'empty' is invalid", "jwt audience invalid. expected: api", "Audience doesn't match",
        "Token is missing the \"aud\" claim", "unexpected \"aud\" claim value", "The aud claim is not valid", "InvalidAudience",
        "Audiences in Jwt are not allowed", "oidc: expected audience \"api\" got [\"web\"]", "\"aud\" not satisfied", "Invalid claim 'aud'",
        "Invalid audience. Expected api, received web", "Unexpected 'aud' value", "go-jose/go-jose/jwt: validation failed, invalid audience claim (aud)",
        "IDX10214: Audience validation failed.", "The aud claim is not allowed.", "token has invalid claims: token has invalid audience", "JWTNotInAudience",
    ]),
    (BadIssuer, &[
        "Jwt issuer is not configured", "The issuer 'x' is invalid", "jwt issuer invalid. expected: me",
        "Invalid token issuer. Expected 'https://x'", "The iss claim is not valid", "InvalidIssuer", "unexpected \"iss\" claim value",
        "\"iss\" not satisfied", "No credentials found for given 'iss'", "Invalid issuer", "IDX10205: Issuer validation failed.",
        "oidc: id token issued by a different provider, expected \"a\" got \"b\"", "The Claim 'iss' value doesn't match the required issuer.",
    ]),
    (NoKey, &[
        "No matching public key found for kid", "key not found",
        "The signature key was not found", "Signed JWT rejected: Another algorithm expected, or no matching key(s) found",
        "Jwks doesn't have key to match kid or alg from Jwt", "no applicable key found in the JSON Web Key Set",
        "IDX10503: Signature validation failed. Token does not have a kid.", "Jwks remote fetch is failed",
        "\"kid\" invalid, unable to lookup correct key", "No verification key available", "Unable to find a signing key that matches: 'abc'",
        "No suitable key or wrong key type", "failed to match any of the keys",
    ]),
    (BadSignature, &[
        "invalid JWT: unable to parse or verify signature, token signature is invalid: signature is invalid",
        "invalid signature", "Signature verification failed", "The signature is invalid", "Jwt verification fails",
        "crypto/rsa: verification error", "crypto/ecdsa: verification error", "JWSSignatureVerificationFailed",
        "ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "signature verification failed", "Signed JWT rejected: Invalid signature",
        "token signature is invalid: signature is invalid", "Token Signature could not be verified.", "InvalidSignature",
        "The Token's Signature resulted invalid when verified using the Algorithm: HmacSHA256", "Signature verification raised",
        "JWT signature does not match locally computed signature. JWT validity cannot be asserted and should not be trusted.",
        "HMAC signature does not match", "HMAC signature cannot be verified", "Invalid crypto padding", "SignatureDoesNotMatch", "signature_error",
        "bad_signature", "Authorization token is invalid: The token signature is invalid.", "go-jose/go-jose: error in cryptographic primitive",
        "could not verify message using any of the signatures or keys", "Failed to verify signature", "Bad mac", "token(x) signature mismatched",
        "JWSError JWSInvalidSignature", "Token signature mismatch", "oauth_problem=signature_invalid",
    ]),
    (Alg, &[
        "invalid algorithm", "The specified alg value is not allowed", "jwt signature is required", "Jwt header [alg] field value is invalid",
        "unexpected signing method: HS256", "InvalidAlgorithm", "\"alg\" (Algorithm) Header Parameter value not allowed", "Expected a different algorithm",
        "signing algorithm is invalid", "Unsigned Claims JWTs are not supported.", "Algorithm not allowed",
    ]),
    (WrongType, &[
        "access token required, got refresh token", "invalid token_use",
        "Token has wrong type", "Only non-refresh tokens are allowed", "Only refresh tokens are allowed", "Only access tokens are allowed",
        "Token use not allowed: id. Expected: access", "Invalid token type", "Wrong token type", "This is not an access token",
    ]),
    (Revoked, &[
        "Token has been revoked", "Token was revoked. You have to re-authorize from the user.", "The token has been blacklisted",
        "The access token was revoked", "revoked token", "token_revoked",
    ]),
    (Malformed, &[
        "Token missing payload iat", "Token missing user id",
        "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that assert a principal.",
        "Missing claim: sub", "The tenant claim is missing", "Missing required claim tenant_id",
        "jwt malformed", "Not enough segments", "Bearer token is malformed", "Format is Authorization: Bearer [token]",
        "Not enough or too many segments", "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
        "Authorization header must contain two space-delimited values", "Invalid Compact JWS", "IDX14100: JWT is not well formed, there are no dots (.).",
        "Invalid token header. Token string should not contain spaces.", "Invalid basic header. Credentials not correctly base64 encoded.",
        "The token was expected to have 3 parts, but got 1.", "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'",
        "unable to parse authentication credentials", "Invalid JWT serialization: Missing dot delimiter(s)", "Wrong number of segments",
        "Token could not be parsed from the request.", "JWT strings must contain exactly 2 period characters. Found: 0",
        "token contains an invalid number of segments", "illegal base64 data at input byte 3", "Error decoding token headers.",
        "Authorization header format must be Bearer {token}", "credentials_bad_format", "invalid credentials structure",
        "compact JWS format must have three parts", "Token is missing the \"exp\" claim", "MissingRequiredClaim(\"exp\")",
        "JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 1)", "Invalid header string: 'utf-8' codec can't decode byte 0x88",
        "Authorization header must start with Bearer", "Unsupported authorization type", "IDX10225: Lifetime validation failed. The token is missing an Expiration Time.",
        "Unrecognizable token", "CompactToken parsing failed with error code: 80049217", "auth header is invalid: invalid auth header",
    ]),
    (ApiKeyMissing, &[
        "Provide your service key in X-Service-Key", "Please send a valid license key",
        "No API key found in request", "Missing API key", "oauth_consumer_key parameter is missing", "API key is required",
        "You did not provide an API key.", "You didn't provide an API key.", "API key missing", "X-API-Key header: api key required",
        "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
    ]),
    (ApiKeyInvalid, &[
        "Test key used in live mode", "You are using a live key in the test environment",
        "Unknown service key", "Invalid license key",
        "Please provide a valid API key",
        "Invalid API key", "401 Unauthorized: Invalid API key", "Consumer key is invalid.", "Duplicate API key found", "invalid_api_key",
        "Incorrect API key provided: sk-***", "api-key.invalid", "API key is not valid", "API key not valid. Please pass a valid API key.",
        "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.", "InvalidAccessKeyId",
        "Invalid API Key provided: sk_test_****", "Unknown API key",
    ]),
    (UserGone, &[
        "Account pending approval", "Your account is not yet verified",
        "User inactive or deleted.", "User not found", "user_not_found", "User is inactive", "Account disabled", "Error loading the user bob",
        "user does not exist [uid: 0, name: bob]", "Your account is not activated yet.", "You have to confirm your email address before continuing.",
        "User account is disabled", "Your password has expired", "User credentials have expired",
    ]),
    (Certificate, &[
        "Client certificate required", "No required SSL certificate was sent", "Missing client certificate", "A client certificate is required",
        "client cert not provided", "mTLS required",
    ]),
    (Missing, &[
        "No token provided, please log in again", "Missing token. Please log in again.",
        "The request requires user authentication", "Auth required.",
        "Authentication credentials were not provided.", "Missing Authorization Header", "401 Unauthorized: Missing Authorization Header",
        "Not authenticated", "Unauthenticated.", "No 'Authorization: Basic' header found. Either the client didn't send one, or the server is misconfigured",
        "No authorization token was found", "jwt_auth_no_auth_header", "rest_not_logged_in", "Full authentication is required to access this resource",
        "Access token not provided", "No Authorization was found in request.headers", "FST_JWT_NO_AUTHORIZATION_IN_HEADER", "No auth token",
        "JWT Token not found", "No JWT token found in request header", "no authorization included in request", "Jwt is missing", "Missing authentication",
        "missing authentication credentials for REST request [/]", "no token found", "auth header is empty", "cookie token is empty",
        "authentication required", "Authentication is required", "Missing \"Authorization\" header", "missing_authorization", "Requires authentication",
        "Not logged in", "Fresh token required", "Only signed in user is allowed to call APIs.", "no org id", "Missing JWT in cookies or headers",
        "Invalid token header. No credentials provided.", "Token not provided", "Login required", "Missing credentials", "access token is empty",
        "Missing required parameter: access_token", "Missing field Authorization",
    ]),
    (BadCredentials, &[
        "Invalid credentials, please sign in again", "Couldn't authenticate you",
        "Enter a valid email or username and/or password.",
        "The security token could not be authenticated or authorized", "wsse:FailedAuthentication",
        "permission denied: wrong password", "Username and password don't match", "The password you entered is incorrect",
        "We don't recognize that email", "No account with this e-mail", "Invalid or non-existent authentication information.", "Invalid username or password. Please solve the captcha.",
        "Could not log in", "Unable to sign you in",
        "Invalid username/password.", "Name or password is incorrect.", "Invalid username or password", "Login failed", "Bad credentials",
        "invalid username, password or token", "Invalid password/token for user: foo", "Incorrect authentication credentials.",
        "Invalid Email or password.", "These credentials do not match our records.", "incorrect Username or Password", "Invalid credentials.",
        "Invalid user credentials", "unable to authenticate user [bob] for REST request [/]", "authorization failed", "incorrect_password",
        "Bad username or password", "Wrong credentials", "Login failed. Access is denied due to x", "Incorrect password", "invalid_client",
        "No active account found with the given credentials", "Authentication failed", "Authentication finally failed", "INVALID_CREDENTIALS",
        "Invalid authentication credentials", "x seraph loginreason: AUTHENTICATED_FAILED", "invalid Login", "Unknown user or password",
        "No public access to this resource., Username or password was incorrect, No 'Authorization: Bearer' header found.",
        "You have one more attempt before your account is locked.", "Access Denied: Invalid credentials",
        "Unknown username. Check again or try your email address.", "Invalid client or Invalid client credentials",
    ]),
    (Generic, &[
        "Invalid token. Please log in again!", "Token not found in database", "token was not found in the whitelist",
        "Unauthorized", "401 Unauthorized Error", "error=\"invalid_token\"", "401 Unauthorized: Invalid bearer token", "invalid_token", "Invalid token.", "Invalid token", "Access denied",
        "401 Authorization Required", "Invalid JWT Token", "token is unauthorized", "Could not validate credentials", "Unauthorized Access",
        "Given token not valid for any token type", "You are not authorized to access that resource", "not_authorised", "Not Authorized",
        "Authorization has been denied for this request.", "The access token is invalid", "HTTP Status 401 – Unauthorized", "InvalidToken",
        "The request has not been applied to the target resource because it lacks valid authentication credentials for that resource.",
        "token verification failure", "Access token could not be verified", "Token verification failed",
    ]),
];

/// Says nothing about authorization.
const SILENT: &[&str] = &[
    "Hello",
    "Example Domain",
    "OK",
    "Internal Server Error",
    "/v1/orders",
    "alice",
    "See the logs",
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static str> {
    SAMPLES.iter().flat_map(|(_, samples)| samples.iter()).chain(SILENT).copied()
}

#[test]
fn real_messages_fall_into_their_category() {
    let mut wrong = Vec::new();
    for (category, samples) in SAMPLES {
        for sample in *samples {
            let got = categorise(sample);
            if got != Some(*category) {
                wrong.push(format!("{sample:?}: {got:?} instead of {category:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn other_texts_fall_into_none() {
    for text in SILENT {
        assert_eq!(categorise(text), None, "{text}");
    }
}
