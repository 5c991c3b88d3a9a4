#!/bin/sh
# The observability centre keeps what a service reports of itself, under the name the service gives.
case $QUERY_STRING in
  '' | *[!a-z0-9-]*) printf 'Status: 400 Bad Request\r\n\r\n' && exit 0 ;;
esac
head -c "${CONTENT_LENGTH:-0}" >"/tmp/www/reports/.$QUERY_STRING.$$"
mv "/tmp/www/reports/.$QUERY_STRING.$$" "/tmp/www/reports/$QUERY_STRING.json"
printf 'Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nkept\n'
