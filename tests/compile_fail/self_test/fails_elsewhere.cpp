// The mistake breaks a line outside the block: the driver must complain.
#ifdef MUST_NOT_COMPILE
using Sum = const char*;
#endif
#ifndef MUST_NOT_COMPILE
using Sum = int;
#endif

int main() {
    Sum sum = 1;
    return static_cast<int>(sum);
}
