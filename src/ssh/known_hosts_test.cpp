// SPDX-License-Identifier: Apache-2.0
#include "ssh/known_hosts.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace berth::ssh {
namespace {

namespace fs = std::filesystem;

// Made for these tests; nobody has their private halves.
constexpr const char* blob_one =
    "AAAAC3NzaC1lZDI1NTE5AAAAIMiHKkli7G9rkPnz8jAjZfuq0y2GwKwY2ZwINsa75nrq";
constexpr const char* blob_two =
    "AAAAC3NzaC1lZDI1NTE5AAAAIFUL2CfQsM+G5m3uAEzINmtisCEW/U+1Dc3ClHOqTszp";
constexpr const char* print_one = "SHA256:TX1gjcZXG1xMAyCpywzMvmsPcqV8reIsUUCe25XCDfE";
constexpr const char* hashed_rack =
    "|1|ps321vDusBFrnT1E+t7vR87L2u4=|lVUTuK94xtEUJTCNn/EXF9C34lE="; // by ssh-keygen -H: rack-1

HostKey key(const char* blob) {
    HostKey one;
    one.type = "ssh-ed25519";
    one.blob = blob;
    one.fingerprint = fingerprint_of(blob);
    return one;
}

std::string line(const std::string& patterns, const char* blob) {
    return patterns + " ssh-ed25519 " + blob + "\n";
}

TEST(KnownHosts, FingerprintsAreThoseOfSshKeygen) {
    EXPECT_EQ(fingerprint_of(blob_one), print_one);
    for (const char* bad : {"", "A", "no base64!!!", "AAAA AAAA", "===="})
        EXPECT_EQ(fingerprint_of(bad), "") << bad;
}

TEST(KnownHosts, NamesHaveTheirPortWhereItIsAnother) {
    EXPECT_EQ(key_name("Rack-1", 22), "rack-1");
    EXPECT_EQ(key_name("rack-1", 2222), "[rack-1]:2222");
    EXPECT_EQ(key_name("fe80::1", 22), "fe80::1");
    EXPECT_EQ(key_name("FE80::1", 23), "[fe80::1]:23");
}

TEST(KnownHosts, PatternsFitAsSshReadsThem) {
    struct Row {
        const char* patterns;
        const char* name;
        bool fits;
    };
    const std::array rows{
        Row{"rack-1", "rack-1", true},
        Row{"RACK-1", "rack-1", true},
        Row{"rack-1", "rack-10", false},
        Row{"rack-1", "[rack-1]:2222", false},
        Row{"[rack-1]:2222", "[rack-1]:2222", true},
        Row{"other,rack-1", "rack-1", true},
        Row{"rack-*", "rack-17", true},
        Row{"rack-?", "rack-17", false},
        Row{"*", "anything", true},
        Row{"*-1", "rack-1", true},
        Row{"r*k*1", "rack-1", true},
        Row{"r*k*2", "rack-1", false},
        Row{"rack-*,!rack-1", "rack-1", false},
        Row{"!rack-1,rack-*", "rack-1", false},
        Row{"!rack-1", "rack-2", false},
        Row{",", "rack-1", false},
        Row{"|1|", "rack-1", false},
        Row{"|1|x|y", "rack-1", false},
        Row{hashed_rack, "rack-1", true},
        Row{hashed_rack, "rack-2", false},
    };
    for (const auto& row : rows)
        EXPECT_EQ(find_known(line(row.patterns, blob_one), row.name).size(), row.fits ? 1U : 0U)
            << row.patterns << " for " << row.name;
}

TEST(KnownHosts, BrokenLinesSayNothing) {
    for (const char* text :
         {"",
          "\n\n",
          "# rack-1 ssh-ed25519 AAAA",
          "rack-1",
          "rack-1 ssh-ed25519",
          "@unknown rack-1 ssh-ed25519 AAAA",
          "@revoked",
          "@revoked rack-1"})
        EXPECT_TRUE(find_known(text, "rack-1").empty()) << text;
    auto found = find_known("garbage\n\t rack-1   ssh-ed25519\tAAAA  a comment\r\n", "rack-1");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].type, "ssh-ed25519");
    EXPECT_EQ(found[0].blob, "AAAA");
    // No pattern of somebody else's file takes for ever.
    std::string stars;
    for (int i = 0; i < 2000; ++i)
        stars += "*a";
    EXPECT_TRUE(find_known(line(stars + "b", blob_one), std::string(3000, 'a')).empty());
}

