<?php
// PHP's own way: PHP_AUTH_USER, sessions, tokens by hand.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
function refuse($text, $challenge = null) {
    http_response_code(401);
    if ($challenge) { header("WWW-Authenticate: $challenge"); }
    header('Content-Type: application/json');
    exit(json_encode(['success' => false, 'message' => $text]));
}
if ($path === '/admin') {
    if (($_SERVER['PHP_AUTH_USER'] ?? '') !== 'alice' || ($_SERVER['PHP_AUTH_PW'] ?? '') !== 'secret-7') {
        refuse('Acesso negado', 'Basic realm="Área restrita"');
    }
} elseif ($path === '/login') {
    session_start();
    $_SESSION['user'] = 'alice';
} elseif ($path === '/logout') {
    session_start();
    session_destroy();
} elseif ($path === '/account') {
    session_start();
    if (!isset($_SESSION['user'])) { refuse(isset($_COOKIE['PHPSESSID']) ? 'Unauthorized' : 'Please log in'); }
} elseif ($path === '/api') {
    $key = $_SERVER['HTTP_X_AUTH_TOKEN'] ?? null;
    if ($key === null) { refuse('X-Auth-Token header missing'); }
    if ($key !== 't-1') { refuse('Token mismatch'); }
}
echo 'ok';
