// tcp: lines from a server that is connected to.
#pragma once

#include <host/events/block_source.hpp>
#include <host/feeds/address.hpp>
#include <memory>

namespace prorata::feeds {

/// What a server sends until it closes the connection. A source that is read slowly makes the server wait.
///   throws  communication_error: there is no such server, or it went away
std::unique_ptr<events::block_source> tcp_source(address const& where, events::text_form form,
                                                 index_t block_bytes, events::read_until until);

}  // namespace prorata::feeds
