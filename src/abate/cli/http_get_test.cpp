// Against a small BMC of our own on 127.0.0.1 (tests/fixtures/http/bmc_server.py).
#include "abate/cli/http_get.h"

#include "abate/meter/meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#if __has_include(<curl/curl.h>)
#include <curl/curl.h>
#endif

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

extern char** environ;

namespace abate::cli {
namespace {

using testing::HasSubstr;

std::string source_dir() {
    const char* dir = std::getenv("ABATE_SOURCE_DIR");
    return dir != nullptr ? dir : ".";
}

// A child process with its standard output piped to us; killed and reaped at the end.
class Server {
  public:
    explicit Server(const std::vector<std::string>& arguments = {}) {
        std::vector<std::string> words{"python3",
                                       source_dir() + "/tests/fixtures/http/bmc_server.py"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        int pipe_fds[2];
        if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return;
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], 1);
        if (::posix_spawnp(&pid_, "python3", &actions, nullptr, argv.data(), environ) != 0) {
            pid_ = -1;
        }
        posix_spawn_file_actions_destroy(&actions);
        ::close(pipe_fds[1]);
        FILE* out = ::fdopen(pipe_fds[0], "r");
        if (pid_ > 0 && std::fscanf(out, "%d", &port_) != 1) port_ = 0;
        std::fclose(out);
    }
    ~Server() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    [[nodiscard]] int port() const { return port_; }

