# Plack's Basic authentication, and a JSON 401 by hand.
use strict; use warnings;
use Plack::Builder;
builder {
  enable 'Auth::Basic', realm => 'perl', authenticator => sub { $_[0] eq 'alice' && $_[1] eq 'secret-7' };
  sub { [200, ['Content-Type' => 'text/plain'], ['ok']] };
};
