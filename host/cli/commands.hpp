// The commands of `prorata`: each reads its own arguments and returns when its output is complete.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace prorata::cli {

using arguments = std::vector<std::string>;

void argsort_command(arguments const& args);
void devices_command(arguments const& args);
void generate_command(arguments const& args);
void groupby_command(arguments const& args);
void histogram_command(arguments const& args);
void map_command(arguments const& args);
void plan_command(arguments const& args);
void quantile_command(arguments const& args);
void reduce_command(arguments const& args);
void scan_command(arguments const& args);
void select_command(arguments const& args);
void sort_command(arguments const& args);
void stats_command(arguments const& args);
void topk_command(arguments const& args);
void unique_command(arguments const& args);

/// The manual, help.md, or the section of one command.
///   throws  usage_error when there is no such command
std::string help_text(std::string const& command);

}  // namespace prorata::cli
