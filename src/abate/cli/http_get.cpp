#include "abate/cli/http_get.h"

#include "abate/core/read_file.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace abate::cli {
namespace {

// The part of libcurl's easy interface that is used. The numbers are fixed for the life of
// libcurl.so.4 (curl/curl.h: long options from 0, pointers from 10000, functions from 20000).
using CurlHandle = void;
using CurlList = void;
using CurlCode = int;
using CurlWrite = std::size_t (*)(char*, std::size_t, std::size_t, void*);

enum CurlOption : int {
    curl_timeout_ms = 155,
    curl_connect_timeout_ms = 156,
    curl_ssl_verify_peer = 64,
    curl_ssl_verify_host = 81,
    curl_no_signal = 99,
    curl_follow_location = 52,
    curl_http_auth = 107,
    curl_protocols = 181,
    curl_write_data = 10001,
    curl_url = 10002,
    curl_error_buffer = 10010,
    curl_user_agent = 10018,
    curl_http_header = 10023,
    curl_ca_info = 10065,
    curl_user_name = 10173,
    curl_password = 10174,
    curl_no_proxy = 10177,
    curl_write_function = 20011,
};
enum CurlInfo : int {
    curl_redirect_url = 0x100000 + 31,
    curl_response_code = 0x200000 + 2,
    curl_retry_after = 0x600000 + 57,  // seconds, of a date too; since 7.66, unknown before
};
enum CurlError : CurlCode {
    curl_ok = 0,
    curl_no_host = 6,
    curl_no_connection = 7,
    curl_write_refused = 23,
    curl_timed_out = 28,
    curl_tls_failed = 35,
    curl_certificate_refused = 60,
    curl_ca_file_bad = 77,
};
constexpr long kCurlProtocolHttp = 1;
constexpr long kCurlProtocolHttps = 2;
constexpr long kCurlAuthBasic = 1;
constexpr long kCurlGlobalAll = 3;
constexpr std::size_t kCurlErrorSize = 256;
constexpr int kMostRedirects = 3;

// libcurl's functions, looked up by name. Never unloaded: it keeps state in threads.
struct Curl {
    CurlCode (*global_init)(long) = nullptr;
    CurlHandle* (*easy_init)() = nullptr;
    CurlCode (*easy_setopt)(CurlHandle*, int, ...) = nullptr;
    CurlCode (*easy_perform)(CurlHandle*) = nullptr;
    CurlCode (*easy_getinfo)(CurlHandle*, int, ...) = nullptr;
    void (*easy_reset)(CurlHandle*) = nullptr;
    void (*easy_cleanup)(CurlHandle*) = nullptr;
    const char* (*easy_strerror)(CurlCode) = nullptr;
    CurlList* (*slist_append)(CurlList*, const char*) = nullptr;
    void (*slist_free_all)(CurlList*) = nullptr;
};

template <class F>
bool look_up(void* library, const char* name, F& function) {
    function = reinterpret_cast<F>(::dlsym(library, name));
    return function != nullptr;
}

Result<Curl> load_curl(const std::string& name) {
    const auto refuse = [](const char* why) {
        return Error{ErrorCode::unavailable,
                     "libcurl cannot be loaded",
                     why != nullptr ? why : "",
                     "Install the package libcurl4; it is needed only to ask a BMC over Redfish, "
                     "or a service "
                     "for live carbon intensity."};
    };
    void* library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return refuse(::dlerror());
    Curl curl;
    const bool whole = look_up(library, "curl_global_init", curl.global_init) &&
                       look_up(library, "curl_easy_init", curl.easy_init) &&
                       look_up(library, "curl_easy_setopt", curl.easy_setopt) &&
                       look_up(library, "curl_easy_perform", curl.easy_perform) &&
                       look_up(library, "curl_easy_getinfo", curl.easy_getinfo) &&
                       look_up(library, "curl_easy_reset", curl.easy_reset) &&
                       look_up(library, "curl_easy_cleanup", curl.easy_cleanup) &&
                       look_up(library, "curl_easy_strerror", curl.easy_strerror) &&
                       look_up(library, "curl_slist_append", curl.slist_append) &&
                       look_up(library, "curl_slist_free_all", curl.slist_free_all);
    if (!whole) return refuse(::dlerror());
    if (curl.global_init(kCurlGlobalAll) != curl_ok) return refuse("curl_global_init failed");
    return curl;
}

// What a transfer writes into; refuses more than `most`.
struct Body {
    std::string text;
    std::size_t most = 0;
};

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): libcurl's signature; only the product counts
std::size_t write_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto* body = static_cast<Body*>(user);
    const std::size_t bytes = size * count;
    if (body->text.size() + bytes > body->most) return 0;
    body->text.append(data, bytes);
    return bytes;
}

