# pkg_config_test.sh COMPILER SOURCE INCLUDE OUTPUT: one call of the compiler with what pkg-config says, and what it says.
set -eu
compiler=$1 source=$2 include=$3 output=$4

flags=$(pkg-config --cflags prorata)
folders=$(grep -o -- '-I[^ ]*' <<<"$flags")
[[ $(realpath "${folders#-I}") == $(realpath "$include") ]] || { echo "one include folder was wanted: $flags"; exit 1; }
[[ ! $flags =~ -W|-march|-std|-fsanitize ]] || { echo "flags that are the caller's own choice: $flags"; exit 1; }

# shellcheck disable=SC2046
"$compiler" -std=c++20 -O1 "$source" $(pkg-config --cflags --libs prorata) -o "$output"
"$output"

# An older standard is refused on the first line of what the compiler says.
said=$("$compiler" -std=c++17 -fsyntax-only "$source" $flags 2>&1 | grep -m1 error) || true
[[ $said == *"prorata is written in C++20"* ]] || { echo "C++17: $said"; exit 1; }
