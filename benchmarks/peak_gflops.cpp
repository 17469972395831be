// Multiplications and additions a second, in 10^9, that registers alone allow: the peak.
#include <algorithm>
#include <chrono>

#include "layout.hpp"

#if defined(__x86_64__)
#define REGISTER "v"
#else
#define REGISTER "w"
#endif

extern "C" double peak_gflops() {
    using namespace paribus;
    constexpr int TIMES = 1 << 18, CHAINS = 12;
    const Vec factor = every(0.999F), term = every(0.001F);
    double best = 0;
    for (int attempt = 0; attempt < 40; attempt++) {
        Vec sums[CHAINS] = {};
        const auto began = std::chrono::steady_clock::now();
        for (int n = 0; n < TIMES; n++) {
#pragma GCC unroll 16
            for (int i = 0; i < CHAINS; i++) sums[i] = sums[i] * factor + term;
#pragma GCC unroll 16
            for (int i = 0; i < CHAINS; i++) asm volatile("" : "+" REGISTER(sums[i]));
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        best = std::max(best, 2e-9 * TIMES * CHAINS * LANES / took.count());
    }
    return best;
}
