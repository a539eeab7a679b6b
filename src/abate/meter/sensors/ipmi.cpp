#include "abate/meter/sensors/ipmi.h"

#include "abate/meter/sensors/sensors.h"
#include "abate/meter/sensors/slow_poll.h"

#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace abate::meter {
namespace {

constexpr std::size_t kDcmiResponse = 19;
// No single node draws more (NVIDIA states 14.3 kW for the DGX B200); the field itself ends at
// 65,535 W.
constexpr std::uint32_t kDcmiMost_w = 20000;
// An opening waits this long for the BMC's first answer; system interfaces (KCS) take 5 to 50 ms.
constexpr auto kDcmiFirstAnswer = std::chrono::milliseconds(250);
// The BMC gives up after 5 s of retries itself (Linux ipmi_msghandler, default 5 s).
constexpr int kIpmiTimeout_ms = 6000;

constexpr const char* kDcmiGain =
    "input power of the whole machine, with fans, disks and power-supply loss, instead of a "
    "modelled overhead";

// IPMI 2.0, table 5-2: completion codes.
Error completion_error(std::uint8_t code) {
    const std::string where = "IPMI completion code " + std::to_string(code);
    switch (code) {
        case 0xC1:
        case 0xC2:
        case 0xCC:
        case 0xD6:
            return {.code = ErrorCode::unsupported,
                    .what = "the BMC does not know the DCMI power reading",
                    .where = where,
                    .hint = {}};
        case 0xD4:
            return {.code = ErrorCode::permission_denied,
                    .what = "the BMC refuses the DCMI power reading",
                    .where = where,
                    .hint = {}};
        default:
            return {.code = ErrorCode::unavailable,
                    .what = "the BMC gave no power reading this time",
                    .where = where,
                    .hint = {}};
    }
}

Error ipmi_error(const char* what, int error) {
    return {.code = ErrorCode::io_error, .what = what, .where = std::strerror(error), .hint = {}};
}

// The kernel's IPMI device: one request, one response.
class IpmiDevice {
  public:
    explicit IpmiDevice(int fd) : fd_(fd) {}
    IpmiDevice(const IpmiDevice&) = delete;
    IpmiDevice& operator=(const IpmiDevice&) = delete;
    ~IpmiDevice() { ::close(fd_); }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of an IPMI message
    Result<std::vector<std::uint8_t>> transact(std::uint8_t net_fn,
                                               std::uint8_t command,
                                               std::span<const std::uint8_t> data) {
        std::array<std::uint8_t, 16> bytes{};
        if (data.size() > bytes.size()) return ipmi_error("IPMI request is too long", EMSGSIZE);
        std::memcpy(bytes.data(), data.data(), data.size());
        ipmi_system_interface_addr address{};
        address.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE;
        address.channel = IPMI_BMC_CHANNEL;
        ipmi_req request{};
        request.addr = reinterpret_cast<unsigned char*>(&address);
        request.addr_len = sizeof(address);
        request.msgid = ++message_;
        request.msg.netfn = net_fn;
        request.msg.cmd = command;
        request.msg.data = bytes.data();
        request.msg.data_len = static_cast<unsigned short>(data.size());
        if (::ioctl(fd_, IPMICTL_SEND_COMMAND, &request) != 0) {
            return ipmi_error("the IPMI request was refused", errno);
        }
        return receive();
    }

  private:
    // The answer to the latest request; answers to ones given up are dropped.
    Result<std::vector<std::uint8_t>> receive() {
        constexpr int kDropped = 8;
        for (int i = 0; i < kDropped; ++i) {
            pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
            const int ready = ::poll(&wait, 1, kIpmiTimeout_ms);
            if (ready == 0) return ipmi_error("the BMC did not answer", ETIMEDOUT);
            if (ready < 0) return ipmi_error("the IPMI device cannot be waited for", errno);
            std::vector<std::uint8_t> bytes(IPMI_MAX_MSG_LENGTH);
            ipmi_addr address{};
            ipmi_recv received{};
            received.addr = reinterpret_cast<unsigned char*>(&address);
            received.addr_len = sizeof(address);
            received.msg.data = bytes.data();
            received.msg.data_len = static_cast<unsigned short>(bytes.size());
            if (::ioctl(fd_, IPMICTL_RECEIVE_MSG_TRUNC, &received) != 0) {
                return ipmi_error("the IPMI response could not be read", errno);
            }
            if (received.msgid != message_) continue;
            bytes.resize(received.msg.data_len);
            return bytes;
        }
        return ipmi_error("the IPMI device answers other requests only", EBUSY);
    }

    int fd_;
    long message_ = 0;
};

class IpmiSensor final : public Sensor {
  public:
    IpmiSensor(const Clock& clock, SlowPoller::Ask ask)
        : poller_(clock, SlowPoller::Options{}, std::move(ask)) {
        channel_.device = "node";
        channel_.source = "ipmi";
        channel_.name = "DCMI power reading";
        channel_.kind = ChannelKind::power_gauge;
        channel_.boundary = ChannelBoundary::node;
        channel_.plausible_w = kDcmiMost_w;
        channel_.accuracy = 0.05;
        channel_.accuracy_source =
            "ENERGY STAR Computer Servers 3.0, input power reported within 5 %";
        channel_.refresh_s = 1.0;  // DCMI 1.5, 6.6.1: the BMC averages over about a second
        channel_.min_interval_ns = 1'000'000'000;
    }

    SlowPoller& poller() { return poller_; }

    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override {
        return {&channel_, 1};
    }
    void read(std::span<Reading> out, ReadReason) noexcept override {
        ABATE_REQUIRE(out.size() == 1);
        poller_.latest(0, out[0]);
    }

