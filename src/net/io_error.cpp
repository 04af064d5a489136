// SPDX-License-Identifier: Apache-2.0
#include "net/io_error.hpp"

#include <boost/asio/error.hpp>

#include <cerrno>
#include <string>

namespace berth::net {
namespace {

// Defects of ours; whatever else a socket reports is a story about the other side or the way to it.
bool is_own_defect(const boost::system::error_code& ec) {
    if (ec.category() != boost::system::system_category()) return false;
    switch (ec.value()) {
    case EINVAL:
    case EFAULT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS: return true;
    default: return false;
    }
}

} // namespace

Error translate_io(const boost::system::error_code& ec, std::string_view doing) {
    auto text = std::string{doing} + ": " + ec.message();
    if (ec == boost::asio::error::operation_aborted || ec == boost::asio::error::bad_descriptor)
        return Error{Errc::ended, std::string{doing} + ": closed on this side"};
    return Error{is_own_defect(ec) ? Errc::internal : Errc::host_unreachable, std::move(text)};
}

} // namespace berth::net
