// SPDX-License-Identifier: Apache-2.0
#include "server/adapters.hpp"

namespace berth::server {

net::Task<Result<gateway::Admitted>> AdmissionAdapter::admit(std::string ticket) {
    if (!service_) co_return Error{Errc::shutting_down, "no service"};
    auto granted = service_->admit(ticket);
    if (!granted) co_return granted.error();
    gateway::Admitted admitted;
    admitted.session = granted->session.id;
    admitted.container = *granted->session.container;
    admitted.host = std::move(granted->host);
    admitted.protocol = granted->endpoint.protocol;
    admitted.port = granted->endpoint.port;
    admitted.rights = granted->rights;
    admitted.rfb_secret = std::move(granted->rfb_secret);
    admitted.login_id = granted->caller.login_id;
    co_return admitted;
}

} // namespace berth::server
