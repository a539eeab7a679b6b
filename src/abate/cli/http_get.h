// HttpGet over libcurl, which is loaded on first use (dlopen): the program does not link it, so
// nobody pays for it who does not ask a BMC.
//
//     Result<HttpClient> client = HttpClient::open("bmc.example", {.user = "abate",
//                                                  .password_file = "/etc/abate/bmc"});
//     for (const std::string& note : client->notes()) context.note(note);
//     open_redfish(environment, client->base_url(), client->get());
//
// https unless the address itself says http://; http elsewhere than on this machine is allowed but
// noted, because the password travels readable. Certificates are always checked. Redirects are
// followed only to the same scheme, host and port; so are the URLs that get() accepts: credentials
// never leave for another host. Environment proxies are not used for this machine itself.
#pragma once

#include "abate/core/result.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::cli {

struct HttpOptions {
    std::string user{};           // empty: no credentials
    std::string password_file{};  // first line is the password
    std::string
        header_name{};  // "auth-token": sent with the first line of header_file; empty: none
    std::string header_file{};
    std::string ca_file{};  // PEM of the CA; empty: the system's
    std::int64_t timeout_ms = 10'000;
    // Where given: the seconds that the last answer's Retry-After asks for; empty: none. Shared with get().
    std::shared_ptr<std::optional<std::int64_t>> retry_after_s{};
    std::size_t most_bytes = 4u << 20;  // a longer body is refused
    std::string library = "libcurl.so.4";
};

// "https://host[:port]" parsed: what decides whether two URLs have one origin.
struct HttpOrigin {
    std::string scheme{};  // "https" or "http"
    std::string host{};    // lower case; an IPv6 address keeps its brackets
    int port = 0;          // the scheme's own when none is written
    bool operator==(const HttpOrigin&) const = default;
    [[nodiscard]] bool is_this_machine() const;  // localhost, 127.x.y.z, [::1]
};
// Errors: invalid_argument (no host, other scheme, user or password inside, port not 1..65535).
[[nodiscard]] Result<HttpOrigin> parse_origin(std::string_view url);

class HttpClient {
  public:
    // Checks the address, reads the password, loads the library. `address`: "bmc.example",
    // "https://bmc.example:8443/". Errors: invalid_argument, not_found and permission_denied
    // (password file), unavailable (no libcurl).
    static Result<HttpClient> open(std::string_view address, const HttpOptions& options);

    // Without a slash at its end.
    [[nodiscard]] const std::string& base_url() const noexcept { return base_url_; }
    // What the user should know, a sentence each.
    [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
    // GETs one URL of the same origin. Owns all it needs; one call at a time. Errors:
    // permission_denied (401, 403, certificate not trusted), not_found (404), unavailable (no
    // connection, time-out, 5xx), unsupported (redirect elsewhere), out_of_range (body too long),
    // io_error.
    [[nodiscard]] std::function<Result<std::string>(const std::string& url)> get() const;

  private:
    struct Session;
    HttpClient() = default;
    std::string base_url_;
    std::vector<std::string> notes_;
    std::shared_ptr<Session> session_;
};

// A GET that opens its client with the first URL (https when it names no scheme) and keeps to that
// URL's origin from then on. Nothing is loaded or read before. Errors: those of HttpClient.
[[nodiscard]] std::function<Result<std::string>(const std::string& url)> make_http_get(
    HttpOptions options);

// What the user should know of asking `address` with `options`, a sentence each; loads nothing.
[[nodiscard]] std::vector<std::string> http_notes(std::string_view address,
                                                  const HttpOptions& options);

}  // namespace abate::cli