  private:
    ChannelInfo channel_;
    SlowPoller poller_;
};

Finding dcmi_finding(const std::string& subject, const Result<PollAnswer>& first) {
    Finding finding{.source = "ipmi",
                    .state = {},
                    .subject = subject,
                    .detail = {},
                    .grant = {},
                    .gain = kDcmiGain};
    if (first) {
        finding.state = FindingState::usable;
        finding.detail = "the BMC reports " + std::to_string(*first->values[0] / 1'000'000) + " W";
        return finding;
    }
    switch (first.error().code) {
        case ErrorCode::unsupported:
            finding.state = FindingState::unsupported;
            break;
        case ErrorCode::permission_denied:
            finding.state = FindingState::denied;
            break;
        default:
            finding.state = FindingState::broken;
    }
    finding.detail = to_string(first.error());
    return finding;
}

}  // namespace

Result<std::uint32_t> parse_dcmi_power(std::span<const std::uint8_t> response) {
    if (response.empty())
        return Error{
            .code = ErrorCode::corrupt, .what = "empty IPMI response", .where = {}, .hint = {}};
    if (response[0] != 0) return completion_error(response[0]);
    if (response.size() < kDcmiResponse) {
        return Error{.code = ErrorCode::corrupt,
                     .what = "DCMI response of " + std::to_string(response.size()) +
                             " bytes instead of " + std::to_string(kDcmiResponse),
                     .where = {},
                     .hint = {}};
    }
    if (response[1] != kDcmiGroup) {
        return Error{.code = ErrorCode::corrupt,
                     .what = "the answer is not one of DCMI",
                     .where = {},
                     .hint = {}};
    }
    constexpr std::uint8_t kMeasuring = 0x40;  // byte 19, bit 6: power measurement active
    if ((response[18] & kMeasuring) == 0) {
        return Error{.code = ErrorCode::unsupported,
                     .what = "the BMC says that its power measurement is not active",
                     .where = {},
                     .hint = {}};
    }
    const auto watts = static_cast<std::uint32_t>(response[2] | (response[3] << 8));
    if (watts == 0 || watts > kDcmiMost_w) {
        return Error{.code = ErrorCode::out_of_range,
                     .what = "the BMC reports " + std::to_string(watts) +
                             " W, which a running machine does not draw",
                     .where = {},
                     .hint = {}};
    }
    return watts;
}

SensorOpening open_ipmi_through(const SensorEnvironment& environment,
                                IpmiTransaction transact,
                                const std::string& subject) {
    ABATE_REQUIRE(environment.clock != nullptr);
    auto ask = [transact = std::move(transact)]() -> Result<PollAnswer> {
        // Group, mode 1 (system power statistics), two reserved bytes.
        constexpr std::array<std::uint8_t, 4> kRequest{kDcmiGroup, 0x01, 0x00, 0x00};
        const auto response = transact(kDcmiNetFn, kDcmiPowerReading, kRequest);
        if (!response) return response.error();
        const auto watts = parse_dcmi_power(*response);
        if (!watts) return watts.error();
        return PollAnswer{.values = {std::uint64_t{*watts} * 1'000'000}};
    };
    SensorOpening opening;
    auto sensor = std::make_unique<IpmiSensor>(*environment.clock, std::move(ask));
    const auto first = sensor->poller().wait_for_first(kDcmiFirstAnswer);
    if (!first) {
        opening.findings.push_back({.source = "ipmi",
                                    .state = FindingState::usable,
                                    .subject = subject,
                                    .detail =
                                        "the BMC is slow: no answer within 250 ms, asked again "
                                        "in the background",
                                    .grant = {},
                                    .gain = kDcmiGain});
        opening.sensor = std::move(sensor);
        return opening;
    }
    opening.findings.push_back(dcmi_finding(subject, *first));
    const bool once = !*first && first->error().code == ErrorCode::unavailable;
    if (*first || once) opening.sensor = std::move(sensor);
    return opening;
}

SensorOpening open_ipmi(const SensorEnvironment& environment) {
    int error = ENOENT;
    for (const char* name : {"/ipmi0", "/ipmi/0", "/ipmidev/0"}) {
        const std::string path = environment.dev_root + name;
        const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        if (fd >= 0) {
            auto device = std::make_shared<IpmiDevice>(fd);
            return open_ipmi_through(
                environment,
                [device](
                    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of an IPMI message
                    std::uint8_t net_fn,
                    std::uint8_t command,
                    std::span<const std::uint8_t> data) {
                    return device->transact(net_fn, command, data);
                },
                path);
        }
        if (errno == ENOENT || errno == ENOTDIR) continue;
        error = errno;
        Finding finding{.source = "ipmi",
                        .state = {},
                        .subject = path,
                        .detail = {},
                        .grant = {},
                        .gain = kDcmiGain};
        if (error == EACCES || error == EPERM) {
            finding.state = FindingState::denied;
            finding.detail =
                "only root may talk to the BMC; whoever may can also switch the machine off, so a "
                "read-only Redfish account is the safer way";
            finding.grant = "sudo setfacl -m u:$USER:rw " + path;
        } else {
            finding.state = FindingState::broken;
            finding.detail = std::string("the device cannot be opened: ") + std::strerror(error);
        }
        SensorOpening opening;
        opening.findings.push_back(std::move(finding));
        return opening;
    }
    SensorOpening opening;
    opening.findings.push_back(
        {.source = "ipmi",
         .state = FindingState::absent,
         .subject = environment.dev_root + "/ipmi0",
         .detail = "no IPMI device; a machine with a BMC shows it once the kernel modules ipmi_si "
                   "and ipmi_devintf are loaded",
         .grant = {},
         .gain = {}});
    return opening;
}

}  // namespace abate::meter
