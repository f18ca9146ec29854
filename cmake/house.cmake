# How this project compiles its own sources: warnings, processor, sanitizers. Consumers inherit none of it.
add_library(house INTERFACE)
target_compile_options(house INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-fopenmp-simd>
  $<$<COMPILE_LANGUAGE:CUDA>:-Werror=cross-execution-space-call>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${PRORATA_ARCH}>>:-march=${PRORATA_ARCH}>)
# What makes a mistake hard to exploit, in what this project installs: canaries on the stack, checked calls of the C library where
# the compiler knows a buffer's size, and marks at whatever may be called or jumped to by address. Consumers inherit none of it,
# and give flags of their own where they add_subdirectory this. The fortified calls need an optimiser; sanitizers have
# checks of their own, which these would hide; nvcc's flags are not touched.
add_library(hardened INTERFACE)
set(PRORATA_HARDENED OFF)
if(PROJECT_IS_TOP_LEVEL AND NOT PRORATA_SANITIZE AND CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo)$" AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(PRORATA_HARDENED ON)
  target_compile_options(hardened INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fstack-protector-strong;-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3;-fcf-protection=full>)
endif()
if(PRORATA_SANITIZE)
  # On every target of the build: a sanitizer that misses one library reports nonsense.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${PRORATA_SANITIZE}> $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=all>
                      $<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>)
  add_link_options(-fsanitize=${PRORATA_SANITIZE})
endif()
# sanitized_in_brief(TARGET): where UndefinedBehaviorSanitizer watches, for the sake of compile time: unoptimised, the same headers
# once for many files, and without checks for what AddressSanitizer reports where it does harm.
function(sanitized_in_brief target)
  if("${PRORATA_SANITIZE}" MATCHES "undefined")
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    target_compile_options(${target} PRIVATE -O0 -fno-sanitize=null,alignment,object-size,vptr)
  endif()
endfunction()
find_program(PRORATA_CCACHE ccache)
if(PRORATA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PRORATA_CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${PRORATA_CCACHE})
endif()
