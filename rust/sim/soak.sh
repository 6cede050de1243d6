#!/bin/bash
# Runs for HOURS (may be fractional), round after round: fresh seeds of the simulator, the simulator's lab suites, the
# embedded lab suites in virtual time. One line per round goes to SUMMARY; a failure stops it and stays in SUMMARY.log.
set -u
[ $# = 5 ] || { echo "usage: soak.sh HOURS SIMULATOR LABRUN ROOT SUMMARY"; exit 2; }
hours=$1 sim=$2 labrun=$3 root=$4 summary=$5
seconds=$(awk -v hours="$hours" 'BEGIN { if (hours !~ /^[0-9]*[.]?[0-9]+$/ || hours <= 0) exit 1; printf "%d", hours * 3600 }') \
  || { echo "HOURS takes a positive number, like 8 or 0.5, not $hours"; exit 2; }
log=$summary.log
run() { # run WHAT COMMAND...
  what=$1; shift
  printf '%s\n' "$*" >"$log"
  if ! "$@" >>"$log" 2>&1; then
    echo "$(date -u +%FT%TZ) round $round FAILED in $what: $*" | tee -a "$summary"
    tail -n 60 "$log"
    echo "All of it is in $log"
    exit 1
  fi
}
base=$(( $(date +%s) * 1000 ))
round=0
while [ "$SECONDS" -lt "$seconds" ]; do
  round=$((round + 1)) began=$SECONDS
  seeds=$base..$((base + 400)) labs=$base..$((base + 20))
  base=$((base + 400))
  run "the simulator" "$sim" --seeds "$seeds"
  run "the simulator's lab" "$sim" --lab --seeds "$labs"
  run "the lab tests" "$labrun" test -part all -root "$root" -virtual
  run "the key/value tests" "$labrun" test -part kv -root "$root" -virtual
  echo "$(date -u +%FT%TZ) round $round ok: seeds $seeds, lab seeds $labs, lab and kv tests, $((SECONDS - began)) s" | tee -a "$summary"
done
