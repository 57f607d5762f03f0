vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "@P:flask@"; }
sub vcl_recv { return (hash); }
sub vcl_backend_response { set beresp.ttl = 60s; unset beresp.http.Set-Cookie; }
