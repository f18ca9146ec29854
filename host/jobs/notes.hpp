// What went as asked, but not quite: a line each, kept until somebody tells the user.
#pragma once

#include <string>
#include <vector>

namespace prorata::jobs {

/// From any thread. Only the first process of a job keeps it.
void note(std::string line);

/// All that were kept since the last call.
std::vector<std::string> take_notes();

}  // namespace prorata::jobs
