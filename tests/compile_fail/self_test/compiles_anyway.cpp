// Both halves compile: the driver must complain.
int main() {
    int sum = 1;
#ifdef MUST_NOT_COMPILE
    sum = 2;
#endif
    return sum;
}
