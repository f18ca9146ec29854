// The host backend: CPUs as devices. Everything it needs is a C++ compiler.
#pragma once

#include <host/count_digits.hpp>
#include <host/for_each.hpp>
#include <host/group_by.hpp>
#include <host/histogram.hpp>
#include <host/multisplit.hpp>
#include <host/reduce.hpp>
#include <host/reduce_found_runs.hpp>
#include <host/reduce_runs.hpp>
#include <host/scan.hpp>
#include <host/select.hpp>
#include <host/sort.hpp>
#include <host/stream.hpp>
#include <prorata/backend.hpp>

namespace prorata {

static_assert(backend<host::stream>);

}  // namespace prorata
