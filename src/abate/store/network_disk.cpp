#include "abate/store/network_disk.h"

#include "abate/store/run_store.h"

#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace abate::store {

namespace {

// Numbers from linux/magic.h where they stand there, else from the file system's own source, as
// listed in statfs(2) and in coreutils' src/stat.c.
constexpr std::array<std::uint32_t, 23> kNetworkMagics = {
    0x00006969,  // NFS
    0x0000517B,  // SMB, old
    0xFF534D42,  // CIFS
    0xFE534D42,  // SMB2
    0x0000564C,  // NCP
    0x0BD00BD0,  // Lustre
    0x47504653,  // GPFS
    0x5346414F,  // AFS (OpenAFS)
    0x6B414653,  // AFS (kernel)
    0x00C36400,  // Ceph
    0x65735546,  // FUSE: sshfs, GlusterFS, virtiofs, s3fs
    0x01021997,  // 9P
    0x73757245,  // Coda
    0x7461636F,  // OCFS2
    0x01161970,  // GFS2
    0x19830326,  // BeeGFS (fhgfs)
    0x786F4256,  // VirtualBox shared folder
    0xBACBACBC,  // VMware vmhgfs
    0xAAD7AAEA,  // PanFS
    0x61636673,  // ACFS
    0x7C7C6673,  // PRLFS (Parallels)
    0xBEEFDEAD,  // SNFS (StorNext)
    0x013111A8,  // IBRIX
};

}  // namespace

bool is_network_file_system(std::uint32_t magic) noexcept {
    return std::find(kNetworkMagics.begin(), kNetworkMagics.end(), magic) != kNetworkMagics.end();
}

bool on_network_disk(const std::string& path) {
    std::string part = path.empty() ? "." : path;
    struct statfs status {};
    while (::statfs(part.c_str(), &status) != 0) {
        if (errno != ENOENT && errno != ENOTDIR) return false;
        while (part.size() > 1 && part.back() == '/') part.pop_back();
        const std::size_t slash = part.rfind('/');
        if (part == "/" || part == ".") return false;
        if (slash == std::string::npos) {
            part = ".";
        } else {
            part.resize(std::max<std::size_t>(slash, 1));
        }
    }
    return is_network_file_system(static_cast<std::uint32_t>(status.f_type));
}

}  // namespace abate::store
