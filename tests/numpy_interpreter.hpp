// The interpreter that has NumPy, the oracle of some tests.
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace prorata::tests {

/// The command of a Python with NumPy. Where there is none the test fails: ./check installs it.
inline std::string numpy_interpreter() {
  for (std::string const candidate : {"python3", "/usr/bin/python3"})
    if (std::system((candidate + " -c 'import numpy' 2>/dev/null").c_str()) == 0) return candidate;
  throw std::runtime_error("this test needs python3 with numpy (the package python3-numpy)");
}

}  // namespace prorata::tests
