#!/bin/sh
# An application behind CGI, which does not get to see Authorization unless Apache is told to pass it.
if [ -z "${HTTP_AUTHORIZATION:-}" ]; then
    printf 'Status: 401 Unauthorized\r\nContent-Type: application/json\r\nWWW-Authenticate: Bearer realm="app"\r\n\r\n{"error":"Missing Authorization Header"}'
else
    printf 'Content-Type: text/plain\r\n\r\ninside'
fi