TEST(KnownHosts, MarkersAreKept) {
    auto found = find_known(
        "@revoked * ssh-ed25519 A\n@cert-authority *.org ssh-ed25519 B\nh.org ssh-ed25519 C\n",
        "h.org"
    );
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].marker, KnownKey::Marker::revoked);
    EXPECT_EQ(found[1].marker, KnownKey::Marker::authority);
    EXPECT_EQ(found[2].marker, KnownKey::Marker::none);
}

TEST(KnownHosts, AHashedLineHidesTheNameAndFindsItAgain) {
    auto text = known_line("rack-1", key(blob_one), NameForm::hashed);
    EXPECT_EQ(text.find("rack"), std::string::npos);
    EXPECT_NE(text, known_line("rack-1", key(blob_one), NameForm::hashed))
        << "each has its own salt";
    EXPECT_EQ(find_known(text, "rack-1").size(), 1U);
    EXPECT_TRUE(find_known(text, "rack-2").empty());
    EXPECT_EQ(without_name(text, "rack-1"), "");
    EXPECT_EQ(without_name(text, "rack-2"), text);
}

TEST(KnownHosts, OnlyTheLinesOfExactlyThisNameAreTakenOut) {
    std::string text = "# a comment\n" + line("rack-1", blob_one) + line("rack-*", blob_one) +
                       line("rack-1,rack-2", blob_one) + "@revoked rack-1 ssh-ed25519 AAAA\n" +
                       line("RACK-1", blob_two);
    EXPECT_EQ(
        without_name(text, "rack-1"),
        "# a comment\n" + line("rack-*", blob_one) + line("rack-1,rack-2", blob_one) +
            "@revoked rack-1 ssh-ed25519 AAAA\n"
    );
}

class KnownHostsFiles : public testing::Test {
protected:
    KnownHostsFiles() {
        std::array<char, 32> name{"/tmp/berth-known-XXXXXX"};
        folder = ::mkdtemp(name.data());
        target.key_name = "rack-1";
        target.known_hosts = {path("user"), path("system")};
    }
    ~KnownHostsFiles() override { fs::remove_all(folder); }
    std::string path(const std::string& leaf) const { return folder + "/" + leaf; }
    void write(const std::string& leaf, const std::string& text) const {
        std::ofstream{path(leaf), std::ios::trunc} << text;
    }
    std::string read(const std::string& leaf) const {
        std::ostringstream text;
        text << std::ifstream{path(leaf)}.rdbuf();
        return text.str();
    }

    std::string folder;
    Target target;
};

