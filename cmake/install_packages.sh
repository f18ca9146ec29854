# Sourced by ./check and ./quickstart: installs the packages of packages.txt that are missing.
# shellcheck shell=bash

# install_packages ROOM...: does nothing, and asks nobody, when everything is there.
install_packages() {
  local list missing=() package rooms=" $* "
  list=$(dirname "${BASH_SOURCE[0]}")/packages.txt
  command -v dpkg-query >/dev/null || return 0 # not a Debian: configuring says what is missing
  while read -r room package _; do
    [[ $rooms == *" $room "* ]] || continue
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done < <(grep -v '^#' "$list")
  ((${#missing[@]})) || return 0
  echo "installing: ${missing[*]}"
  if [[ $(id -u) != 0 ]]; then
    echo "these packages are missing; as root: apt-get install ${missing[*]}" >&2
    return 1
  fi
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}
