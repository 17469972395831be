// The engine's plain C interface, as paribus.engine.native calls it through ctypes.
#include <chrono>

#include "network.hpp"

#define PARIBUS_API extern "C" __attribute__((visibility("default")))
#if defined(__x86_64__)
#define PARIBUS_REGISTER "v"
#else
#define PARIBUS_REGISTER "w"
#endif

using paribus::Description;
using paribus::Images;
using paribus::Network;

// The best x86-64 level that this processor knows; asked of a build for the lowest one.
PARIBUS_API int paribus_level() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    auto knows = [](bool it) { return it; };
    const bool v3 = knows(__builtin_cpu_supports("avx2")) && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    return v4 ? 4 : v3 ? 3 : 2;
#else
    return 0;
#endif
}

PARIBUS_API Network *paribus_new(const Description *stages, int count, int batch) {
    return new Network(stages, count, batch);
}

PARIBUS_API void paribus_free(Network *network) { delete network; }

PARIBUS_API double paribus_learn(Network *network, Images images) { return network->learn(images); }

PARIBUS_API void paribus_answer(Network *network, Images images, float *answers) {
    network->answer(images, answers);
}

// Multiplications and additions a second, in 10^9, that registers alone allow: the peak.
PARIBUS_API double paribus_peak_gflops() {
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
            for (int i = 0; i < CHAINS; i++) asm volatile("" : "+" PARIBUS_REGISTER(sums[i]));
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        best = std::max(best, 2e-9 * TIMES * CHAINS * LANES / took.count());
    }
    return best;
}
