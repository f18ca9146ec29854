# Finds nvcc and enables the language CUDA, for every directory of the project.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90)  # machine code for both, and PTX of the newest for what comes
endif()
if(NOT DEFINED CMAKE_CUDA_RUNTIME_LIBRARY)
  set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
endif()
if(NOT CMAKE_CUDA_COMPILER)
  find_program(PRORATA_NVCC nvcc HINTS ENV CUDACXX PATHS /usr/local/cuda/bin ENV CUDA_PATH PATH_SUFFIXES bin)
  if(NOT PRORATA_NVCC)
    message(FATAL_ERROR "PRORATA_CUDA is ON, and nvcc was not found. Set CUDACXX or put nvcc on PATH, or turn PRORATA_CUDA off.")
  endif()
  set(CMAKE_CUDA_COMPILER ${PRORATA_NVCC})
endif()
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)

# CMake before 3.25.2 does not know that this nvcc speaks C++20.
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  list(APPEND CMAKE_CUDA_COMPILE_FEATURES cuda_std_20)
endif()
