// SPDX-License-Identifier: Apache-2.0
#include "docker/secret_archive.hpp"

#include "docker/image_description.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

namespace berth::docker {
namespace {

using Archive = std::unique_ptr<archive, decltype(&archive_write_free)>;
using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

la_ssize_t append(archive*, void* target, const void* data, std::size_t size) {
    static_cast<std::string*>(target)->append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
}

} // namespace

Result<std::string> make_secret_archive(std::string_view path, int uid, const Secret& secret) {
    if (!is_plain_path(path) || uid < 0)
        return Error{Errc::invalid_input, "the secret's path or owner is not valid"};
    std::string tar;
    Archive writer{archive_write_new(), &archive_write_free};
    Entry entry{archive_entry_new(), &archive_entry_free};
    if (!writer || !entry) return Error{Errc::internal, "no archive writer"};
    archive_entry_set_pathname(entry.get(), std::string{path.substr(1)}.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(secret.reveal().size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0400);
    archive_entry_set_uid(entry.get(), uid);
    archive_entry_set_gid(entry.get(), uid);
    bool is_written =
        archive_write_set_format_pax_restricted(writer.get()) == ARCHIVE_OK &&
        archive_write_set_bytes_per_block(writer.get(), 0) == ARCHIVE_OK &&
        archive_write_open(writer.get(), &tar, nullptr, append, nullptr) == ARCHIVE_OK &&
        archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK &&
        archive_write_data(writer.get(), secret.reveal().data(), secret.reveal().size()) ==
            static_cast<la_ssize_t>(secret.reveal().size()) &&
        archive_write_close(writer.get()) == ARCHIVE_OK;
    if (!is_written) return Error{Errc::internal, "the secret's archive could not be written"};
    return tar;
}

} // namespace berth::docker
