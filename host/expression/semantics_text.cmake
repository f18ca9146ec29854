# Puts the text of the headers that kernels share with the host into a source file, PRORATA_SEMANTICS_TEXT.
set(text "")
foreach(header include/prorata/boolean8.hpp include/prorata/half.hpp host/expression/semantics.hpp)
  set(path ${CMAKE_CURRENT_LIST_DIR}/../../${header})
  file(READ ${path} content)
  string(REGEX REPLACE "#(include|pragma once)[^\n]*\n" "" content "${content}")
  string(APPEND text "${content}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
endforeach()
set(PRORATA_SEMANTICS_TEXT ${CMAKE_CURRENT_BINARY_DIR}/semantics_text.cpp)
file(CONFIGURE OUTPUT ${PRORATA_SEMANTICS_TEXT} CONTENT
"#include <host/expression/semantics_text.hpp>
char const prorata::expression::semantics_text[] = R\"TEXT(@text@)TEXT\";
" @ONLY)
