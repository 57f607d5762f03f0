<?php error_reporting(0); // sabre/dav: Digest and Basic over WebDAV.
require_once 'Sabre/autoload.php';
$where = __DIR__ . '/';
if (str_starts_with($_SERVER['REQUEST_URI'], '/form')) {
    session_start();
    if (!isset($_SESSION['user'])) { http_response_code(401); header('Content-Type: application/json'); echo json_encode(['success' => false, 'message' => 'Your session is no longer active. Sign in again.']); return; }
    echo 'ok'; return;
}
if (str_starts_with($_SERVER['REQUEST_URI'], '/enter')) { session_start(); $_SESSION['user'] = 'alice'; echo 'ok'; return; }
if (str_starts_with($_SERVER['REQUEST_URI'], '/leave')) { session_start(); session_destroy(); echo 'ok'; return; }
$server = new Sabre\DAV\Server([new Sabre\DAV\SimpleCollection('files', [new Sabre\DAV\FS\Directory(getenv('EXAM_FILES') ?: '/tmp')])]);
if (str_starts_with($_SERVER['REQUEST_URI'], '/digest')) {
    class Words extends Sabre\DAV\Auth\Backend\AbstractDigest { public function getDigestHash($realm, $user) { return $user === 'alice' ? md5("alice:$realm:secret-7") : null; } }
    $backend = new Words(); $base = '/digest/';
} else {
    class Login extends Sabre\DAV\Auth\Backend\AbstractBasic { protected function validateUserPass($user, $word) { return $user === 'alice' && $word === 'secret-7'; } }
    $backend = new Login(); $base = '/basic/';
}
$server->setBaseUri($base);
$server->addPlugin(new Sabre\DAV\Auth\Plugin($backend, 'sabre'));
$server->exec();