  private:
    pid_t pid_ = -1;
    int port_ = 0;
};

class HttpGetTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "abate_http_XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        password_ = (folder_ / "password").string();
        std::ofstream(password_) << "secret\n";
        std::filesystem::permissions(
            password_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        if (!HttpClient::open("http://localhost", {}).has_value()) {
            GTEST_SKIP() << "libcurl.so.4 is not installed";
        }
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    // A client of the fake BMC.
    HttpClient client(const HttpOptions& options = {}) {
        if (!server_) server_ = std::make_unique<Server>();
        base_ = "http://127.0.0.1:" + std::to_string(server_->port());
        auto opened = HttpClient::open(base_, options);
        EXPECT_TRUE(opened.has_value()) << base_ << ": " << to_string(opened.error());
        return std::move(opened).value();
    }

    std::filesystem::path folder_;
    std::string password_;
    std::string base_;
    std::unique_ptr<Server> server_;
};

TEST(HttpOrigin, SchemeHostAndPortDecide) {
    const HttpOrigin plain = parse_origin("https://BMC.example/redfish").value();
    EXPECT_EQ(plain, parse_origin("https://bmc.example:443").value());
    EXPECT_NE(plain, parse_origin("http://bmc.example:443").value());
    EXPECT_NE(plain, parse_origin("https://bmc.example:8443").value());
    EXPECT_EQ(parse_origin("https://[fe80::1]:8443/x").value().host, "[fe80::1]");
    EXPECT_EQ(parse_origin("https://[fe80::1]:8443/x").value().port, 8443);
}

TEST(HttpOrigin, BadAddressesAreRefused) {
    for (const char* bad : {"bmc.example",
                            "ftp://bmc.example",
                            "https://",
                            "https://:443",
                            "https://user:secret@bmc.example",
                            "https://bmc.example:0",
                            "https://bmc.example:65536",
                            "https://bmc.example:x",
                            "https://bmc example",
                            "https://[::1",
                            "file:///etc/passwd"}) {
        const auto origin = parse_origin(bad);
        ASSERT_FALSE(origin.has_value()) << bad;
        EXPECT_EQ(origin.error().code, ErrorCode::invalid_argument) << bad;
    }
}

TEST(HttpOrigin, KnowsThisMachine) {
    EXPECT_TRUE(parse_origin("http://localhost:1").value().is_this_machine());
    EXPECT_TRUE(parse_origin("http://127.0.0.1").value().is_this_machine());
    EXPECT_TRUE(parse_origin("http://[::1]:80").value().is_this_machine());
    EXPECT_FALSE(parse_origin("http://127.evil.example").value().is_this_machine());
    EXPECT_FALSE(parse_origin("http://localhost.example").value().is_this_machine());
}

TEST(HttpClientOpen, WithoutLibcurlSaysWhatToInstall) {
    const auto client = HttpClient::open("bmc.example", {.library = "libcurl-not-here.so.4"});
    ASSERT_FALSE(client.has_value());
    EXPECT_EQ(client.error().code, ErrorCode::unavailable);
    EXPECT_THAT(client.error().hint, HasSubstr("libcurl4"));
}

TEST_F(HttpGetTest, HttpsIsTheDefaultAndPlainHttpIsNoted) {
    EXPECT_EQ(HttpClient::open("bmc.example/", {}).value().base_url(), "https://bmc.example");
    EXPECT_TRUE(HttpClient::open("bmc.example", {}).value().notes().empty());
    EXPECT_TRUE(HttpClient::open("http://localhost:8000", {}).value().notes().empty());
    const auto noted = HttpClient::open("http://bmc.example", {}).value();
    ASSERT_EQ(noted.notes().size(), 1u);
    EXPECT_THAT(noted.notes()[0], HasSubstr("not encrypted"));
}

TEST_F(HttpGetTest, PasswordFilesThatOthersMayReadAreNoted) {
    std::filesystem::permissions(password_, static_cast<std::filesystem::perms>(0644));
    const auto client =
        HttpClient::open("bmc.example", {.user = "abate", .password_file = password_}).value();
    ASSERT_EQ(client.notes().size(), 1u);
    EXPECT_THAT(client.notes()[0], HasSubstr("chmod 600 " + password_));
    const auto missing =
        HttpClient::open("bmc.example", {.user = "abate", .password_file = "/nonexistent"});
    EXPECT_EQ(missing.error().code, ErrorCode::not_found);
}

TEST_F(HttpGetTest, SendsUserAndPassword) {
    const auto with = client({.user = "abate", .password_file = password_});
    const auto welcome = with.get()(base_ + "/login");
    ASSERT_TRUE(welcome.has_value()) << to_string(welcome.error());
    EXPECT_EQ(*welcome, "welcome");
    const auto here = with.get()(base_ + "/here");  // redirect on the same host
    ASSERT_TRUE(here.has_value()) << to_string(here.error());
    EXPECT_EQ(*here, "welcome");
    const auto refused = client().get()(base_ + "/login");
    EXPECT_EQ(refused.error().code, ErrorCode::permission_denied);
    EXPECT_EQ(refused.error().hint, "The service wants a user and a password.");
}

TEST_F(HttpGetTest, NeverLeavesItsHost) {
    const auto one = client();
    EXPECT_EQ(one.get()(base_ + "/away").error().code, ErrorCode::unsupported);
    EXPECT_EQ(one.get()("http://127.0.0.2:1/").error().code, ErrorCode::unsupported);
    EXPECT_EQ(one.get()(base_ + "/round").error().code, ErrorCode::unsupported);
}

TEST_F(HttpGetTest, RefusalsAreTold) {
    const auto one = client({.most_bytes = 50'000});
    EXPECT_EQ(one.get()(base_ + "/nowhere").error().code, ErrorCode::not_found);
    EXPECT_EQ(one.get()(base_ + "/busy").error().code, ErrorCode::unavailable);
    EXPECT_EQ(one.get()(base_ + "/big").error().code, ErrorCode::out_of_range);
    const auto slow = client({.timeout_ms = 1000}).get()(base_ + "/slow");
    EXPECT_EQ(slow.error().code, ErrorCode::unavailable);
    EXPECT_EQ(slow.error().what, "no answer within 1000 ms");
    EXPECT_EQ(one.get()(base_ + "/redfish/v1/Chassis/1").has_value(), true);  // still usable
}

TEST_F(HttpGetTest, TellsHowLongARefusalAsksToWait) {
    const auto wait_s = std::make_shared<std::optional<std::int64_t>>();
    const auto one = client({.retry_after_s = wait_s});
    EXPECT_EQ(one.get()(base_ + "/later").error().code, ErrorCode::unavailable);
    EXPECT_EQ(*wait_s, 7);
    EXPECT_EQ(one.get()(base_ + "/busy").error().code, ErrorCode::unavailable);
    EXPECT_EQ(*wait_s, std::nullopt);
}

TEST_F(HttpGetTest, NobodyListeningIsUnavailable) {
    const auto one = client();
    server_.reset();
    EXPECT_EQ(one.get()(base_ + "/login").error().code, ErrorCode::unavailable);
}

TEST_F(HttpGetTest, CarriesRedfish) {
    const auto one = client();
    const auto plan = meter::find_redfish_power(one.get(), one.base_url());
    ASSERT_TRUE(plan.has_value());
    EXPECT_DOUBLE_EQ(meter::read_redfish_power(one.get(), *plan)->watts, 344);
}

TEST_F(HttpGetTest, TheLazyGetKeepsToItsFirstHost) {
    (void)client();
    const auto get = make_http_get({.user = "abate", .password_file = password_});
    EXPECT_TRUE(get(base_ + "/login").has_value());
    EXPECT_EQ(get("http://localhost:1/login").error().code, ErrorCode::unsupported);
    EXPECT_EQ(make_http_get({})("not a host").error().code, ErrorCode::invalid_argument);
}

TEST_F(HttpGetTest, ASelfSignedCertificateIsRefusedUnlessItsCaIsGiven) {
    const std::string key = (folder_ / "key.pem").string();
    const std::string certificate = (folder_ / "cert.pem").string();
    const std::string make =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        "-addext subjectAltName=IP:127.0.0.1 -keyout " +
        key + " -out " + certificate + " 2>/dev/null";
    if (std::system(make.c_str()) != 0) GTEST_SKIP() << "no openssl program to make a certificate";
    const Server server({certificate, key});
    const std::string base = "https://127.0.0.1:" + std::to_string(server.port());
    const auto strict = HttpClient::open(base, {}).value();
    const auto refused = strict.get()(base + "/redfish/v1/Chassis/1");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::permission_denied);
    EXPECT_THAT(refused.error().what, HasSubstr("certificate is not trusted"));
    const auto trusting = HttpClient::open(base, {.ca_file = certificate}).value();
    EXPECT_TRUE(trusting.get()(base + "/redfish/v1/Chassis/1").has_value());
}

#if __has_include(<curl/curl.h>)
// The numbers declared in http_get.cpp, against libcurl's own header.
static_assert(CURLOPT_TIMEOUT_MS == 155 && CURLOPT_CONNECTTIMEOUT_MS == 156);
static_assert(CURLOPT_SSL_VERIFYPEER == 64 && CURLOPT_SSL_VERIFYHOST == 81);
static_assert(CURLOPT_NOSIGNAL == 99 && CURLOPT_FOLLOWLOCATION == 52 && CURLOPT_HTTPAUTH == 107);
static_assert(CURLOPT_WRITEDATA == 10001 && CURLOPT_URL == 10002 && CURLOPT_ERRORBUFFER == 10010);
static_assert(CURLOPT_USERAGENT == 10018 && CURLOPT_CAINFO == 10065 && CURLOPT_HTTPHEADER == 10023);
static_assert(CURLOPT_USERNAME == 10173 && CURLOPT_PASSWORD == 10174 && CURLOPT_NOPROXY == 10177);
static_assert(CURLOPT_WRITEFUNCTION == 20011);
static_assert(CURLINFO_REDIRECT_URL == 0x10001F && CURLINFO_RESPONSE_CODE == 0x200002);
static_assert(CURLINFO_RETRY_AFTER == 0x600039 && sizeof(curl_off_t) == 8);
static_assert(CURLE_OPERATION_TIMEDOUT == 28 && CURLE_PEER_FAILED_VERIFICATION == 60);
static_assert(CURLE_SSL_CACERT_BADFILE == 77 && CURLE_SSL_CONNECT_ERROR == 35);
static_assert(CURLE_COULDNT_RESOLVE_HOST == 6 && CURLE_COULDNT_CONNECT == 7);
static_assert(CURLE_WRITE_ERROR == 23 && CURL_GLOBAL_ALL == 3 && CURL_ERROR_SIZE == 256);
static_assert(CURLPROTO_HTTP == 1 && CURLPROTO_HTTPS == 2 && CURLAUTH_BASIC == 1);
#endif

}  // namespace
}  // namespace abate::cli
