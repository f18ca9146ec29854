// Names of functions of this program.
#pragma once

#include <string>

namespace simulated {

/// The name at an address, demangled; "?" where the program's symbols do not have it.
std::string name_of(void const* function);

}  // namespace simulated
