#include "abate/scheme/authority.h"

#include <array>

namespace abate::scheme {
namespace {

struct RoleName {
    Role role;
    std::string_view name;
};

constexpr std::array kRoles{RoleName{Role::scheme_operator, "operator"},
                            RoleName{Role::verifier, "verifier"},
                            RoleName{Role::initiator, "initiator"},
                            RoleName{Role::approver, "approver"},
                            RoleName{Role::auditor, "auditor"},
                            RoleName{Role::market, "market"}};

}  // namespace

std::string roles_text(std::uint8_t roles) {
    std::string out;
    for (const RoleName& row : kRoles) {
        if ((roles & static_cast<std::uint8_t>(row.role)) == 0) continue;
        if (!out.empty()) out += ", ";
        out += row.name;
    }
    return out.empty() ? "none" : out;
}

Role parse_role(std::string_view word) {
    for (const RoleName& row : kRoles)
        if (row.name == word) return row.role;
    return Role::none;
}

}  // namespace abate::scheme
