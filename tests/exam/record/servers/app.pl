# Mojolicious::Lite with a hand-written check.
use Mojolicious::Lite -signatures;
under sub ($c) {
  return 1 if ($c->req->headers->authorization // '') eq 'Bearer tok-alice-1f9c';
  my $given = $c->req->headers->authorization;
  $c->res->headers->www_authenticate('Bearer realm="mojo"' . ($given ? ', error="invalid_token", error_description="The access token was revoked"' : ''));
  $c->render(json => {error => 'Unauthorized'}, status => 401);
  return undef;
};
any '/*rest' => {rest => ''} => sub ($c) { $c->render(text => 'inside') };
app->log->level('fatal');
app->start;