// libcurl writes user and password into the URL that a relative redirect leads to; they must
// neither be compared nor printed.
std::string without_user(std::string url) {
    const std::size_t start = url.find("://");
    if (start == std::string::npos) return url;
    const std::size_t end = std::min(url.find_first_of("/?#", start + 3), url.size());
    const std::size_t at = url.rfind('@', end);
    if (at != std::string::npos && at > start) url.erase(start + 3, at - start - 2);
    return url;
}

// The password or token: the first line of the file.
// `word` says in an error what the file should hold.
Result<std::string> read_password(const std::string& path, const char* word = "password") {
    constexpr std::size_t kMostPasswordBytes = std::size_t{64} << 10;
    const Result<std::string> text = read_regular_file(path, kMostPasswordBytes);
    if (!text) {
        Error error = text.error();
        constexpr std::string_view kSaid = "cannot read the file: ";
        if (error.what.starts_with(kSaid)) error.what.erase(0, kSaid.size());
        error.what = std::string("the ") + word + " file cannot be read: " + error.what;
        error.hint = std::string("It should hold the ") + word + " on its first line";
        return error;
    }
    std::string password = text->substr(0, text->find('\n'));
    if (!password.empty() && password.back() == '\r') password.pop_back();
    if (password.empty()) {
        return Error{ErrorCode::invalid_argument,
                     std::string("the ") + word + " file is empty",
                     path,
                     std::string("Write the ") + word + " on its first line"};
    }
    return password;
}

// "https://" before an address without scheme, and no slash behind it.
std::string whole_address(std::string_view address) {
    std::string url(address);
    if (url.find("://") == std::string::npos) url = "https://" + url;
    while (url.ends_with('/')) url.pop_back();
    return url;
}

}  // namespace

