# Projects that use prorata, each built and run from nothing: one from an install tree, one with the sources as a folder
# of its own, which it builds as a debugger wants them, and one that is a single call of the compiler. Needs nothing but a
# finished build.
set(consumer ${PROJECT_SOURCE_DIR}/tests/install_test)
set(prefix ${CMAKE_CURRENT_BINARY_DIR}/install_test/prefix)
set(options
  -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
  -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER} -DCONSUMER_CUDA=${PRORATA_CUDA})
if(PRORATA_CUDA)
  list(APPEND options -DCMAKE_CUDA_COMPILER=${CMAKE_CUDA_COMPILER} -DCMAKE_CUDA_ARCHITECTURES=90
    -DCMAKE_CUDA_COMPILER_LAUNCHER=${CMAKE_CUDA_COMPILER_LAUNCHER})
endif()

# prorata_consumer_test(NAME OPTIONS...): configures, builds and runs the consumer with these options.
function(prorata_consumer_test name)
  add_test(NAME ${name} COMMAND ${CMAKE_CTEST_COMMAND}
    --build-and-test ${consumer} ${CMAKE_CURRENT_BINARY_DIR}/install_test/${name}
    --build-generator ${CMAKE_GENERATOR} --build-target consumer --build-options ${options} ${ARGN}
    --test-command consumer)
  set_tests_properties(${name} PROPERTIES TIMEOUT 900 LABELS consumer)
endfunction()

add_test(NAME install_prefix COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${prefix})
set_tests_properties(install_prefix PROPERTIES FIXTURES_SETUP prefix LABELS consumer)
prorata_consumer_test(find_package_consumer -DCMAKE_PREFIX_PATH=${prefix})
set_tests_properties(find_package_consumer PROPERTIES FIXTURES_REQUIRED prefix)
find_program(PRORATA_PKG_CONFIG pkg-config)
if(PRORATA_PKG_CONFIG)
  add_test(NAME pkg_config_consumer COMMAND ${CMAKE_COMMAND} -E env
    PKG_CONFIG_PATH=${prefix}/${CMAKE_INSTALL_LIBDIR}/pkgconfig
    bash ${consumer}/pkg_config_test.sh ${CMAKE_CXX_COMPILER} ${consumer}/consumer.cpp ${prefix}/include
    ${CMAKE_CURRENT_BINARY_DIR}/install_test/pkg_config_consumer)
  set_tests_properties(pkg_config_consumer PROPERTIES TIMEOUT 900 LABELS consumer FIXTURES_REQUIRED prefix)
else()
  message(STATUS "prorata: pkg-config was not found; the installed prorata.pc is not tested")
endif()
set(quickly)
if(PRORATA_CUDA)
  list(APPEND quickly "-DCMAKE_CUDA_FLAGS=--Ofast-compile=max")
endif()
prorata_consumer_test(add_subdirectory_consumer -DPRORATA_SOURCE=${PROJECT_SOURCE_DIR} -DCMAKE_BUILD_TYPE=Debug ${quickly})
