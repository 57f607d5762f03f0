# Dancer2: plackup -p PORT third.psgi
package Things;
use Dancer2;
set logger => 'null';
get '/dancer' => sub {
    my $header = request_header('Authorization') // '';
    return 'ok' if $header eq 'Bearer dancer-61';
    response_header('WWW-Authenticate' => 'Bearer realm="dancer"');
    status 401;
    return $header ? 'That token is not one of ours' : 'A token, please';
};
Things->to_app;
