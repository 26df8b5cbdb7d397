# shellcheck shell=bash
# nginx in front of the processes, private to this folder; the site itself is the containers' own docker/proxy.conf.

sockets=$var/run/sockets
[ ${#sockets} -lt 95 ] || sockets=/tmp/gridpatrol-$(printf %s "$var" | sha256sum | cut -c1-12)-sockets

# Started by root, nginx would give its own work to a user who may not reach the sockets.
write_nginx_conf() {
    local work=$var/run/nginx
    install -d -m 700 "$sockets" "$work"
    { [ "$(id -u)" != 0 ] || echo 'user root;'; cat; } >"$var/run/nginx.conf" <<END
daemon off;
worker_processes 1;
worker_rlimit_nofile $(ulimit -Hn);
pid "$work/pid";
error_log stderr warn;
events { worker_connections 8192; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    server_tokens off;
    client_body_temp_path "$work/body";
    proxy_temp_path "$work/proxy";
    fastcgi_temp_path "$work/fastcgi";
    uwsgi_temp_path "$work/uwsgi";
    scgi_temp_path "$work/scgi";
    upstream api { server "unix:$sockets/api"; keepalive 32; }
    upstream events { server "unix:$sockets/events"; }
    upstream alarms { server "unix:$sockets/events"; server "unix:$sockets/api" backup; }
    server {
        listen $GRIDPATROL_BIND:$GRIDPATROL_PORT;
        include "$root/docker/proxy.conf";
    }
}
END
}