bool HttpOrigin::is_this_machine() const {
    return host == "localhost" || host == "[::1]" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

Result<HttpOrigin> parse_origin(std::string_view url) {
    const auto refuse = [url](const char* what) {
        return Error{ErrorCode::invalid_argument,
                     what,
                     std::string(url),
                     "Write it as https://bmc.example or https://bmc.example:8443."};
    };
    HttpOrigin origin;
    const std::size_t colon = url.find("://");
    if (colon == std::string_view::npos) return refuse("the address has no scheme");
    origin.scheme = url.substr(0, colon);
    if (origin.scheme != "https" && origin.scheme != "http") {
        return refuse("the address is neither https nor http");
    }
    std::string_view rest = url.substr(colon + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    if (rest.find('@') != std::string_view::npos) {
        return refuse("the address must not hold a user or password");
    }
    const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : 0;
    if (bracket == std::string_view::npos) return refuse("the IPv6 address is not closed");
    const std::size_t port = rest.find(':', bracket);
    const std::string_view host = rest.substr(0, port);
    if (host.empty()) return refuse("the address has no host");
    for (const char c : host) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '[' ||
                           c == ']' || c == ':';
        if (!plain) return refuse("the host has a character that no host name has");
        origin.host.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    origin.port = origin.scheme == "https" ? 443 : 80;
    if (port != std::string_view::npos) {
        const std::string_view digits = rest.substr(port + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), origin.port);
        const bool whole = error == std::errc{} && end == digits.data() + digits.size();
        if (!whole || origin.port < 1 || origin.port > 65535) {
            return refuse("the port is not 1 to 65535");
        }
    }
    return origin;
}

// One connection to one origin, kept open between requests.
struct HttpClient::Session {
    Curl curl;
    CurlHandle* handle = nullptr;
    HttpOrigin origin;
    HttpOptions options;
    std::string password;
    CurlList* headers = nullptr;

    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() {
        if (handle != nullptr) curl.easy_cleanup(handle);
        if (headers != nullptr) curl.slist_free_all(headers);
    }

    Result<std::string> get(const std::string& url) {
        std::string at = url;
        for (int i = 0; i <= kMostRedirects; ++i) {
            const Result<HttpOrigin> to = parse_origin(at);
            if (!to) return to.error();
            if (*to != origin) {
                return Error{ErrorCode::unsupported,
                             i == 0 ? "the URL is of another host than the service"
                                    : "the service redirects to another host",
                             at,
                             "Credentials are not sent there; name that host itself."};
            }
            std::string redirect;
            Result<std::string> body = get_once(at, redirect);
            if (!body || redirect.empty()) return body;
            at = redirect;
        }
        return Error{ErrorCode::unsupported, "the service redirects without end", url, ""};
    }

  private:
    void prepare(const std::string& url, Body& body, char* error_text) {
        curl.easy_reset(handle);
        const auto set = [this](CurlOption option, auto value) {
            curl.easy_setopt(handle, option, value);
        };
        set(curl_url, url.c_str());
        set(curl_error_buffer, error_text);
        set(curl_write_function, CurlWrite{write_body});
        set(curl_write_data, static_cast<void*>(&body));
        set(curl_user_agent, "abate");
        set(curl_no_signal, 1L);  // time-outs without SIGALRM: this runs on a thread
        set(curl_timeout_ms, static_cast<long>(options.timeout_ms));
        set(curl_connect_timeout_ms, static_cast<long>(options.timeout_ms));
        set(curl_follow_location, 0L);
        set(curl_protocols, origin.scheme == "https" ? kCurlProtocolHttps : kCurlProtocolHttp);
        set(curl_ssl_verify_peer, 1L);
        set(curl_ssl_verify_host, 2L);
        if (!options.ca_file.empty()) set(curl_ca_info, options.ca_file.c_str());
        if (origin.is_this_machine()) set(curl_no_proxy, "*");
        if (headers != nullptr) set(curl_http_header, headers);
        if (!options.user.empty()) {
            set(curl_http_auth, kCurlAuthBasic);
            set(curl_user_name, options.user.c_str());
            set(curl_password, password.c_str());
        }
    }

    // One request; `redirect` is where the service sends on to, if it does.
    Result<std::string> get_once(const std::string& url, std::string& redirect) {
        std::array<char, kCurlErrorSize> text{};
        Body body{.text = {}, .most = options.most_bytes};
        if (options.retry_after_s) options.retry_after_s->reset();
        prepare(url, body, text.data());
        const CurlCode code = curl.easy_perform(handle);
        if (code != curl_ok) {
            return transfer_error(
                code, text[0] != '\0' ? text.data() : curl.easy_strerror(code), url);
        }
        long status = 0;
        curl.easy_getinfo(handle, curl_response_code, &status);
        if (status >= 300 && status < 400) {
            const char* to = nullptr;
            curl.easy_getinfo(handle, curl_redirect_url, &to);
            if (to != nullptr) redirect = without_user(to);
            if (!redirect.empty()) return std::string{};
        }
        std::int64_t wait_s = 0;
        if (options.retry_after_s &&
            curl.easy_getinfo(handle, curl_retry_after, &wait_s) == curl_ok && wait_s > 0)
            *options.retry_after_s = wait_s;
        if (status < 200 || status >= 300) return status_error(status, url);
        return std::move(body.text);
    }

    [[nodiscard]] Error transfer_error(CurlCode code,
                                       const char* text,
                                       const std::string& url) const {
        switch (code) {
            case curl_timed_out:
                return {ErrorCode::unavailable,
                        "no answer within " + std::to_string(options.timeout_ms) + " ms",
                        url,
                        ""};
            case curl_no_host:
                return {ErrorCode::unavailable, "the host name is not known", url, ""};
            case curl_no_connection:
                return {ErrorCode::unavailable, std::string("no connection: ") + text, url, ""};
            case curl_certificate_refused:
            case curl_ca_file_bad:
                return {ErrorCode::permission_denied,
                        std::string("the certificate is not trusted: ") + text,
                        url,
                        "Give the BMC a certificate of your CA and add that CA to the system's "
                        "(update-ca-certificates)."};
            case curl_tls_failed:
                return {ErrorCode::io_error, std::string("TLS failed: ") + text, url, ""};
            case curl_write_refused:
                return {
                    ErrorCode::out_of_range,
                    "the answer is longer than " + std::to_string(options.most_bytes) + " bytes",
                    url,
                    ""};
            default:
                return {ErrorCode::io_error, text, url, ""};
        }
    }

    [[nodiscard]] Error status_error(long status, const std::string& url) const {
        const std::string what = "HTTP status " + std::to_string(status);
        if (status == 401 || status == 403) {
            return {ErrorCode::permission_denied,
                    what,
                    url,

                    !options.header_name.empty() ? "The service refuses the token."
                    : options.user.empty()       ? "The service wants a user and a password."
                                           : "The service refuses user '" + options.user + "'."};
        }
        if (status == 404) return {ErrorCode::not_found, what, url, ""};
        constexpr long kTooManyRequests = 429;
        if (status == kTooManyRequests) return {ErrorCode::unavailable, what, url, ""};
        return {status >= 500 ? ErrorCode::unavailable : ErrorCode::io_error, what, url, ""};
    }
};

Result<HttpClient> HttpClient::open(std::string_view address, const HttpOptions& options) {
    const std::string url = whole_address(address);
    const Result<HttpOrigin> origin = parse_origin(url);
    if (!origin) return origin.error();
    HttpClient client;
    client.base_url_ = url;
    client.session_ = std::make_shared<Session>();
    Session& session = *client.session_;
    session.origin = *origin;
    session.options = options;
    if (!options.user.empty()) {
        Result<std::string> password = read_password(options.password_file);
        if (!password) return password.error();
        session.password = std::move(*password);
    }
    client.notes_ = http_notes(url, options);
    Result<Curl> curl = load_curl(options.library);
    if (!curl) return curl.error();
    session.curl = *curl;
    if (!options.header_name.empty()) {
        if (origin->scheme == "http" && !origin->is_this_machine()) {
            return Error{ErrorCode::permission_denied,
                         "the token would travel readable",
                         url,
                         "Write https://"};
        }
        const Result<std::string> token = read_password(options.header_file, "token");
        if (!token) return token.error();
        session.headers =
            session.curl.slist_append(nullptr, (options.header_name + ": " + *token).c_str());
    }
    session.handle = session.curl.easy_init();
    if (session.handle == nullptr) {
        return Error{ErrorCode::unavailable, "libcurl gave no handle", "", ""};
    }
    return client;
}

std::function<Result<std::string>(const std::string& url)> HttpClient::get() const {
    return [session = session_](const std::string& url) { return session->get(url); };
}

std::function<Result<std::string>(const std::string& url)> make_http_get(HttpOptions options) {
    struct Lazy {
        HttpOptions options;
        std::optional<HttpClient> client;
    };
    auto lazy = std::make_shared<Lazy>();
    lazy->options = std::move(options);
    return [lazy](const std::string& address) -> Result<std::string> {
        const std::string url = whole_address(address);
        if (!lazy->client) {
            Result<HttpClient> client = HttpClient::open(url, lazy->options);
            if (!client) return client.error();
            lazy->client = std::move(client).value();
        }
        return lazy->client->get()(url);
    };
}

std::vector<std::string> http_notes(std::string_view address, const HttpOptions& options) {
    std::vector<std::string> notes;
    const std::string url = whole_address(address);
    const Result<HttpOrigin> origin = parse_origin(url);
    struct stat status {};
    if (!options.user.empty() && ::stat(options.password_file.c_str(), &status) == 0 &&
        (status.st_mode & 077) != 0) {
        notes.push_back("other users may read " + options.password_file + "; chmod 600 " +
                        options.password_file + " closes it");
    }
    if (origin && origin->scheme == "http" && !origin->is_this_machine()) {
        notes.push_back(url + " is not encrypted" +
                        (options.user.empty() ? "" : ": the password travels readable") +
                        "; write https:// where the BMC offers it");
    }
    return notes;
}

}  // namespace abate::cli
