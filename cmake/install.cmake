# Install tree and package files: find_package(prorata) gives prorata::prorata, and prorata::cuda where built; for others
# there is pkg-config.
#
#   include/prorata/           the public headers; include/ is the only folder that a compiler has to be told of
#   include/prorata/backends/  host/ and kernels/, so that there is no bare `host` in include/
#   lib/cmake/prorata/         the package config
#   lib/pkgconfig/             prorata.pc for C++ compilers, prorata-cuda.pc for nvcc
include(CMakePackageConfigHelpers)

set(PRORATA_INSTALL_CMAKE ${CMAKE_INSTALL_LIBDIR}/cmake/prorata)
set_target_properties(prorata PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# prorata_install(TARGET NAME EXPORT): exports TARGET as prorata::NAME, with each of its header sets in its place.
function(prorata_install target name export)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  set(headers)
  get_target_property(sets ${target} INTERFACE_HEADER_SETS)
  foreach(set IN LISTS sets)
    if(set MATCHES "^api")
      list(APPEND headers FILE_SET ${set} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    else()
      list(APPEND headers FILE_SET ${set} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/prorata/backends)
    endif()
  endforeach()
  install(TARGETS ${target} EXPORT ${export}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ${headers})
endfunction()

prorata_install(prorata prorata prorata-targets)
if(TARGET prorata_cuda)
  prorata_install(prorata_cuda cuda prorata-targets)
endif()
if(TARGET prorata_mpi) # apart: who does not ask for it need not have MPI
  prorata_install(prorata_mpi mpi prorata-mpi-targets)
  install(EXPORT prorata-mpi-targets NAMESPACE prorata:: DESTINATION ${PRORATA_INSTALL_CMAKE})
endif()

# Where they are installed, headers find host/ and kernels/ from include/ too.
install(CODE "
  set(folder \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_INCLUDEDIR}/prorata\")
  file(GLOB_RECURSE headers \"\${folder}/*.hpp\" \"\${folder}/*.cuh\")
  foreach(header IN LISTS headers)
    file(READ \"\${header}\" text)
    string(REGEX REPLACE \"#include <(host|kernels)/\" \"#include <prorata/backends/\\\\1/\" told \"\${text}\")
    if(NOT told STREQUAL text)
      file(WRITE \"\${header}\" \"\${told}\")
    endif()
  endforeach()")

file(RELATIVE_PATH PRORATA_PREFIX_SEEN_FROM_PKGCONFIG /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
configure_file(cmake/prorata.pc.in ${PROJECT_BINARY_DIR}/prorata.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/prorata.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(TARGET prorata_cuda)
  configure_file(cmake/prorata-cuda.pc.in ${PROJECT_BINARY_DIR}/prorata-cuda.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/prorata-cuda.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
if(TARGET prorata-bench)
  install(TARGETS prorata-bench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(cmake/prorata-config.cmake.in ${PROJECT_BINARY_DIR}/prorata-config.cmake
  INSTALL_DESTINATION ${PRORATA_INSTALL_CMAKE} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/prorata-config-version.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT prorata-targets NAMESPACE prorata:: DESTINATION ${PRORATA_INSTALL_CMAKE})
install(FILES ${PROJECT_BINARY_DIR}/prorata-config.cmake ${PROJECT_BINARY_DIR}/prorata-config-version.cmake
  DESTINATION ${PRORATA_INSTALL_CMAKE})
