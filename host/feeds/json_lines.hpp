// json_lines: records that are a JSON object a line, as columns.
#pragma once

#include <host/events/record_parser.hpp>

namespace prorata::feeds {

/// A parser of newline-JSON (simdjson: its index of a block, and its On-Demand interface). The names of the schema are
/// members of the objects: strings are texts without their escapes, numbers are texts as they are written, so that a
/// record has the results of the same one in CSV; true and false are texts; null, and what is not there, is an empty
/// field. Of a name that is there twice, the last counts. Blank lines are skipped.
///   malformed  a line that is no object, or has bytes behind it; a list or an object in a column that is read. Members
///              that are not read are passed over: of them only strings and brackets are looked at
///   cost       a block of objects without mistakes is indexed as a whole, and names are compared with those of the
///              object before; in any other block each line is read alone
std::unique_ptr<events::record_parser> json_lines_parser(events::row_schema const& schema);

}  // namespace prorata::feeds