TEST_F(KnownHostsFiles, TheVerdictFollowsFromTheFiles) {
    struct Row {
        std::string own, user, system;
        KeyVerdict verdict;
    };
    const auto one = line("rack-1", blob_one), two = line("rack-1", blob_two);
    const auto rsa = std::string{"rack-1 ssh-rsa AAAAB3NzaC1yc2E=\n"};
    const std::string revoked = "@revoked * ssh-ed25519 " + std::string{blob_one} + "\n";
    const std::vector<Row> rows{
        {"", "", "", KeyVerdict::unknown},
        {one, "", "", KeyVerdict::ok},
        {"", one, "", KeyVerdict::ok},
        {"", "", one, KeyVerdict::ok},
        {two, "", "", KeyVerdict::changed},
        {"", two, "", KeyVerdict::changed},
        {"", two, one, KeyVerdict::ok},
        {two, one, one, KeyVerdict::changed}, // where ours speaks it alone decides
        {one, two, two, KeyVerdict::ok},
        {two + one, "", "", KeyVerdict::ok},
        {rsa, "", "", KeyVerdict::changed}, // another type than the known one
        {one + revoked, "", "", KeyVerdict::revoked},
        {one, revoked, "", KeyVerdict::revoked}, // revoked anywhere
        {"", "", revoked, KeyVerdict::revoked},
        {"@cert-authority * ssh-ed25519 " + std::string{blob_one} + "\n",
         "",
         "",
         KeyVerdict::unknown},
        {"garbage\n", "garbage", "\n", KeyVerdict::unknown},
    };
    KnownHosts own{path("own")};
    for (const auto& row : rows) {
        write("own", row.own);
        write("user", row.user);
        write("system", row.system);
        EXPECT_EQ(own.check(target, key(blob_one)).verdict, row.verdict) << row.own << "--\n"
                                                                         << row.user << "--\n"
                                                                         << row.system;
    }
}

TEST_F(KnownHostsFiles, AChangedKeyComesWithTheExpectedOne) {
    KnownHosts own{path("own")};
    write("own", "rack-1 ssh-rsa AAAAB3NzaC1yc2E=\n" + line("rack-1", blob_two));
    auto check = own.check(target, key(blob_one));
    EXPECT_EQ(check.verdict, KeyVerdict::changed);
    EXPECT_EQ(check.known.blob, blob_two) << "of the same type";
    EXPECT_EQ(check.known.fingerprint, fingerprint_of(blob_two));
}

TEST_F(KnownHostsFiles, AFileOfOursThatCannotBeReadTrustsNobody) {
    fs::create_directory(path("own"));
    write("user", line("rack-1", blob_one));
    KnownHosts own{path("own")};
    EXPECT_EQ(own.check(target, key(blob_one)).verdict, KeyVerdict::unknown);
    EXPECT_FALSE(own.put("rack-1", key(blob_one)));
    EXPECT_FALSE(KnownHosts{""}.put("rack-1", key(blob_one)));
    EXPECT_FALSE(KnownHosts{path("nowhere/own")}.put("rack-1", key(blob_one)));
}

TEST_F(KnownHostsFiles, APutKeyIsTheOnlyOneOfItsName) {
    KnownHosts own{path("own")};
    write("own", line("rack-1", blob_two) + line("rack-2", blob_two));
    ASSERT_TRUE(own.put("rack-1", key(blob_one)));
    EXPECT_EQ(read("own"), line("rack-2", blob_two) + line("rack-1", blob_one));
    struct stat info {};
    ASSERT_EQ(::stat(path("own").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0600U);
    EXPECT_FALSE(fs::exists(path("own.new")));
    ASSERT_TRUE(own.put("rack-1", key(blob_one), NameForm::hashed));
    EXPECT_EQ(own.check(target, key(blob_one)).verdict, KeyVerdict::ok);
    ASSERT_TRUE(own.forget("rack-1"));
    EXPECT_EQ(read("own"), line("rack-2", blob_two));
}

TEST_F(KnownHostsFiles, TheTypesToOfferFirstAreTheKnownOnes) {
    KnownHosts own{path("own")};
    write(
        "user",
        "rack-1 ssh-rsa AAAA\n" + line("rack-1", blob_one) +
            "@revoked rack-1 ecdsa-sha2-nistp256 AAAA\n"
    );
    EXPECT_EQ(own.known_types(target), (std::vector<std::string>{"ssh-rsa", "ssh-ed25519"}));
    write("own", line("rack-1", blob_one));
    EXPECT_EQ(own.known_types(target), std::vector<std::string>{"ssh-ed25519"});
    target.key_name = "rack-2";
    EXPECT_TRUE(own.known_types(target).empty());
}

} // namespace
} // namespace berth::ssh
