// mlucc: the compiler driver of the MLU simulator.

#include "driver.h"

int main(int argc, char** argv) { return mlucc::run_driver({argv + 1, argv + argc}); }
