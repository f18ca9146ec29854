# How this project compiles its own sources: warnings, processor, sanitizers. Consumers inherit none of it.
add_library(house INTERFACE)
target_compile_options(house INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-fopenmp-simd>
  $<$<COMPILE_LANGUAGE:CUDA>:-Werror=cross-execution-space-call>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${PRORATA_ARCH}>>:-march=${PRORATA_ARCH}>)
if(PRORATA_SANITIZE)
  # On every target of the build: a sanitizer that misses one library reports nonsense.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${PRORATA_SANITIZE}> $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=all>
                      $<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>)
  add_link_options(-fsanitize=${PRORATA_SANITIZE})
endif()
find_program(PRORATA_CCACHE ccache)
if(PRORATA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PRORATA_CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${PRORATA_CCACHE})
endif()
