// SPDX-License-Identifier: Apache-2.0
#pragma once
// Small bridges between folders that must not know each other. Each gets its far side after
// construction, since the parts need one another in a circle; before that it does nothing.

#include "api/native/native_api.hpp"
#include "broker/session_service.hpp"
#include "crypto/rfb_secrets.hpp"
#include "gateway/admission.hpp"

#include <vector>

namespace berth::server {

class SecretsAdapter final : public broker::SecretSource {
public:
    explicit SecretsAdapter(crypto::RfbSecrets secrets)
        : secrets_{std::move(secrets)} {}
    Secret rfb_secret(const SessionId& session, int generation) const override {
        return secrets_.secret_of(session, generation);
    }

private:
    crypto::RfbSecrets secrets_;
};

class SinkAdapter final : public broker::EventSink {
public:
    void connect(api::native::NativeApi& api) { api_ = &api; }
    void session_changed(const session::Session& session) override {
        if (api_) api_->publish(session);
    }
    void host_changed(const HostId& host) override {
        if (api_) api_->publish(host);
    }

private:
    api::native::NativeApi* api_ = nullptr;
};

class ViewersAdapter final : public broker::Viewers {
public:
    // Desktops' tunnels and web endpoints each know their own.
    void connect(broker::Viewers& viewers) { all_.push_back(&viewers); }
    void close_session(const SessionId& session, session::EndReason reason) override {
        for (auto* viewers : all_) viewers->close_session(session, reason);
    }
    void close_login(std::string_view login_id) override {
        for (auto* viewers : all_) viewers->close_login(login_id);
    }

private:
    std::vector<broker::Viewers*> all_;
};

class AdmissionAdapter final : public gateway::Admission {
public:
    void connect(broker::SessionService& service) { service_ = &service; }
    net::Task<Result<gateway::Admitted>> admit(std::string ticket) override;
    void viewer_joined(const SessionId& session, session::Rights rights) override {
        if (service_) service_->viewer_joined(session, rights);
    }
    void viewer_left(const SessionId& session, session::Rights rights) override {
        if (service_) service_->viewer_left(session, rights);
    }
    void input_seen(const SessionId& session) override {
        if (service_) service_->input_seen(session);
    }

private:
    broker::SessionService* service_ = nullptr;
};

} // namespace berth::server
