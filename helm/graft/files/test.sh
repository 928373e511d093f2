# helm test: whether the service answers as a client sees it. HOST, PORT; KEY, if there is one.
set -u

# The status line's number of GET $1, and the body in $body.
ask() {
  local line header="" status
  exec 3<> "/dev/tcp/$HOST/$PORT" || return 1
  if [[ -n ${2:-} ]]; then header="Authorization: Bearer $2"$'\r\n'; fi
  printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n' "$1" "$HOST" "$header" >&3
  read -r -t 30 _ status _ <&3 || return 1
  while read -r -t 30 line <&3 && [[ $line != $'\r' ]]; do :; done
  body=$(timeout 30 cat <&3)
  exec 3>&-
  answered=${status%$'\r'}
}

expect() { # path, status, text of the body, key
  body="" answered=none
  ask "$1" "${4:-}"
  if [[ $answered != "$2" || $body != *"$3"* ]]; then
    echo "$1 answered $answered, not $2 with $3: ${body:0:500}"
    exit 1
  fi
  echo "$1 answered $answered"
}

expect /livez 200 '"UP"'
expect /readyz 200 '"UP"'
expect /v1/models 401 '"error"'
if [[ -n ${KEY:-} ]]; then expect /v1/models 200 '"data"' "$KEY"; fi
