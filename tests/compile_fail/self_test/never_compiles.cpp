// The clean half is broken: the driver must complain.
int main() {
    int sum = "one";
#ifdef MUST_NOT_COMPILE
    sum = "two";
#endif
    return sum;
}
