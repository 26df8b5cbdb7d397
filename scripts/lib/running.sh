# shellcheck shell=bash
# The processes that a script has under it: started, watched and stopped by their ids.

PATIENCE=15 # seconds that a process has to stop by itself
FALLS=3 # of a process within a minute, and it is not started again
declare -A pids=() commands=() falls=()
doing=

# At the end, whatever it is, everything is stopped; after Ctrl-C or a signal the script ends with code $1.
stop_at_the_end() {
    # shellcheck disable=SC2064
    trap "exit $1" INT
    # shellcheck disable=SC2064
    trap "[ -z \"\$doing\" ] || kill -TERM \$doing; exit $1" TERM HUP
    trap stop EXIT
}

# Two runs on one var/ would write the same files. The lock ends with the process, however that ends.
one_at_a_time() {
    exec 9>>"$var/run/$1.lock"
    flock -n 9 || die "scripts/$1 runs here already, as process $(cat "$var/run/$1.pid" 2>/dev/null)"
    echo $$ >"$var/run/$1.pid"
}

# Runs one step in front of the person; a signal ends it as well. Gives the step's own exit code.
step() {
    (exec 7>&- 8>&- 9>&-; exec env --default-signal=INT "$@") <&0 &
    doing=$!
    wait "$doing"
    doing=
}

# Starts a process in a session of its own (Ctrl-C reaches this script alone), marked as ours.
start() {
    local name=$1
    shift
    (exec 7>&- 8>&- 9>&-; exec env "GRIDPATROL_HOUSE=$var" setsid "$@") >>"$var/log/$name.log" 2>&1 </dev/null &
    pids[$name]=$!
    disown $!
    commands[$name]=$(printf '%q ' "$@")
    echo $! >"$var/run/$name.pid"
}

# A process that has ended and that nobody waits for still has its number.
is_alive() { grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null; }
# nginx writes its title over its environment; the title names our configuration.
is_ours() {
    tr '\0' '\n' <"/proc/$1/environ" | grep -qxF "GRIDPATROL_HOUSE=$var" ||
        tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF "nginx -c $var/run/nginx.conf "
} 2>/dev/null

# Waits for process $1 to end, at most $2 seconds.
has_ended() {
    local tenths
    for ((tenths = 0; tenths < $2 * 10; tenths++)); do
        is_alive "$1" || return 0
        sleep 0.1
    done
    return 1
}

stop_process() {
    kill -TERM "$1" 2>/dev/null || return 0
    has_ended "$1" "$PATIENCE" || kill -KILL "$1" 2>/dev/null || true
}

# What a process that was killed outright leaves behind would hold its address: nginx' own workers do.
stop_children() {
    local tenths
    kill -TERM -- "-$1" 2>/dev/null || return 0
    for ((tenths = 0; tenths < 50; tenths++)); do
        kill -0 -- "-$1" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$1" 2>/dev/null || true
}

# A run that was killed outright leaves its processes behind.
stop_leftovers() {
    local file pid
    for file in "$var"/run/{proxy,events,api,worker,alarms}.pid; do
        pid=$(cat "$file" 2>/dev/null) || continue
        if is_ours "$pid"; then stop_process "$pid"; fi
        rm -f "$file"
    done
}

# Starts process $1 again, unless it ends again and again.
revive() {
    local name=$1 now=$SECONDS fall recent=()
    for fall in ${falls[$name]:-} "$now"; do [ $((now - fall)) -gt 60 ] || recent+=("$fall"); done
    falls[$name]=${recent[*]}
    [ ${#recent[@]} -lt $FALLS ] || die "$name ends again and again; see var/log/$name.log"
    say "$name has ended by itself (see var/log/$name.log); starting it again"
    stop_children "${pids[$name]}"
    eval "start $name ${commands[$name]}"
}

# Starts again whatever ends by itself: the private database first, since the others need it.
watch_over() {
    local name
    while true; do
        sleep 1 7>&- 9>&- &
        wait $! || true
        [ -z "${private:-}" ] || is_alive "$(cluster_pid)" || revive_cluster
        for name in "${!pids[@]}"; do is_alive "${pids[$name]}" || revive "$name"; done
    done
}

stop() {
    local name
    trap '' INT TERM HUP
    [ ${#pids[@]} = 0 ] || say "stopping"
    [ -z "$doing" ] || has_ended "$doing" 5 || stop_process "$doing"
    for name in proxy events api worker alarms; do
        [ -n "${pids[$name]:-}" ] || continue
        stop_process "${pids[$name]}"
        rm -f "$var/run/$name.pid"
    done
    cluster_down
}
