// SPDX-License-Identifier: Apache-2.0
#include "crypto/password_hasher.hpp"
#include "crypto/rfb_secrets.hpp"
#include "crypto/sha256.hpp"
#include "crypto/system_random.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sys/stat.h>

namespace berth::crypto {
namespace {

PasswordHasherConfig cheap() {
    PasswordHasherConfig config;
    config.memory_bytes = 64 * 1024;
    config.passes = 1;
    return config;
}

class TemporaryFolder {
public:
    TemporaryFolder() {
        char path[] = "/tmp/berth-crypto-XXXXXX";
        path_ = ::mkdtemp(path);
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

bool is_right(PasswordHasher& hasher, const std::string& password, const std::string& stored) {
    auto answer = test::run_task(hasher.verify(Secret{password}, stored));
    EXPECT_TRUE(answer);
    return answer && *answer;
}

TEST(Sha256, MatchesTheVectorsOfTheStandard) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(
        sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

TEST(SystemRandom, GivesNoIdTwiceAndUsesEverySymbol) {
    SystemRandom random;
    std::set<std::string> seen;
    std::set<char> symbols;
    for (int i = 0; i < 10000; ++i) {
        auto id = make_session_id(random);
        symbols.insert(id.str().begin(), id.str().end());
        EXPECT_TRUE(seen.insert(id.str()).second);
    }
    EXPECT_EQ(symbols.size(), 32U);
}

TEST(PasswordHasher, AcceptsThePasswordAndNothingElse) {
    PasswordHasher hasher{cheap()};
    auto stored = test::run_task(hasher.hash(Secret{"correct horse"}));
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->rfind("$argon2id$", 0), 0U) << *stored;
    EXPECT_TRUE(is_right(hasher, "correct horse", *stored));
    for (const auto& wrong : {"", "correct hors", "correct horse ", "Correct horse"})
        EXPECT_FALSE(is_right(hasher, wrong, *stored)) << wrong;
}

TEST(PasswordHasher, AZeroByteIsPartOfThePassword) {
    PasswordHasher hasher{cheap()};
    const std::string password{"ab\0cd", 5};
    auto stored = test::run_task(hasher.hash(Secret{password}));
    ASSERT_TRUE(stored);
    EXPECT_TRUE(is_right(hasher, password, *stored));
    EXPECT_FALSE(is_right(hasher, "ab", *stored));
}

TEST(PasswordHasher, TheSamePasswordTwiceGivesTwoForms) {
    PasswordHasher hasher{cheap()};
    auto first = test::run_task(hasher.hash(Secret{"same"}));
    auto second = test::run_task(hasher.hash(Secret{"same"}));
    EXPECT_NE(*first, *second);
}

TEST(PasswordHasher, NobodysFormIsNeverRightNotEvenForTheDummysPassword) {
    PasswordHasher hasher{cheap()};
    EXPECT_FALSE(is_right(hasher, "not the password of anybody", ""));
    EXPECT_FALSE(is_right(hasher, "", ""));
    EXPECT_FALSE(is_right(hasher, "x", "garbage"));
}

TEST(PasswordHasher, KnowsWhenTheCostsHaveChanged) {
    PasswordHasher cheap_one{cheap()};
    auto dearer = cheap();
    dearer.passes = 2;
    PasswordHasher dear_one{dearer};
    auto stored = test::run_task(cheap_one.hash(Secret{"x"}));
    EXPECT_FALSE(cheap_one.needs_rehash(*stored));
    EXPECT_TRUE(dear_one.needs_rehash(*stored));
    EXPECT_TRUE(is_right(dear_one, "x", *stored));
}

TEST(PasswordHasher, TurnsCallersAwayWhenTheQueueIsFull) {
    auto config = cheap();
    config.longest_queue = 1;
    config.threads = 1;
    boost::asio::io_context context{1};
    PasswordHasher hasher{config};
    int refused = 0;
    int served = 0;
    for (int i = 0; i < 3; ++i) {
        boost::asio::co_spawn(
            context,
            hasher.hash(Secret{"x"}),
            [&](std::exception_ptr failure, Result<std::string> stored) {
                ASSERT_FALSE(failure);
                if (stored) {
                    ++served;
                } else {
                    ++refused;
                    EXPECT_EQ(stored.error().code(), Errc::rate_limited);
                    EXPECT_GT(stored.error().retry_after_s(), 0);
                }
            }
        );
    }
    context.run_for(test::hard_limit);
    EXPECT_EQ(served, 1);
    EXPECT_EQ(refused, 2);
    EXPECT_TRUE(test::run_task(hasher.hash(Secret{"x"}))) << "the place was given back";
}

TEST(RfbSecrets, AreTheSameAfterARestartAndDifferForEachGeneration) {
    SystemRandom random;
    TemporaryFolder folder;
    const auto file = folder.path() / "keys" / "master.key";
    auto first = RfbSecrets::open(file, random);
    ASSERT_TRUE(first) << describe(first.error());
    auto again = RfbSecrets::open(file, random);
    ASSERT_TRUE(again);
    const SessionId id{"aaaaaaaaaaaaaaaaaaaaaaaaaa"};
    const std::string secret{first->secret_of(id, 1).reveal()};
    EXPECT_EQ(secret.size(), 8U);
    EXPECT_TRUE(again->secret_of(id, 1).equals(secret));
    EXPECT_FALSE(first->secret_of(id, 2).equals(secret));
    EXPECT_FALSE(first->secret_of(SessionId{"baaaaaaaaaaaaaaaaaaaaaaaaa"}, 1).equals(secret));
    struct stat facts {};
    ASSERT_EQ(::stat(file.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 0600U);
    auto entries = std::filesystem::directory_iterator{file.parent_path()};
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << "no draft is left";
}

TEST(RfbSecrets, AnotherKeyGivesOtherSecrets) {
    SystemRandom random;
    TemporaryFolder folder;
    auto a = RfbSecrets::open(folder.path() / "a", random);
    auto b = RfbSecrets::open(folder.path() / "b", random);
    const SessionId id{"aaaaaaaaaaaaaaaaaaaaaaaaaa"};
    EXPECT_FALSE(a->secret_of(id, 1).equals(b->secret_of(id, 1).reveal()));
}

TEST(RfbSecrets, RefuseAKeyFileThatOthersCanRead) {
    SystemRandom random;
    TemporaryFolder folder;
    const auto file = folder.path() / "key";
    ASSERT_TRUE(RfbSecrets::open(file, random));
    for (auto mode : {0640U, 0604U, 0400U, 0700U, 0660U}) {
        ASSERT_EQ(::chmod(file.c_str(), mode), 0);
        auto opened = RfbSecrets::open(file, random);
        ASSERT_FALSE(opened) << mode;
        EXPECT_EQ(opened.error().code(), Errc::unavailable);
    }
}

TEST(RfbSecrets, RefuseAShortKeyALinkAndAFolder) {
    SystemRandom random;
    TemporaryFolder folder;
    const auto key = folder.path() / "short";
    std::ofstream{key} << "too short";
    ::chmod(key.c_str(), 0600);
    EXPECT_FALSE(RfbSecrets::open(key, random));
    const auto good = folder.path() / "good";
    ASSERT_TRUE(RfbSecrets::open(good, random));
    const auto link = folder.path() / "link";
    std::filesystem::create_symlink(good, link);
    EXPECT_FALSE(RfbSecrets::open(link, random));
    EXPECT_FALSE(RfbSecrets::open(folder.path(), random));
}

} // namespace
} // namespace berth::crypto
