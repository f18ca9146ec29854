# Writes bench/build_facts.hpp: what only the build knows. Runs at each build; touches the file when something changed.
execute_process(COMMAND git -C "${SOURCE}" rev-parse --short=12 HEAD
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
endif()
# Results are no source, and the command is not part of this program.
execute_process(COMMAND git -C "${SOURCE}" status --porcelain --untracked-files=no -- include host bench cmake CMakeLists.txt ":!bench/results" ":!host/cli"
  OUTPUT_VARIABLE changes ERROR_QUIET)
set(dirty false)
if(changes)
  set(dirty true)
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT [[// What this build was made from.
#pragma once

namespace prorata::bench::build_facts {
inline constexpr char const* commit = "@commit@";
inline constexpr bool dirty = @dirty@;
inline constexpr char const* flags = "@FLAGS@";
inline constexpr char const* cccl = "@CCCL@";
inline constexpr char const* python = "@PYTHON@";
inline constexpr char const* numpy_peer = "@SOURCE@/bench/peers/numpy_peer.py";
}  // namespace prorata::bench::build_facts
]])
