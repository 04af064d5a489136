// SPDX-License-Identifier: Apache-2.0
#include "net/tls_lab.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace berth::net {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Release<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<&X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<&X509_EXTENSION_free>>;
using File = std::unique_ptr<std::FILE, Release<&std::fclose>>;

void require(bool is_good, const char* what) {
    if (!is_good) throw std::runtime_error(std::string{"TestAuthority: "} + what);
}

// What a certificate says, beside its keys.
struct Words {
    std::string name;
    std::string alt_names; // empty: an authority
    long serial = 1;
    long valid_seconds = 3600;
};

void extend(X509* certificate, X509V3_CTX* context, int kind, const std::string& value) {
    Extension extension{X509V3_EXT_conf_nid(nullptr, context, kind, value.c_str())};
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

Certificate make(const Words& words, EVP_PKEY* own, X509* issuer, EVP_PKEY* issuer_key) {
    Certificate made{X509_new()};
    auto* x = made.get();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), words.serial);
    // Began a day ago, so that a negative life is an expired one.
    X509_gmtime_adj(X509_getm_notBefore(x), -24 * 3600);
    X509_gmtime_adj(X509_getm_notAfter(x), words.valid_seconds);
    auto* subject = X509_get_subject_name(x);
    const auto* text = reinterpret_cast<const unsigned char*>(words.name.c_str());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0);
    auto* signer = issuer != nullptr ? issuer : x;
    X509_set_issuer_name(x, X509_get_subject_name(signer));
    X509_set_pubkey(x, own);
    X509V3_CTX context;
    X509V3_set_ctx(&context, signer, x, nullptr, nullptr, 0);
    if (words.alt_names.empty()) {
        extend(x, &context, NID_basic_constraints, "critical,CA:TRUE");
        extend(x, &context, NID_key_usage, "critical,keyCertSign");
    } else {
        extend(x, &context, NID_subject_alt_name, words.alt_names);
    }
    require(X509_sign(x, issuer_key, EVP_sha256()) > 0, "signature");
    return made;
}

Key make_key() {
    Key key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
    require(key != nullptr, "key");
    return key;
}

void write(const std::string& path, X509* certificate) {
    const File file{std::fopen(path.c_str(), "w")};
    require(file && PEM_write_X509(file.get(), certificate) == 1, "write certificate");
}

void write(const std::string& path, EVP_PKEY* key) {
    const File file{std::fopen(path.c_str(), "w")};
    const bool is_written =
        file && PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
    require(is_written, "write key");
}

ssl::context context_for(const TlsPeer::Options& options) {
    ssl::context context{ssl::context::tls_server};
    context.use_certificate_chain_file(options.files.cert);
    context.use_private_key_file(options.files.key, ssl::context::pem);
    if (options.newest < TLS1_2_VERSION) {
        // Else OpenSSL itself would refuse, and not the client that is to be tested.
        SSL_CTX_set_security_level(context.native_handle(), 0);
        SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_VERSION);
    }
    SSL_CTX_set_max_proto_version(context.native_handle(), options.newest);
    if (!options.client_ca.empty()) {
        context.load_verify_file(options.client_ca);
        context.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    }
    return context;
}

} // namespace

struct TestAuthority::Keys {
    Key key;
    Certificate certificate;
};

TestAuthority::TestAuthority(std::string name)
    : keys_{std::make_unique<Keys>()} {
    char folder[] = "/tmp/berth-tls-XXXXXX";
    require(::mkdtemp(folder) != nullptr, "folder");
    directory_ = folder;
    ca_file_ = directory_ + "/ca.pem";
    Words words;
    words.name = std::move(name);
    keys_->key = make_key();
    keys_->certificate = make(words, keys_->key.get(), nullptr, keys_->key.get());
    write(ca_file_, keys_->certificate.get());
}

TestAuthority::~TestAuthority() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

TestAuthority::Files TestAuthority::issue(const std::string& alt_names, long valid_seconds) {
    Words words;
    words.serial = 2 + issued_;
    words.name = "test " + std::to_string(issued_);
    words.alt_names = alt_names;
    words.valid_seconds = valid_seconds;
    const auto stem = directory_ + "/" + std::to_string(issued_++);
    Files files{stem + "-cert.pem", stem + "-key.pem"};
    const auto key = make_key();
    const auto certificate = make(words, key.get(), keys_->certificate.get(), keys_->key.get());
    write(files.cert, certificate.get());
    write(files.key, key.get());
    return files;
}

TlsPeer::TlsPeer(asio::io_context& context, const Options& options, Script script)
    : context_{context}
    , tls_{context_for(options)}
    , acceptor_{context, {asio::ip::make_address("127.0.0.1"), 0}}
    , script_{script} {
    asio::co_spawn(context, accept_all(this), [](const std::exception_ptr&) {});
}

Task<void> TlsPeer::accept_all(TlsPeer* self) {
    while (true) {
        auto socket = co_await self->acceptor_.async_accept(asio::use_awaitable);
        ++self->accepted_;
        auto task = serve(self, std::move(socket));
        asio::co_spawn(self->context_, std::move(task), [](const std::exception_ptr&) {});
    }
}

Task<void> TlsPeer::serve(TlsPeer* self, asio::ip::tcp::socket raw) {
    Socket socket{std::move(raw), self->tls_};
    auto token = asio::as_tuple(asio::use_awaitable);
    auto [ec] = co_await socket.async_handshake(ssl::stream_base::server, token);
    if (ec) co_return;
    ++self->handshakes_;
    const auto* name = SSL_get_servername(socket.native_handle(), TLSEXT_NAMETYPE_host_name);
    self->server_name_ = name != nullptr ? name : "";
    self->has_client_certificate_ = SSL_get0_peer_certificate(socket.native_handle()) != nullptr;
    auto task = self->script_(socket);
    co_await std::move(task);
}

} // namespace berth::net
