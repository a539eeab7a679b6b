// So is one without a value: Result itself is [[nodiscard]], whatever function returns it.
#include "abate/core/result.h"

static abate::Result<void> save() { return {}; }

int main() {
    const bool saved = save().has_value();
#ifdef MUST_NOT_COMPILE
    save();
#endif
    return saved ? 0 : 1;
}
