# Teams of several processes: the tests of arrays again, and those of the communicator, by mpirun on this machine alone.
find_program(PRORATA_MPIRUN NAMES mpirun.openmpi mpirun)
set(PRORATA_MPIRUN_OPTIONS --oversubscribe --bind-to none)
# Containers run as root, have no ssh, and forbid what processes of one machine would read each other's memory with.
set(PRORATA_MPIRUN_ENVIRONMENT OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_plm=isolated
  OMPI_MCA_btl=self,vader OMPI_MCA_btl_vader_single_copy_mechanism=none)
set(PRORATA_TEST_MPI ON)
execute_process(COMMAND ${CMAKE_COMMAND} -E env ${PRORATA_MPIRUN_ENVIRONMENT} ${PRORATA_MPIRUN} ${PRORATA_MPIRUN_OPTIONS} -n 2 true
  RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(NOT PRORATA_MPIRUN OR NOT status EQUAL 0)
  message(NOTICE "NOT TESTED: teams of several processes; Open MPI's mpirun does not start any here: ${status}\n${said}")
  set(PRORATA_TEST_MPI OFF)
  return()
endif()
foreach(name IN LISTS array_tests)
  target_link_libraries(array_${name}_test PRIVATE prorata_mpi)
  target_compile_definitions(array_${name}_test PRIVATE PRORATA_TEST_MPI)
endforeach()
prorata_test(mpi FILE mpi/mpi_test.cpp LIBS prorata_mpi)

# prorata_mpi_test(NAME PROGRAM PROCESSES ARGUMENTS...)
function(prorata_mpi_test name program processes)
  add_test(NAME ${name} COMMAND ${PRORATA_MPIRUN} ${PRORATA_MPIRUN_OPTIONS} -n ${processes} $<TARGET_FILE:${program}> ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS "cpu;host;mpi" PROCESSORS 2
    ENVIRONMENT "${PRORATA_MPIRUN_ENVIRONMENT}")
endfunction()
foreach(processes IN ITEMS 2 4)
  prorata_mpi_test(mpi_${processes} mpi_test ${processes})
  foreach(name IN LISTS array_tests)
    prorata_mpi_test(mpi_array_${name}_${processes} array_${name}_test ${processes})
  endforeach()
endforeach()
# A process that does not come ends the job.
prorata_mpi_test(mpi_deadline mpi_test 2 --gtest_also_run_disabled_tests --gtest_filter=*does_not_come)
set_tests_properties(mpi_deadline PROPERTIES PASS_REGULAR_EXPRESSION "another process did not come within 300 ms; the job ends")
