#!/usr/bin/env bash
# The long drills. One JSON line per figure on standard output; exit code 1 when one does not hold.
#   FUZZ=60s               time for each fuzz target
#   CHECKS=2000            random rotas for each property of rotas
#   PROPS=3000             random cases for each other property
#   SEED=0                 what the properties of rapid begin with; 0 is a new one for each run, which is printed
#   ONLY=fuzz|rotas|props|soak|drills  run one part
#   DRILLS="-only kill"    flags of the drills: see `go run ./cmd/proof -h`
set -uo pipefail
cd "$(dirname "$0")/.."
: "${FUZZ:=60s}" "${CHECKS:=2000}" "${PROPS:=3000}" "${SEED:=0}" "${ONLY:=}" "${DRILLS:=}"
failed=0
unset RAPID_SEED RAPID_CHECKS
# The properties of oncall that rotas runs; props leaves them out.
ROTAS='Test(Oracle|Invariant[0-9A-Za-z]+|TurnsAreShiftsOfOne|UntilIsTheEndOfTheTurn|NextIsTheFirstTurn)'

figure() { # name value unit goal holds
  printf '{"name":"%s","value":%s,"unit":"%s","goal":"%s","holds":%s}\n' "$1" "$2" "$3" "$4" "$5"
  [ "$5" = true ] || failed=1
}

fuzz() {
  local pkg target out execs
  while read -r pkg target; do
    out=$(go test -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZ" "$pkg" 2>&1)
    local ok=$?
    execs=$(printf '%s\n' "$out" | sed -n 's/.*execs: \([0-9]*\).*/\1/p' | tail -1)
    if [ $ok -eq 0 ]; then
      figure "fuzz ${pkg#github.com/butlerspb/vahta/} $target" "${execs:-0}" executions "no crash in $FUZZ" true
    else
      printf '%s\n' "$out" >&2
      figure "fuzz ${pkg#github.com/butlerspb/vahta/} $target" "${execs:-0}" executions "no crash in $FUZZ" false
    fi
  done < <(go list -f '{{.ImportPath}} {{.Dir}}' ./... | while read -r pkg dir; do
    grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go 2>/dev/null | sed "s|^func |$pkg |"
  done)
}

rotas() { # who is on duty, by the oracle of the tests: every minute of years of clock changes, and many random rotas
  local out name value unit start=$SECONDS
  out=$(VAHTA_PROOF=1 go test -count=1 -timeout 120m -v -run '^TestBruteForce$' ./oncall 2>&1)
  while IFS='|' read -r name value unit; do
    figure "$name" "$value" "$unit" "Who and Shifts agree with the oracle" true
  done < <(printf '%s\n' "$out" | sed -n 's/.*figure: //p')
  while read -r name; do
    figure "brute force $name" 0 minutes "Who and Shifts agree with the oracle" false
  done < <(printf '%s\n' "$out" | sed -n 's/.*--- FAIL: TestBruteForce\/\([^ ]*\).*/\1/p')
  case $out in
    *"--- PASS: TestBruteForce"*) ;;
    *) printf '%s\n' "$out" >&2; failed=1 ;;
  esac
  figure "brute force in all" $((SECONDS - start)) s "ends" true
  while read -r name; do
    start=$SECONDS
    if out=$(VAHTA_PROOF=1 go test -count=1 -timeout 60m -run "^$name\$" ./oncall -rapid.checks="$CHECKS" -rapid.nofailfile 2>&1); then
      figure "rotas $name" "$CHECKS" rotas "the property holds" true
    else
      printf '%s\n' "$out" >&2
      figure "rotas $name" "$CHECKS" rotas "the property holds" false
    fi
  done < <(cat oncall/*_test.go | grep -oE "^func $ROTAS" | sed 's/^func //')
}

props() { # every property of rapid, package by package, with cases that nobody has drawn before
  local pkg dir names seed out
  while read -r pkg dir; do
    names=$(awk '/^func / { name = $2; sub(/\(.*/, "", name) } /rapid\.Check\(/ { print name }' "$dir"/*_test.go | sort -u)
    [ "${pkg##*/}" != oncall ] || names=$(grep -vxE "$ROTAS" <<<"$names")
    seed=$SEED
    [ "$seed" != 0 ] || seed=$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')
    if out=$(RAPID_SEED=$seed RAPID_CHECKS=$PROPS RAPID_NOFAILFILE=1 go test -count=1 -timeout 60m -run "^($(paste -sd'|' <<<"$names"))\$" "$pkg" 2>&1); then
      figure "properties of ${pkg#github.com/butlerspb/vahta/}" "$PROPS" cases "all hold, seed $seed" true
    else
      printf '%s\n' "$out" >&2
      figure "properties of ${pkg#github.com/butlerspb/vahta/}" "$PROPS" cases "all hold, seed $seed" false
    fi
  done < <(go list -f '{{.ImportPath}} {{.Dir}} {{.TestImports}} {{.XTestImports}}' ./... | grep -F pgregory.net/rapid | cut -d' ' -f1,2)
}

soak() { # tests of the whole line, and the flood, in their long form
  local start=$SECONDS
  if VAHTA_PROOF=1 go test -count=1 -timeout 60m ./cmd/internal/app ./sip/b2bua ./sip/trunk ./dispatch >&2; then
    figure "product drills" $((SECONDS - start)) s "all pass" true
  else
    figure "product drills" $((SECONDS - start)) s "all pass" false
  fi
}

drills() { # the real program and the faults around it
  # shellcheck disable=SC2086 # several flags
  go run ./cmd/proof $DRILLS || failed=1
}

wanted() { [ -z "$ONLY" ] || [ "$ONLY" = "$1" ]; }
! wanted fuzz || fuzz
! wanted rotas || rotas
! wanted props || props
! wanted soak || soak
! wanted drills || drills
exit $failed
