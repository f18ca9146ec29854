// semantics_text: the text of half.hpp, boolean8.hpp and semantics.hpp, put into the library when it is
// built.
#pragma once

namespace prorata::expression {

extern char const semantics_text[];

}  // namespace prorata::expression
