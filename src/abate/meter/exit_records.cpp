#include "abate/meter/exit_records.h"

#include "abate/meter/procfs.h"

#include <fmt/format.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace abate::meter {
namespace {

// Room for a second of exits on a busy machine; more are lost, and said so.
constexpr std::size_t kMostPending = 16384;
// ac_tgid and ac_tgetime came with version 12 (Linux 5.19); without the first threads cannot be told
// from processes.
constexpr std::size_t kNeededSize = offsetof(taskstats, ac_tgetime) + sizeof(taskstats::ac_tgetime);
// Between the kernel's look at the clock and the record's way into the socket the ending task may
// have to wait for its CPU. Numbers come round far more slowly: in a second only if a process is made
// every 30 us (32,768 numbers, the smallest default of pid_max).
constexpr std::int64_t kEndingNs = 1'000'000'000;

// Headers are multiples of the alignment of 4 that netlink(7) asks for.
constexpr std::size_t kAttributeHeader = sizeof(nlattr);
constexpr std::size_t kMessageHeader = sizeof(nlmsghdr);
constexpr std::size_t kGenericHeader = sizeof(genlmsghdr);
static_assert(kAttributeHeader == 4 && kMessageHeader == 16 && kGenericHeader == 4);
constexpr std::size_t aligned(std::size_t length) { return (length + 3) / 4 * 4; }

using Bytes = std::span<const std::byte>;

template <class T>
bool peek(Bytes bytes, T& value) {
    if (bytes.size() < sizeof value) return false;
    std::memcpy(&value, bytes.data(), sizeof value);
    return true;
}

// Calls visit(type, payload) for each netlink attribute; false if one overruns its buffer.
template <class Visit>
bool for_each_attribute(Bytes bytes, Visit&& visit) {
    while (bytes.size() >= sizeof(nlattr)) {
        nlattr header{};
        peek(bytes, header);
        if (header.nla_len < sizeof(nlattr) || header.nla_len > bytes.size()) return false;
        visit(header.nla_type & NLA_TYPE_MASK,
              bytes.subspan(kAttributeHeader, header.nla_len - kAttributeHeader));
        bytes = bytes.subspan(std::min<std::size_t>(aligned(header.nla_len), bytes.size()));
    }
    return true;
}

// Calls visit(header, payload) for each netlink message; false if one overruns the datagram.
template <class Visit>
bool for_each_message(Bytes bytes, Visit&& visit) {
    while (bytes.size() >= sizeof(nlmsghdr)) {
        nlmsghdr header{};
        peek(bytes, header);
        if (header.nlmsg_len < sizeof(nlmsghdr) || header.nlmsg_len > bytes.size()) return false;
        visit(header, bytes.subspan(sizeof(nlmsghdr), header.nlmsg_len - sizeof(nlmsghdr)));
        bytes = bytes.subspan(std::min(aligned(header.nlmsg_len), bytes.size()));
    }
    return true;
}

void append_record(Bytes stats_bytes, std::vector<ExitRecord>& out) {
    if (stats_bytes.size() < kNeededSize) return;
    taskstats stats{};
    std::memcpy(&stats, stats_bytes.data(), std::min(stats_bytes.size(), sizeof stats));
    // Run time as the scheduler counts it, in ns; utime and stime are sampled at ticks, in us.
    const std::uint64_t sampled = (stats.ac_utime + stats.ac_stime) * 1000;
    const std::uint64_t ns =
        stats.cpu_run_virtual_total != 0 ? stats.cpu_run_virtual_total : sampled;
    out.push_back({.process = static_cast<pid_t>(stats.ac_tgid),
                   .parent = static_cast<pid_t>(stats.ac_ppid),
                   .cpu_ns = static_cast<std::int64_t>(ns & 0x7fffffffffffffffU),
                   .lived_ns = static_cast<std::int64_t>(
                       std::min<std::uint64_t>(stats.ac_tgetime, 1ULL << 52U) * 1000)});
}

std::int64_t clock_ns(clockid_t clock) noexcept {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// How long the machine has slept since it was started.
std::int64_t slept_ns() noexcept { return clock_ns(CLOCK_BOOTTIME) - clock_ns(CLOCK_MONOTONIC); }

// One generic netlink request with one attribute.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as netlink nests them: socket, family, command, attribute
bool send_request(int fd, int family, int command, int type, std::string_view text) {
    std::array<std::byte, 256> message{};
    const std::size_t attribute = kAttributeHeader + text.size() + 1;
    const std::size_t length = kMessageHeader + kGenericHeader + attribute;
    if (length > message.size()) return false;
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(length);
    header.nlmsg_type = static_cast<std::uint16_t>(family);
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    genlmsghdr generic{};
    generic.cmd = static_cast<std::uint8_t>(command);
    generic.version = 1;
    nlattr head{};
    head.nla_len = static_cast<std::uint16_t>(attribute);
    head.nla_type = static_cast<std::uint16_t>(type);
    std::byte* at = message.data();
    std::memcpy(at, &header, sizeof header);
    std::memcpy(at + kMessageHeader, &generic, sizeof generic);
    std::memcpy(at + kMessageHeader + kGenericHeader, &head, sizeof head);
    std::memcpy(at + kMessageHeader + kGenericHeader + kAttributeHeader, text.data(), text.size());
    return ::send(fd, message.data(), length, 0) == static_cast<ssize_t>(length);
}

// The answer to a request: 0 or a positive errno; `visit` sees other messages on the way.
template <class Visit>
int wait_for_answer(int fd, Visit&& visit) {
    std::vector<std::byte> buffer(16384);
    for (;;) {
        const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return size < 0 ? errno : EIO;
        int answer = -1;
        for_each_message(Bytes(buffer).first(static_cast<std::size_t>(size)),
                         [&](const nlmsghdr& header, Bytes payload) {
                             nlmsgerr error{};
                             if (header.nlmsg_type == NLMSG_ERROR && peek(payload, error.error)) {
                                 std::memcpy(&error.error, payload.data(), sizeof error.error);
                                 answer = -error.error;
                             } else {
                                 visit(header, payload);
                             }
                         });
        if (answer >= 0) return answer;
    }
}

int find_family(int fd) {
    if (!send_request(
            fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, TASKSTATS_GENL_NAME)) {
        return 0;
    }
    std::uint16_t family = 0;
    const int error = wait_for_answer(fd, [&](const nlmsghdr&, Bytes payload) {
        if (payload.size() < kGenericHeader) return;
        for_each_attribute(payload.subspan(kGenericHeader), [&](int type, Bytes value) {
            if (type == CTRL_ATTR_FAMILY_ID) peek(value, family);
        });
    });
    return error == 0 ? family : 0;
}

std::string possible_cpus() {
    std::string text = read_text("/sys/devices/system/cpu/possible");
    std::string_view rest = text;
    const std::string_view word = take_word(rest);
    if (count_cpu_list(word)) return std::string(word);
    return fmt::format("0-{}", std::max(1L, ::sysconf(_SC_NPROCESSORS_CONF)) - 1);
}

}  // namespace

bool parse_exit_records(Bytes datagram, int family, std::vector<ExitRecord>& out) {
    bool whole = true;
    const auto see_aggregate = [&](Bytes aggregate) {
        whole &= for_each_attribute(aggregate, [&](int type, Bytes value) {
            if (type == TASKSTATS_TYPE_STATS) append_record(value, out);
        });
    };
    whole &= for_each_message(datagram, [&](const nlmsghdr& header, Bytes payload) {
        if (header.nlmsg_type != family || payload.size() < kGenericHeader) return;
        // AGGR_TGID repeats, for a whole process, what its threads' AGGR_PID said one by one.
        whole &= for_each_attribute(payload.subspan(kGenericHeader), [&](int type, Bytes value) {
            if (type == TASKSTATS_TYPE_AGGR_PID) see_aggregate(value);
        });
    });
    return whole;
}

ExitLedger::ExitLedger() {
    pending_.reserve(kMostPending + 1024);
    const long ticks_per_second = ::sysconf(_SC_CLK_TCK);
    if (ticks_per_second > 0) tick_ns_ = 1'000'000'000 / ticks_per_second;
}

void ExitLedger::add(std::span<const ExitRecord> records, const ExitMoment& moment) {
    for (const ExitRecord& record : records) {
        pending_.push_back(
            {.process = record.process,
             .parent = record.parent,
             .looks = 0,
             .cpu_ns = record.cpu_ns,
             .began_ns = moment.earliest_ns - record.lived_ns - moment.slept_ns - kEndingNs,
             .ended_ns = moment.latest_ns});
    }
    make_room();
}

// The oldest go. One that two walks have not found to be of the tree is somebody else's: if its
// parent was alive at the first and ended before the second, the second had the parent's record.
void ExitLedger::make_room() {
    if (pending_.size() <= kMostPending) return;
    const auto surplus = static_cast<std::ptrdiff_t>(pending_.size() - kMostPending);
    const auto end = pending_.begin() + surplus;
    lost_ += std::count_if(
        pending_.begin(), end, [](const Pending& record) { return record.looks < 2; });
    pending_.erase(pending_.begin(), end);
}

// A number that was given to a process of the tree since is not ignored: that one began later.
bool ExitLedger::is_ignored(const Pending& record) const noexcept {
    return std::ranges::any_of(ignored_, [&](const LiveProcess& process) {
        const std::int64_t began_ns = static_cast<std::int64_t>(process.start_ticks) * tick_ns_;
        return process.pid == record.process && record.began_ns <= began_ns + tick_ns_;
    });
}

std::int64_t ExitLedger::cpu_ns(pid_t root, std::span<const LiveProcess> live) noexcept {
    live_.clear();
    members_.clear();
    std::int64_t live_ns = 0;
    for (const LiveProcess& process : live) {
        live_.insert_least(process.pid, static_cast<std::int64_t>(process.start_ticks) * tick_ns_);
        live_ns += process.own_ns;
    }
    // Newest first: a parent ends after the children that name it, so it is known when they come.
    for (std::size_t i = pending_.size(); i-- > 0;) {
        Pending& record = pending_[i];
        record.looks = std::min(record.looks + 1, 2);
        const auto in = [&](const PidSet& processes, pid_t pid) {
            const std::int64_t* began_ns = processes.find(pid);
            return began_ns != nullptr && *began_ns <= record.ended_ns;
        };
        const bool lives = in(live_, record.process);
        const bool ours = record.parent == root || lives || in(live_, record.parent) ||
                          in(members_, record.parent);
        if (!ours || is_ignored(record)) continue;
        members_.insert_least(record.process, record.began_ns);
        // The clock of a living process has its ended threads; its records count when it is gone.
        if (lives) continue;
        dead_ns_ += record.cpu_ns;
        record.process = 0;
    }
    std::erase_if(pending_, [](const Pending& record) { return record.process == 0; });
    return dead_ns_ + live_ns;
}

ExitRecords::ExitRecords() : buffer_(65536) { fresh_.reserve(1024); }

ExitRecords::~ExitRecords() {
    if (!socket_.open()) return;
    send_request(socket_.get(),
                 family_,
                 TASKSTATS_CMD_GET,
                 TASKSTATS_CMD_ATTR_DEREGISTER_CPUMASK,
                 possible_cpus());
}

Result<ExitRecords> ExitRecords::open() {
    ExitRecords records;
    const auto no = [](ErrorCode code, std::string what, std::string hint) {
        return Error{code, std::move(what), "taskstats", std::move(hint)};
    };
    records.socket_ =
        FileDescriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
    const int fd = records.socket_.get();
    if (fd < 0) return no(ErrorCode::unavailable, "no generic netlink here", "");
    const timeval patience{0, 500'000};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    records.family_ = find_family(fd);
    if (records.family_ == 0) {
        return no(ErrorCode::unavailable, "the kernel keeps no exit records", "");
    }
    records.slept_before_ns_ = slept_ns();
    records.empty_ns_ = clock_ns(CLOCK_BOOTTIME);
    // A burst of exits must not overrun the socket; without the privilege the default stands.
    const int room = 4 << 20;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    int error = EIO;
    if (send_request(fd,
                     records.family_,
                     TASKSTATS_CMD_GET,
                     TASKSTATS_CMD_ATTR_REGISTER_CPUMASK,
                     possible_cpus())) {
        error = wait_for_answer(fd, [](const nlmsghdr&, Bytes) {});
    }
    if (error == EPERM || error == EACCES) {
        records.socket_.reset();
        return no(ErrorCode::permission_denied,
                  "exit records are for the administrator",
                  "CAP_NET_ADMIN opens them");
    }
    if (error != 0) {
        records.socket_.reset();
        return no(ErrorCode::unavailable,
                  fmt::format("exit records are refused: {}", std::strerror(error)),
                  "");
    }
    return records;
}

void ExitRecords::drain() noexcept {
    for (;;) {
        const std::int64_t asked_ns = clock_ns(CLOCK_BOOTTIME);
        const ssize_t size = ::recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == ENOBUFS) {
            ledger_.lose(1);
            continue;
        }
        if (size <= 0) {
            empty_ns_ = asked_ns;
            return;
        }
        fresh_.clear();
        parse_exit_records(Bytes(buffer_).first(static_cast<std::size_t>(size)), family_, fresh_);
        ledger_.add(fresh_,
                    {.earliest_ns = empty_ns_,
                     .latest_ns = clock_ns(CLOCK_BOOTTIME),
                     .slept_ns = slept_ns() - slept_before_ns_});
    }
}

}  // namespace abate::meter
