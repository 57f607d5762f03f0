<?php // The usual hand-written PHP protections.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
function refuse($body, ...$headers) { http_response_code(401); foreach ($headers as $h) header($h); header('Content-Type: application/json'); echo json_encode($body); exit; }
if (str_starts_with($path, '/admin')) {
    if (($_SERVER['PHP_AUTH_USER'] ?? '') !== 'alice' || ($_SERVER['PHP_AUTH_PW'] ?? '') !== 'secret-7') {
        header('WWW-Authenticate: Basic realm="My Realm"'); http_response_code(401); echo 'Text to send if user hits Cancel button'; exit;
    }
} elseif (str_starts_with($path, '/login')) {
    session_set_cookie_params(['httponly' => true]); session_start(); $_SESSION['user'] = 'alice';
} elseif (str_starts_with($path, '/end')) {
    session_start(); session_destroy();
} elseif (str_starts_with($path, '/member')) {
    session_start();
    if (!isset($_SESSION['user'])) refuse(['message' => 'Unauthenticated.']);
} elseif (str_starts_with($path, '/api')) {
    $given = getallheaders()['Authorization'] ?? '';
    if (!preg_match('/^Bearer\s(\S+)$/', $given, $m)) refuse(['status' => 401, 'message' => 'Token not found in request'], 'WWW-Authenticate: Bearer');
    if ($m[1] !== 'tok-alice-1f9c') refuse(['status' => 401, 'message' => 'Invalid token'], 'WWW-Authenticate: Bearer error="invalid_token"');
}
echo 'inside';
