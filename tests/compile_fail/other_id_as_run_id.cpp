// Identifiers of unlike things do not mix, though both are text.
#include "abate/core/id.h"

#include <string>

using AccountId = abate::Id<struct AccountIdTag>;

static bool known(const abate::RunId& run) { return !run.empty(); }

int main() {
    const AccountId account("a");
    bool found = known(abate::RunId(account.text()));
#ifdef MUST_NOT_COMPILE
    found = known(account);
#endif
    return found ? 0 : 1;
}
